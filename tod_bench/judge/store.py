"""The store of a judge run: every judged item in a file that people and programs can read.

    FOLDER/items.json     corpus, seed and the list of items with their groups
    FOLDER/judged.jsonl   one line an ask: what was asked, every raw answer, the verdict or the reason why there is none
    FOLDER/report.json    scores with their signatures, intervals and provenance
    FOLDER/report.md      the same for reading

A line is appended as soon as its ask is answered, so a kill loses at most what is in flight. Of two lines with one key
the later one holds.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tod_bench.errors import UserError
from tod_bench.judge.verdicts import Attempt, Judged, Query, Unscored, Verdict


def to_json(judged: Judged) -> dict[str, Any]:
    """A line of the store."""
    outcome = judged.outcome
    kind = "verdict" if isinstance(outcome, Verdict) else "unscored"
    return {
        "id": judged.ask.id,
        "key": judged.key,
        "ask": asdict(judged.ask),
        kind: asdict(outcome),
        "attempts": [asdict(attempt) for attempt in judged.attempts],
        "prompt": judged.prompt,
        "check": judged.check,
        "pending": judged.pending,
    }


def from_json(line: dict[str, Any]) -> Judged:
    """The ask that `to_json` wrote."""
    ask, given = line["ask"], line.get("verdict")
    outcome = (
        Verdict(**{**given, "factors": tuple(given["factors"])}) if given is not None else Unscored(**line["unscored"])
    )
    return Judged(
        line["key"],
        Query(**{**ask, "arms": tuple(ask["arms"]), "questions": tuple(ask["questions"])}),
        outcome,
        tuple(Attempt(**{**attempt, "dropped": tuple(attempt.get("dropped", ()))}) for attempt in line["attempts"]),
        line["prompt"],
        line["check"],
        line["pending"],
    )


class JudgedStore:
    """The file of judged asks, opened for appending; one process at a time.

    Lines stay on disk; memory holds only where the line of each key starts.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "judged.jsonl"
        self._places: dict[str, int] = {}
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
        self._drop_torn_line()
        for place, line in _lines(self.path):
            self._places[line["key"]] = place
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
        return key in self._places

    def get(self, key: str) -> Judged | None:
        """What is stored under a key."""
        if key not in self._places:
            return None
        with self.path.open("rb") as file:
            file.seek(self._places[key])
            return from_json(json.loads(file.readline()))

    def add(self, judged: Judged) -> None:
        """Appends a line and hands it to the operating system.

        Raises:
            UserError: It cannot be written (no space); what was written before is intact.
        """
        if self._file is None:
            raise ValueError("the store is not open")
        data = memoryview((json.dumps(to_json(judged), ensure_ascii=False) + "\n").encode(errors="replace"))
        place = self._file.seek(0, os.SEEK_END)
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(place)
            raise UserError(
                f"{self.path} cannot be written: {error.strerror}; make room in {self.path.parent} and run the same "
                "command again, what is in it is kept"
            ) from None
        self._places[judged.key] = place

    def _drop_torn_line(self) -> None:
        """Cuts off what a kill left of a last line."""
        data = self._file
        if data is None:
            return
        end = data.seek(0, os.SEEK_END)
        if end == 0:
            return
        data.seek(end - 1)
        if data.read(1) != b"\n":
            keep = 0
            for place, raw in _raw_lines(self.path):
                keep = place + len(raw) if raw.endswith(b"\n") else keep
            data.truncate(keep)


def read_judged(folder: Path) -> Iterator[Judged]:
    """Streams the judged asks of a folder, the latest line of each key, in the order of those lines.

    Raises:
        UserError: There is no store, or a line of it cannot be read.
    """
    path = folder / "judged.jsonl"
    if not path.is_file():
        raise UserError(f"{folder} holds no judged.jsonl; give the folder that a judge run wrote")
    latest = {line["key"]: place for place, line in _lines(path)}
    for place, line in _lines(path):
        if latest[line["key"]] == place:
            yield from_json(line)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, (place, raw) in enumerate(_raw_lines(path), start=1):
        if not raw.endswith(b"\n"):
            return
        try:
            line = json.loads(raw)
            from_json(line)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}, line {number} is not JSON ({error}); delete the line to ask again") from None
        except (KeyError, TypeError, AttributeError):
            raise UserError(f"{path}, line {number} is no judged ask; delete the line to ask again") from None
        yield place, line


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    place = 0
    with path.open("rb") as file:
        for raw in file:
            yield place, raw
            place += len(raw)
