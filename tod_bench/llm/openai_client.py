"""The client for any OpenAI-compatible server: many requests at once, each paid for once.

The caller's thread reads requests, looks them up in the cache and yields outcomes; a loop in another thread sends
them. At most `concurrency` requests are under way, and no more are read ahead, so that memory does not grow with their
number.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tod_bench.errors import UserError, extra_needed
from tod_bench.llm.attempts import RetryPolicy, Sender
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.flight import TaskPool
from tod_bench.llm.ledger import Ledger
from tod_bench.llm.meter import Meter
from tod_bench.llm.pace import RateLimiter
from tod_bench.llm.prices import load_prices
from tod_bench.llm.records import ChatFailure, ChatRequest, Outcome, Spending
from tod_bench.llm.run import Label, Pair, Run
from tod_bench.llm.servers import KEY_VARIABLE, read_key, resolve_url
from tod_bench.llm.wire import Capabilities

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class OpenAIClient:
    """Asks an OpenAI-compatible server (OpenAI, vLLM, llama.cpp, Ollama, ``transformers serve``).

    Args:
        base_url: The server's address, ending in ``/v1`` as a rule; OPENAI_BASE_URL or OpenAI's where None.
        key_variable: Environment variable that holds the key; servers other than OpenAI's may need none.
        requests_per_minute: Limit on requests; None for none.
        tokens_per_minute: Limit on tokens, prompt and longest answer together; None for none.
        concurrency: Requests under way at once, at most. A limit is reached only if
            concurrency >= rate per second x seconds per answer.
        budget: US dollars that this client may spend; None for no limit. It stops before it is exceeded.
        cache: Where finished answers are kept and looked up: a cache, or the path of one; None keeps nothing.
        replay: Answer from the cache alone: no key is needed and nothing is sent.
        ledger: File that remembers what was spent, so that the budget is that of all runs that name it, killed ones
            included; without it the budget is that of this client.
        prices: The user's own price file.
        timeout: Seconds that one attempt may take.
        attempts: How often a request is sent at most.
        backoff: First and longest pause between attempts in seconds (doubling, with jitter).

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
        budget: float | None = None,
        cache: AnswerCache | Path | str | None = None,
        replay: bool = False,
        ledger: Path | str | None = None,
        prices: Path | None = None,
        timeout: float = 600.0,
        attempts: int = 6,
        backoff: tuple[float, float] = (1.0, 60.0),
    ) -> None:
        if replay and cache is None:
            raise UserError("A replay needs a cache to replay; name one")
        self.base_url = resolve_url(base_url)
        self.cache = AnswerCache(cache) if isinstance(cache, Path | str) else cache
        self.replay, self._concurrency, self._timeout = replay, concurrency, timeout
        if not replay:
            read_key(key_variable, self.base_url)
        self._manners = RetryPolicy(self.base_url, key_variable, attempts, backoff)
        self._pace = RateLimiter(requests_per_minute, tokens_per_minute)
        self.ledger = Ledger(ledger) if ledger is not None and not replay else None
        self._meter = Meter(self.base_url, budget, load_prices(prices), ledger=self.ledger)
        self._abilities: dict[str, Capabilities] = {}

    def spending(self) -> Spending:
        """What this client has used so far."""
        return self._meter.spending()

    def complete(self, requests: Iterable[ChatRequest]) -> Iterator[Pair]:
        """See `ChatClient.complete`; the same request asked again while the first is under way is sent once."""
        if self.replay:
            yield from self._replayed(requests)
            return
        server = self._connected()
        with TaskPool[Label, Outcome](server.close) as flight:
            asker = Sender(
                server,
                manners=self._manners,
                pace=self._pace,
                meter=self._meter,
                abilities=self._abilities,
                flight=flight,
            )
            self._pace.begin()
            run = Run(
                flight,
                asker.ask,
                base_url=self.base_url,
                cache=self.cache,
                meter=self._meter,
                concurrency=self._concurrency,
            )
            yield from run.over(requests)

    def _connected(self) -> "AsyncOpenAI":
        with extra_needed("judge", "asking a model"):
            import openai
            import tenacity  # noqa: F401 - looked for here, so that what is missing is told before a request is made

        key = read_key(self._manners.key_variable, self.base_url)
        return openai.AsyncOpenAI(api_key=key, base_url=self.base_url, max_retries=0, timeout=self._timeout)

    def _replayed(self, requests: Iterable[ChatRequest]) -> Iterator[Pair]:
        assert self.cache is not None
        for request in requests:
            kept = self.cache.outcome(request.key(self.base_url), replay=True)
            self._meter.count(cached=int(kept is not None), failed=int(kept is None))
            yield request, kept or ChatFailure("missing", f"{self.cache.path} holds no answer to this request")
