"""The state of batches on disk, so that another process on another day goes on where this one stopped.

A folder holds ``batches.json``, written atomically after every step, and for each chunk (what is sent as one batch) the
input file and a manifest with what is needed to read its results. A chunk's files go when its results are in the cache.
Requests whose outcomes are still to come are put aside in a temporary file, so that their number does not matter.
"""

import json
import os
import pickle
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from tod_bench.errors import UserError
from tod_bench.files import write_json
from tod_bench.llm.records import ChatRequest

STATE_FILE = "batches.json"
STATE_VERSION = 1

ChunkStatus = Literal["prepared", "uploaded", "submitted", "collected"]
"""``prepared``: its files are on disk. ``uploaded``: the server has its input. ``submitted``: the server has the batch.
``collected``: its results are in the cache."""


@dataclass(frozen=True)
class Chunk:
    """What is sent as one batch.

    Attributes:
        name: Unique name; also in the batch's metadata on the server.
        model: The model asked (a batch may hold one only).
        requests: Number of requests.
        round: 1 for requests that are sent for the first time, 2 for those sent again, and so on.
        status: How far it has come.
        file_id: The input file on the server.
        batch_id: The batch on the server.
        ended: The status that the batch ended with.
    """

    name: str
    model: str
    requests: int
    round: int
    status: ChunkStatus = "prepared"
    file_id: str = ""
    batch_id: str = ""
    ended: str = ""


@dataclass(frozen=True)
class Line:
    """A request within a chunk.

    Attributes:
        key: Its content hash, the custom_id of the batch's line.
        body: The body of the HTTP request.
        repeat: The request's repeat.
        worst_usd: The most that it can cost.
        dropped: Fields that the server turned down in an earlier batch, left out of the body.
    """

    key: str
    body: Mapping[str, Any] = field(hash=False)
    repeat: int
    worst_usd: float
    dropped: tuple[str, ...] = ()

    def to_api(self) -> str:
        """The line of the batch's input file."""
        line = {"custom_id": self.key, "method": "POST", "url": "/v1/chat/completions", "body": self.body}
        return json.dumps(line, ensure_ascii=False) + "\n"


class BatchFolder:
    """The chunks in a folder.

    Args:
        path: The folder; made where it is missing.
        base_url: The server; a folder belongs to one.

    Raises:
        UserError: The folder's state cannot be read, or belongs to another server.
    """

    def __init__(self, path: Path, base_url: str) -> None:
        self.path, self._base_url = path, base_url
        path.mkdir(parents=True, exist_ok=True)
        self._chunks = {chunk.name: chunk for chunk in self._read()}

    def _read(self) -> list[Chunk]:
        file = self.path / STATE_FILE
        if not file.exists():
            return []
        try:
            state = json.loads(file.read_text(encoding="utf-8"))
            chunks = [Chunk(**chunk) for chunk in state["chunks"]]
            owner = state["base_url"]
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{file} is no batch state ({error}); restore it, or move the folder away") from error
        if owner != self._base_url:
            raise UserError(f"{file} holds batches of {owner}, not of {self._base_url}; name another folder")
        return chunks

    def active(self) -> list[Chunk]:
        """The chunks whose results are not in the cache yet, oldest first."""
        return [chunk for chunk in self._chunks.values() if chunk.status != "collected"]

    def put(self, chunk: Chunk, *, added: tuple[Chunk, ...] = (), **changes: Any) -> Chunk:
        """Adds a chunk whose files are written, or changes one, and adds others, in one write; returns the chunk."""
        changed = replace(chunk, **changes)
        self._chunks |= {each.name: each for each in (changed, *added)}
        self._write()
        if changed.status == "collected":
            self._remove_files(changed)
        return changed

    def drop(self, chunk: Chunk) -> None:
        """Forgets a chunk of which nothing was run."""
        del self._chunks[chunk.name]
        self._write()
        self._remove_files(chunk)

    def _write(self) -> None:
        chunks = [asdict(chunk) for chunk in self._chunks.values()]
        write_json(self.path / STATE_FILE, {"version": STATE_VERSION, "base_url": self._base_url, "chunks": chunks})

    def input_of(self, chunk: Chunk) -> Path:
        """The input file of a chunk."""
        return self.path / f"{chunk.name}.input.jsonl"

    def manifest_of(self, chunk: Chunk) -> Path:
        """The manifest of a chunk."""
        return self.path / f"{chunk.name}.manifest.jsonl"

    def _remove_files(self, chunk: Chunk) -> None:
        for path in (self.input_of(chunk), self.manifest_of(chunk)):
            path.unlink(missing_ok=True)

    def lines(self, chunk: Chunk) -> Iterator[Line]:
        """A chunk's requests, one at a time."""
        with (
            self.input_of(chunk).open(encoding="utf-8") as inputs,
            self.manifest_of(chunk).open(encoding="utf-8") as manifest,
        ):
            for text, noted in zip(inputs, manifest, strict=True):
                record, note = json.loads(text), json.loads(noted)
                dropped = tuple(note.get("dropped", ()))
                yield Line(record["custom_id"], record["body"], note["repeat"], note["worst_usd"], dropped)

    def clear_strays(self) -> None:
        """Removes files of chunks that were being written when a process was killed."""
        known = {path for chunk in self.active() for path in (self.input_of(chunk), self.manifest_of(chunk))}
        for path in self.path.glob("chunk-*"):
            if path not in known:
                path.unlink()


class ChunkWriter:
    """Writes a chunk's files line by line; the chunk exists once `BatchFolder.put` has it.

    Args:
        folder: The folder.
        model: The model that all its requests ask.
        number: The chunk's round.
    """

    def __init__(self, folder: BatchFolder, model: str, number: int) -> None:
        self._folder = folder
        self.chunk = Chunk(f"chunk-{secrets.token_hex(8)}", model, 0, number)
        self._inputs = folder.input_of(self.chunk).open("w", encoding="utf-8", newline="\n")
        self._manifest = folder.manifest_of(self.chunk).open("w", encoding="utf-8", newline="\n")
        self.requests = self.bytes = 0

    def write(self, line: Line) -> None:
        """Adds a request."""
        text = line.to_api()
        self._inputs.write(text)
        self._manifest.write(
            json.dumps({"repeat": line.repeat, "worst_usd": line.worst_usd, "dropped": line.dropped}) + "\n"
        )
        self.requests += 1
        self.bytes += len(text.encode())

    def close(self) -> Chunk:
        """Finishes the files and returns the chunk, which is still to be added to the folder."""
        self._inputs.close()
        self._manifest.close()
        return replace(self.chunk, requests=self.requests)


class SpillFile:
    """Requests in a temporary file that goes with the process; a context manager."""

    def __enter__(self) -> Self:
        self._file = tempfile.TemporaryFile()
        self._number = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, request: ChatRequest) -> None:
        """Puts a request aside."""
        self._file.seek(0, os.SEEK_END)
        pickle.dump(request, self._file)
        self._number += 1

    def __iter__(self) -> Iterator[ChatRequest]:
        self._file.seek(0)
        for _ in range(self._number):
            yield pickle.load(self._file)
