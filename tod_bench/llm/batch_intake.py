"""From requests to chunks: what neither cache nor running batches cover, within the API's limits and the budget."""

from collections.abc import Iterable, Iterator

from tod_bench.errors import UserError
from tod_bench.llm.batch_state import BatchFolder, ChunkWriter, Line
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.meter import Meter
from tod_bench.llm.records import ChatRequest, Outcome
from tod_bench.llm.spool import SpillFile
from tod_bench.llm.wire import Capabilities, request_body


class Intake:
    """Takes requests in.

    Args:
        folder: Where chunks go.
        cache: Answers that are there already.
        meter: The budget.
        base_url: The server's address, part of every key.
        limits: Most requests and most bytes of a chunk.

    Attributes:
        stop: Why not all requests were taken in (the budget); None where they were.
    """

    def __init__(
        self, folder: BatchFolder, cache: AnswerCache, meter: Meter, base_url: str, limits: tuple[int, int]
    ) -> None:
        self._folder, self._cache, self._meter, self._base_url = folder, cache, meter, base_url
        self._most_requests, self._most_bytes = limits
        self._writers: dict[str, ChunkWriter] = {}
        self._taken: set[str] = set()
        self.stop: UserError | None = None

    def take(self, requests: Iterable[ChatRequest], spool: SpillFile) -> Iterator[tuple[ChatRequest, Outcome]]:
        """Yields what the cache answers; spools the rest, and writes chunks of those that no batch holds yet."""
        self._take_up_running()
        try:
            yield from self._take_each(requests, spool)
        finally:
            chunks = [writer.close() for writer in self._writers.values()]
            self._writers.clear()
        for chunk in chunks:
            self._folder.add(chunk)

    def _take_each(self, requests: Iterable[ChatRequest], spool: SpillFile) -> Iterator[tuple[ChatRequest, Outcome]]:
        for request in requests:
            key = request.key(self._base_url)
            kept = self._cache.outcome(key)
            if kept is not None:
                self._meter.count(cached=1)
                yield request, kept
                continue
            if key not in self._taken and not self._write(request, key):
                break
            spool.add(request)

    def _take_up_running(self) -> None:
        for chunk in self._folder.active():
            for line in self._folder.lines(chunk):
                self._taken.add(line.key)
                self._meter.commit(line.worst_usd, chunk.model)

    def _write(self, request: ChatRequest, key: str) -> bool:
        """Adds a request to a chunk of its model; False where the budget does not allow it."""
        try:
            reserve = self._meter.reserve(request)
        except UserError as error:
            self.stop = error
            return False
        if reserve is None:
            self.stop = self._meter.reached()
            return False
        self._taken.add(key)
        line = Line(key, request_body(request, Capabilities()), request.repeat, reserve.usd)
        self._writer_for(request.model, len(line.wire().encode())).write(line)
        return True

    def _writer_for(self, model: str, size: int) -> ChunkWriter:
        writer = self._writers.get(model)
        if writer and (writer.requests >= self._most_requests or writer.bytes + size > self._most_bytes):
            self._folder.add(writer.close())
            writer = None
        if writer is None:
            writer = self._writers[model] = ChunkWriter(self._folder, model, 1)
        return writer
