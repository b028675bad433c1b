"""One run over many requests: the cache first, then at most so many under way, each outcome as it comes.

Runs in the caller's thread, except for `_ask`, which the flight's loop runs. When something makes going on pointless,
nothing new is sent, what has been sent is waited for and yielded, and only then the error is raised.
"""

from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tod_bench.errors import UserError
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.failures import KEPT, PermanentError
from tod_bench.llm.flight import TaskPool
from tod_bench.llm.meter import Meter, Reserve
from tod_bench.llm.records import ChatAnswer, ChatRequest, Outcome

FEWEST_FAILURES_TO_STOP = 10
"""A server that leaves at least so many requests in a row (or as many as are under way at once) unanswered is down."""

Pair = tuple[ChatRequest, Outcome]
Query = Callable[[ChatRequest, Reserve], Coroutine[Any, Any, Outcome]]


@dataclass(frozen=True, slots=True)
class Label:
    """A request under way, its key, and the requests that ask the same."""

    request: ChatRequest
    key: str
    twins: list[ChatRequest] = field(default_factory=list)


class Run:
    """A run over requests.

    Args:
        flight: Where requests are asked.
        ask: Asks one request.
        base_url: The server's address, part of every key.
        cache: Where answers are looked up and kept; None for neither.
        meter: The budget.
        concurrency: Requests under way at once, at most.
    """

    def __init__(
        self,
        flight: TaskPool[Label, Outcome],
        ask: Query,
        *,
        base_url: str,
        cache: AnswerCache | None,
        meter: Meter,
        concurrency: int,
    ) -> None:
        self._flight, self._asked, self._base_url = flight, ask, base_url
        self._cache, self._meter, self._concurrency = cache, meter, concurrency
        self._under_way: dict[str, Label] = {}
        self._twins = 0
        self._unanswered = self._rejected = 0
        self._stop: UserError | None = None

    def over(self, requests: Iterable[ChatRequest]) -> Iterator[Pair]:
        """Yields each request with its outcome; see `ChatClient.complete`."""
        for request in requests:
            yield from self._take_up(request)
            while self._flight.has_landed():
                yield from self._land()
            if self._stop is not None:
                break
        while self._flight.aloft:
            yield from self._land()
        if self._stop is not None:
            raise self._stop

    def _take_up(self, request: ChatRequest) -> Iterator[Pair]:
        key = request.key(self._base_url)
        if key in self._under_way:
            self._under_way[key].twins.append(request)
            self._twins += 1
            while self._twins >= self._concurrency and self._stop is None:
                yield from self._land()
            return
        kept = self._cache.outcome(key) if self._cache is not None else None
        if kept is not None:
            self._meter.count(cached=1)
            yield request, kept
            return
        yield from self._launch(Label(request, key))

    def _launch(self, label: Label) -> Iterator[Pair]:
        """Launches a request as soon as there is room and money for it."""
        while self._stop is None:
            if self._flight.aloft < self._concurrency:
                reserve = self._reserve(label.request)
                if reserve is not None:
                    self._under_way[label.key] = label
                    self._flight.launch(label, self._ask(label, reserve))
                    return
                if not self._flight.aloft:
                    return
            yield from self._land()

    def _reserve(self, request: ChatRequest) -> Reserve | None:
        """A reserve; None where there is none to be had now (what is under way may free some) or ever."""
        try:
            reserve = self._meter.reserve(request)
        except UserError as error:
            self._halt(error)
            return None
        if reserve is None and not self._flight.aloft:
            self._halt(self._meter.reached())
        return reserve

    async def _ask(self, label: Label, reserve: Reserve) -> Outcome:
        outcome = await self._asked(label.request, reserve)
        if self._cache is not None:
            try:
                self._cache.keep(label.key, outcome, asked=label.request.model, repeat=label.request.repeat)
            except UserError as error:
                self._halt(error)
        return outcome

    def _halt(self, error: UserError) -> None:
        if self._stop is None:
            self._stop = error
            self._flight.call_off()

    def _land(self) -> Iterator[Pair]:
        label, task = self._flight.land()
        del self._under_way[label.key]
        self._twins -= len(label.twins)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, UserError):
            self._halt(error)
            return
        if error is not None:
            raise error
        yield from self._deliver(label, task.result())

    def _deliver(self, label: Label, outcome: Outcome) -> Iterator[Pair]:
        answered = isinstance(outcome, ChatAnswer)
        self._meter.count(requests=1, failed=0 if answered else 1)
        self._watch(outcome)
        yield label.request, outcome
        for twin in label.twins:
            self._meter.count(cached=int(answered), failed=int(not answered))
            yield twin, replace(outcome, cached=True) if isinstance(outcome, ChatAnswer) else outcome

    def _watch(self, outcome: Outcome) -> None:
        """Stops a run in which nothing gets through: the fault is then no single request's."""
        reason = "" if isinstance(outcome, ChatAnswer) else outcome.reason
        # A reply that cannot be read counts like none: a proxy's error page comes with status 200.
        self._unanswered = self._unanswered + 1 if reason in ("transient", "malformed") else 0
        self._rejected = self._rejected + 1 if reason == "bad_request" else 0
        most = max(FEWEST_FAILURES_TO_STOP, self._concurrency)
        told = "" if isinstance(outcome, ChatAnswer) else outcome.detail
        if self._unanswered >= most:
            problem = f"{self._base_url} left {self._unanswered} requests in a row without an answer ({told})"
            self._halt(PermanentError(f"{problem}; see whether the server is up; {KEPT}"))
        elif self._rejected >= most:
            problem = f"{self._base_url} turned {self._rejected} requests in a row down ({told})"
            self._halt(PermanentError(f"{problem}; change the model, its parameters or the prompt; {KEPT}"))
