"""The same requests through the Batch API: half the price, an answer within a day, a state that outlives the process.

Requests that the cache does not hold are written to chunks within the API's limits, uploaded and submitted; `custom_id`
is the request's key. Whatever a batch ends as (completed, expired, cancelled), its output and its error file are both
read; answers go to the cache, and only what failed in passing is sent again. A process that is killed at any point is
followed by one that finds its batches, by id or by the name in their metadata, and submits none twice.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tod_bench.errors import UserError
from tod_bench.files import full_disk_explained
from tod_bench.llm.api_format import request_body
from tod_bench.llm.batch_server import ENDED, BatchServer, BatchView, Reading, is_answer, read_result, result_lines
from tod_bench.llm.batch_state import BatchFolder, Chunk, ChunkWriter, Line, SpillFile
from tod_bench.llm.budget import Budget, Hold
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.capabilities import Capabilities
from tod_bench.llm.client import nothing_to_wait_for
from tod_bench.llm.failures import KEPT, TOKEN_FIELDS, PermanentError
from tod_bench.llm.records import ChatAnswer, ChatFailure, ChatRequest, Outcome, Spending
from tod_bench.llm.servers import KEY_VARIABLE, read_key, resolve_url

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
        budget: US dollars that this client may spend, batches that it picks up included, or a `Budget` that also
            remembers earlier runs; None for no limit.
        wait: Whether to wait until all batches have ended; otherwise `complete` yields what is there, and raises
            `BatchPending`.
        poll_seconds: Pause between looks at the batches.
        rounds: How often a request is sent at most.
        chunk_requests: Most requests in a batch.
        chunk_bytes: Largest input file.
        on_poll: Called with the state of each batch at every look.

    Attributes:
        budget: What may be spent and was spent.
        cache: The cache.

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
        budget: Budget | float | None = None,
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
        self.budget = budget if isinstance(budget, Budget) else Budget(budget)
        self.wait, self.poll_seconds, self.rounds = wait, poll_seconds, rounds
        self.chunk_requests, self.chunk_bytes = chunk_requests, chunk_bytes
        self.on_poll = on_poll or (lambda _view: None)

    def spending(self) -> Spending:
        """What this client has used so far, at the Batch API's prices."""
        return self.budget.spending()

    def complete(self, requests: Iterable[ChatRequest | None]) -> Iterator[Pair]:
        """See `ChatClient.complete`: what comes before a None is sent and waited for, then what comes after it.

        Raises:
            BatchPending: `wait` is off and batches are still running.
        """
        with (
            full_disk_explained(self._folder),
            self._locked(),
            closing(BatchServer(self.base_url, self._key_variable)) as server,
        ):
            folder = BatchFolder(self._folder, self.base_url)
            folder.clear_strays()
            run, source = _BatchRun(self, folder, server), iter(requests)
            while not run.at_end:
                with SpillFile() as waiting:
                    yield from run.take(source, waiting)
                    run.follow()
                    yield from run.outcomes(waiting)
                for error in (run.fatal, run.problem, run.over_budget):
                    if error is not None:
                        raise error
                if names := ", ".join(chunk.batch_id for chunk in folder.active()):
                    raise BatchPending(
                        f"Batches are still running at {self.base_url} ({names}); run the same command again later"
                    )

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


class _BatchRun:
    """One run: requests into chunks, chunks into batches, results into the cache.

    Attributes:
        fatal: The first error of a line that concerns every request.
        problem: Why a batch was not run.
        over_budget: Why not all requests were taken in; None where they were.
        at_end: Whether all requests were read; they are not while some wait for outcomes of others.
    """

    def __init__(self, client: BatchClient, folder: BatchFolder, server: BatchServer) -> None:
        self._client, self._folder, self._server = client, folder, server
        self._cache, self._budget, self._url = client.cache, client.budget, client.base_url
        self._writers: dict[str, ChunkWriter] = {}
        self._taken: set[str] = set()
        self._answered: set[str] = set()
        self._failures: dict[str, ChatFailure] = {}
        self.fatal: PermanentError | None = None
        self.problem: UserError | None = None
        self.over_budget: UserError | None = None
        self.at_end = False

    def _hold_of(self, line: Line, model: str) -> Hold:
        return Hold(line.worst_usd, self._budget.prices.of(model, self._url), batch=True)

    def take(self, requests: Iterator[ChatRequest | None], waiting: SpillFile) -> Iterator[Pair]:
        """Yields what the cache answers; puts the rest aside, and writes chunks of those that no batch holds yet.

        Reads the requests up to a None, or to their end.
        """
        taken = 0
        for chunk in self._folder.active():
            for line in self._folder.lines(chunk):
                self._taken.add(line.key)
                self._budget.commit(self._hold_of(line, chunk.model))
        self.at_end = True
        try:
            for request in requests:
                if request is None:
                    if not taken:
                        raise nothing_to_wait_for()
                    self.at_end = False
                    break
                taken += 1
                key = request.key(self._url)
                kept = self._cache.outcome(key)
                if kept is not None:
                    self._budget.count(cached=1)
                    yield request, kept
                    continue
                if key not in self._taken and not self._write(request, key):
                    break
                waiting.add(request)
        finally:
            chunks = [writer.close() for writer in self._writers.values()]
            self._writers.clear()
        for chunk in chunks:
            self._folder.put(chunk)

    def _write(self, request: ChatRequest, key: str) -> bool:
        """Adds a request to a chunk of its model; False where the budget does not allow it."""
        try:
            hold = self._budget.hold(request, self._url, batch=True)
        except UserError as error:
            self.over_budget = error
            return False
        if hold is None:
            self.over_budget = self._budget.reached()
            return False
        self._taken.add(key)
        line = Line(key, request_body(request, Capabilities()), request.repeat, hold.usd)
        size = len(line.to_api().encode())
        writer = self._writers.get(request.model)
        limits = self._client.chunk_requests, self._client.chunk_bytes
        if writer and (writer.requests >= limits[0] or writer.bytes + size > limits[1]):
            self._folder.put(writer.close())
            writer = None
        if writer is None:
            writer = self._writers[request.model] = ChunkWriter(self._folder, request.model, 1)
        writer.write(line)
        return True

    def follow(self) -> None:
        """Submits and looks at the chunks until all have ended (or once, without `wait`), or something went wrong."""
        while True:
            for chunk in self._folder.active():
                submitted = self._submitted(chunk)
                view = self._server.view(submitted.batch_id)
                self._client.on_poll(view)
                if view.status == "failed" and not view.files:
                    self._handle_failed(submitted, view)
                elif view.status in ENDED:
                    self._collect(submitted, view)
            stopped = self.problem is not None or self.fatal is not None
            if not self._folder.active() or not self._client.wait or stopped:
                return
            time.sleep(self._client.poll_seconds)

    def _submitted(self, chunk: Chunk) -> Chunk:
        """The chunk with a batch on the server; each step is on disk before the next one."""
        if chunk.status == "submitted":
            return chunk
        batch_id: str | None = None
        if chunk.status == "prepared":
            file_id = self._server.upload(self._folder.input_of(chunk))
            chunk = self._folder.put(chunk, status="uploaded", file_id=file_id)
        else:
            batch_id = self._server.find(chunk.name)
        batch_id = batch_id or self._server.create(chunk.file_id, chunk.name)
        return self._folder.put(chunk, status="submitted", batch_id=batch_id)

    def _handle_failed(self, chunk: Chunk, view: BatchView) -> None:
        """Queues a batch again of which nothing was run because the queue was full; forgets another, and says why."""
        if any(code == QUEUE_FULL for code, _ in view.problems):
            others = [each for each in self._folder.active() if each.batch_id and each.name != chunk.name]
            self._folder.put(chunk, status="uploaded", batch_id="")
            if not others or not self._client.wait:
                reasons = "; ".join(message for _, message in view.problems)
                self.problem = UserError(
                    f"The server's queue for batches is full ({reasons}); run the same command again later"
                )
            return
        for line in self._folder.lines(chunk):
            self._budget.release(self._hold_of(line, chunk.model))
        self._folder.drop(chunk)
        reasons = "; ".join(f"{code}: {message}" for code, message in view.problems) or "no reason given"
        self.problem = PermanentError(f"{self._url} turned a batch for {chunk.model!r} down ({reasons}); {KEPT}")

    def _collect(self, chunk: Chunk, view: BatchView) -> None:
        """Takes in the results of an ended batch; what failed in passing is in a new chunk afterwards."""
        writer: ChunkWriter | None = None
        for line, record in self._results(chunk, view):
            reading = Reading(again=line) if record is None else read_result(record, line, self._server)
            hold = self._hold_of(line, chunk.model)
            if reading.billed:
                self._budget.settle(hold, reading.outcome.usage if reading.outcome is not None else None)
            else:
                self._budget.release(hold)
            again = self._keep(line, reading, chunk, view)
            if again is not None:
                writer = writer or ChunkWriter(self._folder, chunk.model, chunk.round + 1)
                writer.write(again)
                self._budget.commit(self._hold_of(again, chunk.model))
                self._budget.count(retries=1)
        added = (writer.close(),) if writer is not None else ()
        self._folder.put(chunk, added=added, status="collected", ended=view.status)

    def _results(self, chunk: Chunk, view: BatchView) -> Iterator[tuple[Line, dict[str, Any] | None]]:
        """Each request of a chunk with its line of the output or error file, if it has one.

        Both files are put into one on disk, and only where in it each request's line begins is kept in memory.
        """
        path = self._folder.path / f"{chunk.name}.results.part"
        download = path.with_suffix(".download.part")
        offsets: dict[str, int] = {}
        answered: set[str] = set()
        with path.open("wb") as results:
            for file_id in view.files:
                self._server.download(file_id, download)
                with download.open(encoding="utf-8", errors="replace", newline="\n") as lines:
                    for key, record in result_lines(lines):
                        if key in answered:
                            continue  # an answer that was paid for outweighs an error under the same id
                        if is_answer(record):
                            answered.add(key)
                        offsets[key] = results.tell()
                        results.write(json.dumps(record).encode() + b"\n")
                download.unlink()
        with path.open("rb") as results:
            for line in self._folder.lines(chunk):
                if line.key not in offsets:
                    yield line, None
                    continue
                results.seek(offsets[line.key])
                yield line, json.loads(results.readline())
        path.unlink()

    def _keep(self, line: Line, reading: Reading, chunk: Chunk, view: BatchView) -> Line | None:
        """Keeps the outcome of a request, or returns the request to send again."""
        outcome, again = reading.outcome, reading.again
        if reading.fatal is not None:
            self.fatal = self.fatal or reading.fatal
            return None
        if isinstance(outcome, ChatAnswer):
            self._cache.put(line.key, outcome, asked=chunk.model, repeat=line.repeat)
            self._answered.add(line.key)
            self._budget.count(requests=1)
            return None
        if outcome is None:
            # Servers turn down one field at a time, and each such rejection takes a batch of its own.
            rejections = 0 if again is None else len(again.dropped) + (TOKEN_FIELDS[1] in again.body)
            if chunk.round < self._client.rounds + rejections:
                return again
            message = f"not done in {chunk.round} batches, the last of which is {view.status}"
            outcome = ChatFailure("transient", message)
        self._failures[line.key] = outcome
        self._cache.keep(line.key, outcome, asked=chunk.model, repeat=line.repeat)
        self._budget.count(requests=1, failed=1)
        return None

    def outcomes(self, waiting: SpillFile) -> Iterator[Pair]:
        """The requests that were put aside and have an outcome now."""
        for request in waiting:
            key = request.key(self._url)
            answer = self._cache.get(key)
            if answer is not None:
                yield request, replace(answer, cached=key not in self._answered)
            elif key in self._failures:
                yield request, self._failures[key]
            elif (kept := self._cache.outcome(key)) is not None:
                yield request, kept
