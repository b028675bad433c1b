"""What an ended batch brought: answers into the cache, failures into memory, and the rest into a new chunk."""

import json
from collections.abc import Iterator
from pathlib import Path

from tod_bench.llm.batch_lines import Reading, is_answer, read_line, result_lines
from tod_bench.llm.batch_server import BatchServer, BatchView
from tod_bench.llm.batch_state import BatchFolder, Chunk, ChunkWriter, Line
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.failures import TOKEN_FIELDS, PermanentError
from tod_bench.llm.meter import Meter, Reserve
from tod_bench.llm.records import ChatAnswer, ChatFailure


class Collector:
    """Reads the results of ended batches.

    Args:
        folder: The chunks.
        server: Where the result files are.
        cache: Where answers go.
        meter: Where what was billed is counted.
        url: The server's address, for messages.
        key_variable: Environment variable of the key, for messages.
        rounds: How often a request is sent at most.

    Attributes:
        answered: Keys of the requests answered by batches that this collector read.
        failures: Why others have no answer, by key.
        fatal: The first error that concerns every request.
    """

    def __init__(
        self,
        folder: BatchFolder,
        server: BatchServer,
        *,
        cache: AnswerCache,
        meter: Meter,
        url: str,
        key_variable: str,
        rounds: int,
    ) -> None:
        self._folder, self._server, self._cache, self._meter = folder, server, cache, meter
        self._url, self._key_variable, self._rounds = url, key_variable, rounds
        self.answered: set[str] = set()
        self.failures: dict[str, ChatFailure] = {}
        self.fatal: PermanentError | None = None

    def collect(self, chunk: Chunk, view: BatchView) -> None:
        """Takes in the results of an ended batch; what failed in passing stands in a new chunk afterwards."""
        writer: ChunkWriter | None = None
        for line, record in self._results(chunk, view):
            reading = Reading(again=line) if record is None else self._read(record, line)
            self._account(line, reading, chunk.model)
            again = self._take(line, reading, chunk, view)
            if again is not None:
                writer = writer or ChunkWriter(self._folder, chunk.model, chunk.round + 1)
                writer.write(again)
                self._meter.commit(again.worst_usd, chunk.model)
                self._meter.count(retries=1)
        added = (writer.close(),) if writer is not None else ()
        self._folder.update(chunk, added=added, status="collected", ended=view.status)

    def _results(self, chunk: Chunk, view: BatchView) -> Iterator[tuple[Line, dict[str, object] | None]]:
        """Each request of a chunk with its line of the output or error file, if it has one."""
        path = self._folder.path / f"{chunk.name}.results.part"
        places = self._fetch(view, path)
        with path.open("rb") as results:
            for line in self._folder.lines(chunk):
                if line.key not in places:
                    yield line, None
                    continue
                results.seek(places[line.key])
                yield line, json.loads(results.readline())
        path.unlink()

    def _fetch(self, view: BatchView, path: Path) -> dict[str, int]:
        """Puts output and error file into one file; returns where in it each request's line begins."""
        places: dict[str, int] = {}
        answered: set[str] = set()
        part = path.with_suffix(".download.part")
        with path.open("wb") as results:
            for file_id in view.files:
                self._server.download(file_id, part)
                with part.open(encoding="utf-8", errors="replace", newline="\n") as lines:
                    for key, record in result_lines(lines):
                        if key in answered:
                            continue  # an answer that was paid for outweighs an error under the same id
                        answered |= {key} if is_answer(record) else set()
                        places[key] = results.tell()
                        results.write(json.dumps(record).encode() + b"\n")
                part.unlink()
        return places

    def _read(self, record: dict[str, object], line: Line) -> Reading:
        return read_line(record, line, url=self._url, key_variable=self._key_variable, key=self._server.key)

    def _account(self, line: Line, reading: Reading, model: str) -> None:
        reserve = Reserve(line.worst_usd, self._meter.price_of(model))
        if reading.billed:
            self._meter.settle(reserve, reading.outcome.usage if reading.outcome is not None else None)
        else:
            self._meter.release(reserve)

    def _take(self, line: Line, reading: Reading, chunk: Chunk, view: BatchView) -> Line | None:
        """Keeps the outcome of a request, or returns the request to send again."""
        outcome = reading.outcome
        if reading.fatal is not None:
            self.fatal = self.fatal or reading.fatal
            return None
        if isinstance(outcome, ChatAnswer):
            self._cache.put(line.key, outcome, asked=chunk.model, repeat=line.repeat)
            self.answered.add(line.key)
            self._meter.count(requests=1)
            return None
        if outcome is None and chunk.round < self._rounds + _adapted(reading.again):
            return reading.again
        told = f"not done in {chunk.round} batches, the last of which is {view.status}"
        self.failures[line.key] = failure = outcome or ChatFailure("transient", told)
        self._cache.keep(line.key, failure, asked=chunk.model, repeat=line.repeat)
        self._meter.count(requests=1, failed=1)
        return None


def _adapted(line: Line | None) -> int:
    """How often a request was turned down for a field: servers name one at a time, and each takes a batch."""
    return 0 if line is None else len(line.dropped) + (TOKEN_FIELDS[1] in line.body)
