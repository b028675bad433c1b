"""The store of a judge run: every judged item in a file that people and programs can read.

    FOLDER/items.json     corpus, seed and the list of items with their groups
    FOLDER/judged.jsonl   one line a query: what was asked, every raw answer, the verdict or why there is none
    FOLDER/report.json    scores with their signatures, intervals and provenance
    FOLDER/report.md      the same for reading

A line is appended as soon as its query is answered, so a kill loses at most what is in flight. Of two lines with one
key the later one holds. The key ``ask`` has the query, its ``arms`` the candidates, and ``check`` the nonce.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tod_bench.errors import UserError
from tod_bench.judge.items import Query
from tod_bench.judge.verdicts import Unscored, Verdict


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer of the judge, as it came.

    Attributes:
        text: The answer, whole or cut; empty where none came.
        finish_reason: As the server says it (``stop``, ``length``, ...); ``failed`` where no answer came.
        model: The model's name as the server returned it.
        fingerprint: The server's fingerprint, where it gives one.
        usage: Tokens, as JSON values.
        created: When it was answered.
        cached: Whether it came from the cache.
        failure: Why no answer came; empty where one did.
        dropped: Fields of the request that the server does not take, so that they were not sent.
        seconds: From sending the request to its reply, when it was asked; None where nobody measured.
        probabilities: Question -> answer, as text -> its probability, where the server's log-probabilities say it.
    """

    text: str
    finish_reason: str
    model: str = ""
    fingerprint: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    created: str = ""
    cached: bool = False
    failure: str = ""
    dropped: tuple[str, ...] = ()
    seconds: float | None = None
    probabilities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """A query with everything that came of it: one line of the store.

    Attributes:
        key: Digest of everything that decides the answer.
        query: What was asked.
        outcome: The verdict, or why there is none.
        attempts: Every answer, re-asks included, in order.
        prompt: Hash of the prompt's template.
        nonce: The nonce that marks a verdict as the judge's own.
        pending: Whether it is to be asked again; a run that was interrupted goes on from there.
    """

    key: str
    query: Query
    outcome: Verdict | Unscored
    attempts: tuple[Attempt, ...]
    prompt: str
    nonce: str
    pending: bool = False


def to_json(judged: Judged) -> dict[str, Any]:
    """A line of the store."""
    query = asdict(judged.query)
    query["arms"] = query.pop("candidates")
    kind = "verdict" if isinstance(judged.outcome, Verdict) else "unscored"
    return {
        "id": judged.query.id,
        "key": judged.key,
        "ask": query,
        kind: asdict(judged.outcome),
        "attempts": [asdict(attempt) for attempt in judged.attempts],
        "prompt": judged.prompt,
        "check": judged.nonce,
        "pending": judged.pending,
    }


def from_json(line: Mapping[str, Any]) -> Judged:
    """The judged query that `to_json` wrote."""
    query = dict(line["ask"])
    candidates, questions = tuple(query.pop("arms")), tuple(query.pop("questions"))
    outcome: Verdict | Unscored
    if "verdict" in line:
        outcome = Verdict(**{**line["verdict"], "factors": tuple(line["verdict"]["factors"])})
    else:
        outcome = Unscored(**line["unscored"])
    attempts = (Attempt(**{**attempt, "dropped": tuple(attempt.get("dropped", ()))}) for attempt in line["attempts"])
    return Judged(
        line["key"],
        Query(candidates=candidates, questions=questions, **query),
        outcome,
        tuple(attempts),
        line["prompt"],
        line["check"],
        line["pending"],
    )


class JudgedStore:
    """The file of judged queries, opened for appending; one process at a time.

    Lines stay on disk; memory holds only where the line of each key starts.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "judged.jsonl"
        self._offsets: dict[str, int] = {}
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        from filelock import FileLock, Timeout

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.path.with_suffix(".lock"))
            self._lock.acquire(timeout=0)
            # Unbuffered: on a full disk nothing is left over that closing the file would try to write.
            self._file = self.path.open("ab+", buffering=0)
        except Timeout:
            raise UserError(
                f"another process is judging into {self.path.parent}; wait for it, or use another --output"
            ) from None
        except OSError as error:
            raise UserError(f"{self.path} cannot be written: {error.strerror}; choose another --output") from None
        self._drop_torn_line(self._file)
        self._offsets = {line["key"]: offset for offset, line in _lines(self.path)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._file is not None:
                self._file.close()
        finally:
            self._lock.release()

    def __contains__(self, key: str) -> bool:
        return key in self._offsets

    def get(self, key: str) -> Judged | None:
        """What is stored under a key."""
        if key not in self._offsets:
            return None
        with self.path.open("rb") as file:
            file.seek(self._offsets[key])
            return from_json(json.loads(file.readline()))

    def add(self, judged: Judged) -> None:
        """Appends a line and hands it to the operating system.

        Raises:
            UserError: It cannot be written (no space); what was written before is intact.
        """
        if self._file is None:
            raise ValueError("the store is not open")
        data = memoryview((json.dumps(to_json(judged), ensure_ascii=False) + "\n").encode(errors="replace"))
        offset = self._file.seek(0, os.SEEK_END)
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(offset)
            raise UserError(
                f"{self.path} cannot be written: {error.strerror}; make room in {self.path.parent} and run the same "
                "command again, what is in it is kept"
            ) from None
        self._offsets[judged.key] = offset

    def _drop_torn_line(self, file: IO[bytes]) -> None:
        """Cuts off what a kill left of a last line."""
        end = 0
        for offset, raw in _raw_lines(self.path):
            end = offset + len(raw) if raw.endswith(b"\n") else end
        if end < file.seek(0, os.SEEK_END):
            file.truncate(end)


def read_judged(folder: Path) -> Iterator[Judged]:
    """Streams the judged queries of a folder, the latest line of each key, in the order of those lines.

    Raises:
        UserError: There is no store, or a line of it cannot be read.
    """
    path = folder / "judged.jsonl"
    if not path.is_file():
        raise UserError(f"{folder} holds no judged.jsonl; give the folder that a judge run wrote")
    latest = {line["key"]: offset for offset, line in _lines(path)}
    for offset, line in _lines(path):
        if latest[line["key"]] == offset:
            yield from_json(line)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, (offset, raw) in enumerate(_raw_lines(path), start=1):
        if not raw.endswith(b"\n"):
            return
        try:
            line = json.loads(raw)
            from_json(line)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}, line {number} is not JSON ({error}); delete the line to ask again") from None
        except (KeyError, TypeError, AttributeError):
            raise UserError(f"{path}, line {number} is no judged query; delete the line to ask again") from None
        yield offset, line


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    offset = 0
    with path.open("rb") as file:
        for raw in file:
            yield offset, raw
            offset += len(raw)
