"""The same requests through the Batch API: half the price, an answer within a day, a state that outlives the process.

Requests that the cache does not hold are written to chunks within the API's limits, uploaded and submitted; `custom_id`
is the request's key. Whatever a batch ends as (completed, expired, cancelled), its output and its error file are both
read; answers go to the cache, and only what failed in passing is sent again. A process that is killed at any point is
followed by one that finds its batches, by id or by the name in their metadata, and submits none twice.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from tod_bench.errors import UserError
from tod_bench.files import full_disk_explained
from tod_bench.llm.batch_collect import Collector
from tod_bench.llm.batch_intake import Intake
from tod_bench.llm.batch_server import ENDED, BatchServer, BatchView
from tod_bench.llm.batch_state import BatchFolder, Chunk
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.failures import KEPT, PermanentError
from tod_bench.llm.ledger import Ledger
from tod_bench.llm.meter import Meter, Reserve
from tod_bench.llm.prices import load_prices
from tod_bench.llm.records import ChatRequest, Outcome, Spending
from tod_bench.llm.servers import KEY_VARIABLE, read_key, resolve_url
from tod_bench.llm.spool import SpillFile

CHUNK_REQUESTS = 50_000
"""The API's limit on requests in one batch."""

CHUNK_BYTES = 200_000_000
"""The API's limit on the size of a batch's input file (200 MB)."""

QUEUE_FULL = "token_limit_exceeded"
"""Error code of a batch that found too many tokens waiting in batches already."""

Pair = tuple[ChatRequest, Outcome]


class BatchPending(UserError):  # noqa: N818 - a state, not a mistake
    """Batches are still running; the same command picks them up later."""


class BatchClient:
    """Asks through the Batch API.

    Args:
        folder: Where the state of the batches is kept; one folder for one server, one process at a time.
        cache: Where answers are kept and looked up: a cache, or the path of one.
        base_url: The server's address; OPENAI_BASE_URL or OpenAI's where None.
        key_variable: Environment variable that holds the key.
        budget: US dollars that this client may spend, batches that it picks up included; None for no limit.
        ledger: File that remembers what was spent; see `OpenAIClient`.
        prices: The user's own price file.
        wait: Whether to wait until all batches have ended; otherwise `complete` yields what is there, and raises
            `BatchPending`.
        poll_seconds: Pause between looks at the batches.
        rounds: How often a request is sent at most.
        chunk_requests: Most requests in a batch.
        chunk_bytes: Largest input file.
        on_poll: Told the state of each batch at every look.

    Raises:
        UserError: No usable address, key, cache or price file.
    """

    def __init__(
        self,
        folder: Path | str,
        cache: AnswerCache | Path | str,
        base_url: str | None = None,
        key_variable: str = KEY_VARIABLE,
        *,
        budget: float | None = None,
        ledger: Path | str | None = None,
        prices: Path | None = None,
        wait: bool = True,
        poll_seconds: float = 30.0,
        rounds: int = 3,
        chunk_requests: int = CHUNK_REQUESTS,
        chunk_bytes: int = CHUNK_BYTES,
        on_poll: Callable[[BatchView], None] | None = None,
    ) -> None:
        self.base_url = resolve_url(base_url)
        self.cache = cache if isinstance(cache, AnswerCache) else AnswerCache(cache)
        read_key(key_variable, self.base_url)
        self._folder, self._key_variable = Path(folder), key_variable
        self.ledger = Ledger(ledger) if ledger is not None else None
        self._meter = Meter(self.base_url, budget, load_prices(prices), batch=True, ledger=self.ledger)
        self._wait, self._poll_seconds, self._rounds = wait, poll_seconds, rounds
        self._limits = chunk_requests, chunk_bytes
        self._on_poll = on_poll or (lambda _view: None)

    def spending(self) -> Spending:
        """What this client has used so far, at the Batch API's prices."""
        return self._meter.spending()

    def complete(self, requests: Iterable[ChatRequest]) -> Iterator[Pair]:
        """See `ChatClient.complete`.

        Raises:
            BatchPending: `wait` is off and batches are still running.
        """
        with (
            full_disk_explained(self._folder),
            self._locked(),
            SpillFile() as spool,
            closing(BatchServer(self.base_url, self._key_variable)) as server,
        ):
            folder = BatchFolder(self._folder, self.base_url)
            folder.clear_strays()
            intake = Intake(folder, self.cache, self._meter, self.base_url, self._limits)
            yield from intake.take(requests, spool)
            collector = Collector(
                folder,
                server,
                cache=self.cache,
                meter=self._meter,
                url=self.base_url,
                key_variable=self._key_variable,
                rounds=self._rounds,
            )
            problem = self._follow(folder, server, collector)
            yield from self._outcomes(spool, collector)
            for error in (collector.fatal, problem, intake.stop, self._pending(folder)):
                if error is not None:
                    raise error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / "lock", timeout=0):
                yield
        except Timeout:
            raise UserError(f"Another process works on the batches in {self._folder}; wait for it to end") from None
        except (FileExistsError, NotADirectoryError, PermissionError) as error:
            raise UserError(f"{self._folder} cannot be written to: {error.strerror}; name another folder") from None

    def _follow(self, folder: BatchFolder, server: BatchServer, collector: Collector) -> UserError | None:
        """Submits and looks at the chunks until all have ended (or once, without `wait`); returns what went wrong."""
        problem: UserError | None = None
        while True:
            for chunk in folder.active():
                submitted = _submitted(folder, server, chunk)
                view = server.view(submitted.batch_id)
                self._on_poll(view)
                if view.status in ENDED:
                    problem = self._end(folder, collector, submitted, view) or problem
            if not folder.active() or not self._wait or problem is not None or collector.fatal is not None:
                return problem
            time.sleep(self._poll_seconds)

    def _end(self, folder: BatchFolder, collector: Collector, chunk: Chunk, view: BatchView) -> UserError | None:
        """Reads an ended batch; a failed one, of which nothing was run, is told as an error or queued again."""
        if view.status != "failed" or view.files:
            collector.collect(chunk, view)
            return None
        if any(code == QUEUE_FULL for code, _ in view.problems):
            others = [each for each in folder.active() if each.batch_id and each.name != chunk.name]
            folder.update(chunk, status="uploaded", batch_id="")
            return None if others and self._wait else _queue_full(view)
        for line in folder.lines(chunk):
            self._meter.release(Reserve(line.worst_usd, None))
        folder.drop(chunk)
        told = "; ".join(f"{code}: {message}" for code, message in view.problems) or "no reason given"
        return PermanentError(f"{self.base_url} turned a batch for {chunk.model!r} down ({told}); {KEPT}")

    def _outcomes(self, spool: SpillFile, collector: Collector) -> Iterator[Pair]:
        for request in spool:
            key = request.key(self.base_url)
            answer = self.cache.get(key)
            if answer is not None:
                yield request, replace(answer, cached=key not in collector.answered)
            elif key in collector.failures:
                yield request, collector.failures[key]
            elif (kept := self.cache.outcome(key)) is not None:
                yield request, kept

    def _pending(self, folder: BatchFolder) -> BatchPending | None:
        names = ", ".join(chunk.batch_id for chunk in folder.active())
        told = f"Batches are still running at {self.base_url} ({names}); run the same command again later"
        return BatchPending(told) if names else None


def _submitted(folder: BatchFolder, server: BatchServer, chunk: Chunk) -> Chunk:
    """The chunk with a batch on the server; each step is on disk before the next one."""
    if chunk.status == "submitted":
        return chunk
    found: str | None = None
    if chunk.status == "prepared":
        chunk = folder.update(chunk, status="uploaded", file_id=server.upload(folder.input_of(chunk)))
    else:
        found = server.find(chunk.name)
    return folder.update(chunk, status="submitted", batch_id=found or server.create(chunk.file_id, chunk.name))


def _queue_full(view: BatchView) -> UserError:
    told = "; ".join(message for _, message in view.problems)
    return UserError(f"The server's queue for batches is full ({told}); run the same command again later")
