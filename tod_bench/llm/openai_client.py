"""The client for any OpenAI-compatible server: many requests at once, each paid for once.

The caller's thread reads requests, looks them up in the cache and yields outcomes; a loop in another thread sends
them. At most `concurrency` requests are under way, and no more are read ahead, so that memory does not grow with their
number. When something makes going on pointless, nothing new is sent, what has been sent is waited for and yielded, and
only then the error is raised.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tod_bench.errors import UserError, extra_needed
from tod_bench.llm.budget import Budget, Hold
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.capabilities import Capabilities
from tod_bench.llm.client import nothing_to_wait_for
from tod_bench.llm.failures import KEPT, PermanentError
from tod_bench.llm.pool import TaskPool
from tod_bench.llm.rate_limit import RateLimiter
from tod_bench.llm.records import ChatAnswer, ChatFailure, ChatRequest, Outcome, Spending
from tod_bench.llm.retry import RetryPolicy, Sender
from tod_bench.llm.servers import KEY_VARIABLE, read_key, resolve_url

if TYPE_CHECKING:
    from openai import AsyncOpenAI

FEWEST_FAILURES_TO_STOP = 10
"""A server that leaves at least so many requests in a row (or as many as are under way at once) unanswered is down."""

Pair = tuple[ChatRequest, Outcome]


class OpenAIClient:
    """Asks an OpenAI-compatible server (OpenAI, vLLM, llama.cpp, Ollama, ``transformers serve``).

    Args:
        base_url: The server's address, ending in ``/v1`` as a rule; OPENAI_BASE_URL or OpenAI's where None.
        key_variable: Environment variable that holds the key; servers other than OpenAI's may need none.
        requests_per_minute: Limit on requests; None for none.
        tokens_per_minute: Limit on tokens, prompt and longest answer together; None for none.
        concurrency: Requests under way at once, at most. A limit is reached only if
            concurrency >= rate per second x seconds per answer.
        budget: US dollars that this client may spend, or a `Budget` that also remembers earlier runs; None for no
            limit. The client stops before it is exceeded.
        cache: Where finished answers are kept and looked up: a cache, or the path of one; None keeps nothing.
        replay: Answer from the cache alone: no key is needed and nothing is sent.
        timeout: Seconds that one attempt may take.
        retry: How often, and after which pauses, a request is sent again.

    Attributes:
        budget: What may be spent and was spent.
        cache: The cache; None where there is none.

    Raises:
        UserError: No usable address, key, cache or price file.
    """

    def __init__(
        self,
        base_url: str | None = None,
        key_variable: str = KEY_VARIABLE,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        concurrency: int = 8,
        budget: Budget | float | None = None,
        cache: AnswerCache | Path | str | None = None,
        replay: bool = False,
        timeout: float = 600.0,
        retry: RetryPolicy | None = None,
    ) -> None:
        if replay and cache is None:
            raise UserError("A replay needs a cache to replay; name one")
        self.base_url, self._key_variable = resolve_url(base_url), key_variable
        self.cache = AnswerCache(cache) if isinstance(cache, Path | str) else cache
        self.replay, self.concurrency, self._timeout = replay, concurrency, timeout
        if not replay:
            read_key(key_variable, self.base_url)
        self._retry = retry or RetryPolicy()
        self._limiter = RateLimiter(requests_per_minute, tokens_per_minute)
        self.budget = budget if isinstance(budget, Budget) else Budget(budget)
        self._capabilities: dict[str, Capabilities] = {}

    def spending(self) -> Spending:
        """What this client has used so far."""
        return self.budget.spending()

    def complete(self, requests: Iterable[ChatRequest | None]) -> Iterator[Pair]:
        """See `ChatClient.complete`; the same request asked again while the first is under way is sent once."""
        if self.replay:
            yield from self._replayed(requests)
            return
        server = self._connected()
        with TaskPool[_UnderWay, Outcome](server.close) as pool:
            self._limiter.begin()
            sender = Sender(
                server=server,
                base_url=self.base_url,
                key_variable=self._key_variable,
                retry=self._retry,
                limiter=self._limiter,
                budget=self.budget,
                capabilities=self._capabilities,
                pool=pool,
            )
            yield from _Run(self, sender, pool).over(requests)

    def _connected(self) -> "AsyncOpenAI":
        with extra_needed("judge", "asking a model"):
            import openai
            import tenacity  # noqa: F401 - imported here, so that what is missing is said before a request is made

        key = read_key(self._key_variable, self.base_url)
        return openai.AsyncOpenAI(api_key=key, base_url=self.base_url, max_retries=0, timeout=self._timeout)

    def _replayed(self, requests: Iterable[ChatRequest | None]) -> Iterator[Pair]:
        assert self.cache is not None
        for request in requests:
            if request is None:
                raise nothing_to_wait_for()
            kept = self.cache.outcome(request.key(self.base_url), replay=True)
            self.budget.count(cached=int(kept is not None), failed=int(kept is None))
            yield request, kept or ChatFailure("missing", f"{self.cache.path} holds no answer to this request")


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A request under way, its key, and the requests that ask the same."""

    request: ChatRequest
    key: str
    twins: list[ChatRequest] = field(default_factory=list)


class _Run:
    """One run over many requests, in the caller's thread, except for `_ask`, which the pool's loop runs."""

    def __init__(self, client: OpenAIClient, sender: Sender, pool: TaskPool[_UnderWay, Outcome]) -> None:
        self._sender, self._pool = sender, pool
        self._base_url, self._concurrency = client.base_url, client.concurrency
        self._cache, self._budget = client.cache, client.budget
        self._under_way: dict[str, _UnderWay] = {}
        self._twins = 0
        self._unanswered = self._rejected = 0
        self._stop: UserError | None = None

    def over(self, requests: Iterable[ChatRequest | None]) -> Iterator[Pair]:
        """Yields each request with its outcome; see `ChatClient.complete`."""
        for request in requests:
            if request is not None:
                yield from self._take_up(request)
            elif self._pool.running:
                yield from self._finish_next()
            else:
                raise nothing_to_wait_for()
            while self._pool.has_done():
                yield from self._finish_next()
            if self._stop is not None:
                break
        while self._pool.running:
            yield from self._finish_next()
        if self._stop is not None:
            raise self._stop

    def _take_up(self, request: ChatRequest) -> Iterator[Pair]:
        """Answers a request from the cache, or starts it as soon as there is room and money for it."""
        key = request.key(self._base_url)
        if key in self._under_way:
            self._under_way[key].twins.append(request)
            self._twins += 1
            while self._twins >= self._concurrency and self._stop is None:
                yield from self._finish_next()
            return
        kept = self._cache.outcome(key) if self._cache is not None else None
        if kept is not None:
            self._budget.count(cached=1)
            yield request, kept
            return
        while self._stop is None:
            if self._pool.running < self._concurrency:
                hold = self._hold(request)
                if hold is not None:
                    under_way = self._under_way[key] = _UnderWay(request, key)
                    self._pool.start(under_way, self._ask(under_way, hold))
                    return
                if not self._pool.running:
                    return
            yield from self._finish_next()

    def _hold(self, request: ChatRequest) -> Hold | None:
        """The money for a request; None where there is none now (what is under way may free some) or ever."""
        try:
            hold = self._budget.hold(request, self._base_url)
        except UserError as error:
            self._halt(error)
            return None
        if hold is None and not self._pool.running:
            self._halt(self._budget.reached())
        return hold

    async def _ask(self, under_way: _UnderWay, hold: Hold) -> Outcome:
        request = under_way.request
        outcome = await self._sender.ask(request, hold)
        if self._cache is not None:
            try:
                self._cache.keep(under_way.key, outcome, asked=request.model, repeat=request.repeat)
            except UserError as error:
                self._halt(error)
        return outcome

    def _halt(self, error: UserError) -> None:
        if self._stop is None:
            self._stop = error
            self._pool.cancel_waiting()

    def _finish_next(self) -> Iterator[Pair]:
        """Waits for the next request to end and yields its outcome, for its twins too."""
        under_way, task = self._pool.next_done()
        del self._under_way[under_way.key]
        self._twins -= len(under_way.twins)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, UserError):
            self._halt(error)
            return
        if error is not None:
            raise error
        outcome = task.result()
        answered = isinstance(outcome, ChatAnswer)
        self._budget.count(requests=1, failed=int(not answered))
        self._watch(outcome)
        yield under_way.request, outcome
        for twin in under_way.twins:
            self._budget.count(cached=int(answered), failed=int(not answered))
            yield twin, replace(outcome, cached=True) if isinstance(outcome, ChatAnswer) else outcome

    def _watch(self, outcome: Outcome) -> None:
        """Stops a run in which nothing gets through: the fault is then no single request's."""
        if isinstance(outcome, ChatAnswer):
            self._unanswered = self._rejected = 0
            return
        # A reply that cannot be read counts like none: a proxy's error page comes with status 200.
        self._unanswered = self._unanswered + 1 if outcome.reason in ("transient", "malformed") else 0
        self._rejected = self._rejected + 1 if outcome.reason == "bad_request" else 0
        most = max(FEWEST_FAILURES_TO_STOP, self._concurrency)
        if self._unanswered >= most:
            problem = f"{self._base_url} left {self._unanswered} requests in a row without an answer ({outcome.detail})"
            self._halt(PermanentError(f"{problem}; see whether the server is up; {KEPT}"))
        elif self._rejected >= most:
            problem = f"{self._base_url} turned {self._rejected} requests in a row down ({outcome.detail})"
            self._halt(PermanentError(f"{problem}; change the model, its parameters or the prompt; {KEPT}"))
