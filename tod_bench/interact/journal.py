"""The journal of a run: JSON lines, an episode a line, appended as episodes end and sorted when all have.

A kill leaves whole lines and at most one torn one, which is dropped when the run goes on. The finished file has the
same bytes whoever played the episodes, in whatever order.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import msgspec

from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.errors import DataError, UserError
from tod_bench.files import atomic_writer, whole_lines

Key = tuple[str, int]
"""Goal and trial of an episode."""

_MADE_WITH: Final = ("seed", "versions", "agent")
"""What the episodes of a journal have in common."""

_TO_RETRY: Final = re.compile(r"hang|(crash|http): .*", re.DOTALL)
"""Ends that can be those of a machine rather than of an agent."""

_KEYS: Final = frozenset({"goal", "trial", "seed", "versions", "agent", "turns", "ledger", "end"})


def encoded(record: Mapping[str, Any]) -> bytes:
    """The line of a record."""
    return msgspec.json.encode(record) + b"\n"


class Journal:
    """A journal that is open for writing; use it in a ``with`` block.

    Args:
        path: The file; it may hold episodes of the same run.
        made_with: ``seed``, ``versions`` and ``agent`` of its episodes.
        goals: The goals of the run; an episode that has another goal of the same id is another run's.
        retry: Whether episodes that ended with a crash, a hang or a broken connection are dropped, to be played again.

    Attributes:
        done: Goal and trial of the episodes that it has.

    Raises:
        UserError: It is another run's, or another process writes to it.
        DataError: A line, other than a torn last one, is no episode.
    """

    def __init__(
        self, path: Path, made_with: Mapping[str, Any], goals: Iterable[InteractiveGoal] = (), *, retry: bool = False
    ) -> None:
        from filelock import FileLock, Timeout

        self.path, self._made_with = path, msgspec.json.decode(msgspec.json.encode(made_with))
        self._goals = {goal.id: goal.to_json() for goal in goals}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(f"{path}.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"another process plays into {path}; wait for it, or name another file") from None
        try:
            self._places = self._resumed()
        except UserError:
            self._lock.release()
            raise
        self._file: IO[bytes] = path.open("ab")
        kept = [key for key, (_, _, end) in self._places.items() if not (retry and _TO_RETRY.fullmatch(end))]
        if len(kept) < len(self._places):
            self._rewrite(kept)

    @property
    def done(self) -> frozenset[Key]:
        """Goal and trial of the episodes that it has."""
        return frozenset(self._places)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._lock.release()

    def append(self, key: Key, line: bytes) -> None:
        """Adds an episode that has ended."""
        self._places[key] = (self._file.tell(), len(line), "")
        self._file.write(line)
        self._file.flush()

    def sort(self, order: Sequence[Key]) -> None:
        """Puts the episodes in order, those that are not in it last; the file is replaced at once."""
        others = sorted(self._places.keys() - set(order))
        wanted = [key for key in order if key in self._places] + others
        if wanted != sorted(self._places, key=lambda key: self._places[key][0]):
            self._rewrite(wanted)

    def _rewrite(self, keys: Sequence[Key]) -> None:
        """Keeps some episodes, in this order."""
        self._file.close()
        places: dict[Key, tuple[int, int, str]] = {}
        written = 0
        with self.path.open("rb") as old, atomic_writer(self.path) as new:
            for key in keys:
                start, length, end = self._places[key]
                old.seek(start)
                new.write(old.read(length).decode())
                places[key] = (written, length, end)
                written += length
        self._places = places
        self._file = self.path.open("ab")

    def _resumed(self) -> dict[Key, tuple[int, int, str]]:
        """Where each episode is and how it ended, after a torn last line is cut off."""
        places: dict[Key, tuple[int, int, str]] = {}
        if not self.path.exists():
            return places
        with self.path.open("rb+") as file:
            for number, start, line in whole_lines(file):
                record = _record(line, f"{self.path}, line {number}")
                self._check(record)
                key = (str(record["goal"]["id"]), int(record["trial"]))
                if key in places:
                    raise DataError(f"line {number} repeats trial {key[1]} of goal {key[0]}", file=str(self.path))
                places[key] = (start, len(line), str(record["end"]))
        return places

    def _check(self, record: Mapping[str, Any]) -> None:
        for name in _MADE_WITH:
            if record[name] != self._made_with[name]:
                raise UserError(
                    f"{self.path} has episodes of another run: {name} is {record[name]}, now {self._made_with[name]}; "
                    "name another file"
                )
        goal = record["goal"]
        if self._goals.get(goal["id"], goal) != goal:
            raise UserError(
                f"{self.path} has episodes of another run: its goal {goal['id']} is not the corpus's goal of that id "
                "(other options of the corpus, or other files); name another file"
            )


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Streams the episodes of a journal; a torn last line is left out.

    Raises:
        UserError: There is no such file.
        DataError: A line is no episode.
    """
    if not path.is_file():
        raise UserError(f"there are no episodes {path}; `tod-bench play CONFIG` writes them")
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.endswith(b"\n"):
                yield _record(line, f"{path}, line {number}")


def _record(line: bytes, place: str) -> dict[str, Any]:
    try:
        record = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise DataError(f"this is no episode ({error})", file=place) from None
    if not isinstance(record, dict) or not record.keys() >= _KEYS:
        raise DataError("this is no episode", file=place)
    return record
