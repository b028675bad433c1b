"""The journal of a run: JSON lines, an episode a line, appended as episodes end and sorted when all have.

A kill leaves whole lines and at most one torn one, which is dropped when the run goes on. The finished file has the
same bytes whoever played the episodes, in whatever order.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self, cast

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

_NOWHERE: Final = -1
"""In place of where an episode is that is not there."""

_KEYS: Final = frozenset({"goal", "trial", "seed", "versions", "agent", "turns", "ledger", "end"})


def encoded(record: Mapping[str, Any]) -> bytes:
    """The line of a record."""
    return msgspec.json.encode(record) + b"\n"


class Places:
    """Where the line of each episode begins, 8 bytes an episode; what is outside of the play takes more.

    Args:
        goals: Ids of the play's goals.
        trials: Trials of each.
    """

    def __init__(self, goals: Sequence[str], trials: int) -> None:
        self._number = {goal: number for number, goal in enumerate(goals)}
        self._trials, self._count = trials, 0
        self._starts = array("q", [_NOWHERE]) * (len(goals) * trials)
        self._others: dict[Key, int] = {}

    def __len__(self) -> int:
        return self._count + len(self._others)

    def __contains__(self, key: object) -> bool:
        return self[cast("Key", key)] != _NOWHERE

    def __getitem__(self, key: Key) -> int:
        place = self._place(key)
        return self._others.get(key, _NOWHERE) if place is None else self._starts[place]

    def __setitem__(self, key: Key, start: int) -> None:
        place = self._place(key)
        if place is None:
            self._others[key] = start
        else:
            self._count += self._starts[place] == _NOWHERE
            self._starts[place] = start

    def __iter__(self) -> Iterator[Key]:
        for goal, number in self._number.items():
            row = number * self._trials
            yield from ((goal, trial) for trial in range(self._trials) if self._starts[row + trial] != _NOWHERE)
        yield from tuple(self._others)

    def _place(self, key: Key) -> int | None:
        goal, trial = key
        number = self._number.get(goal)
        return None if number is None or not 0 <= trial < self._trials else number * self._trials + trial


class Journal:
    """A journal that is open for writing; use it in a ``with`` block.

    ``key in journal`` and ``len(journal)`` are of the episodes that it has; ``made_with`` is what they have in common,
    as it is written down.

    Args:
        path: The file; it may hold episodes of the same run.
        made_with: ``seed``, ``versions`` and ``agent`` of its episodes.
        goals: The goals of the run; an episode that has another goal of the same id is another run's.
        trials: Trials of each goal.
        retry: Whether episodes that ended with a crash, a hang or a broken connection are dropped, to be played again.

    Raises:
        UserError: It is another run's, or another process writes to it.
        DataError: A line, other than a torn last one, is no episode.
    """

    def __init__(
        self,
        path: Path,
        made_with: Mapping[str, Any],
        goals: Sequence[InteractiveGoal] = (),
        *,
        trials: int = 1,
        retry: bool = False,
    ) -> None:
        from filelock import FileLock, Timeout

        self.path, self.made_with = path, msgspec.json.decode(msgspec.json.encode(made_with))
        self._goals = {goal.id: goal.to_json() for goal in goals}
        self._trials, self._retry = trials, retry
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(f"{path}.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"another process plays into {path}; wait for it, or name another file") from None
        try:
            self._places, dropped = self._resumed()
        except UserError:
            self._lock.release()
            raise
        self._file: IO[bytes] = path.open("ab")
        if dropped:
            self._rewrite(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._lock.release()

    def append(self, key: Key, line: bytes) -> None:
        """Adds an episode that has ended."""
        self._places[key] = self._file.tell()
        self._file.write(line)
        self._file.flush()

    def lines(self) -> Iterator[tuple[Key, bytes]]:
        """The episodes that it has, each with its line."""
        with self.path.open("rb") as file:
            for key in self._places:
                file.seek(self._places[key])
                yield key, file.readline()

    def take(self, path: Path) -> None:
        """Takes over those episodes of another journal of the same run that this one has not.

        Args:
            path: The other journal; nothing is taken where it is not there.

        Raises:
            UserError: It is another run's.
            DataError: A line, other than a torn last one, is no episode.
        """
        if not path.exists():
            return
        with path.open("rb+") as file:
            for number, _, line in whole_lines(file):
                key, kept = self._read(line, path, number)
                if kept and key not in self:
                    self.append(key, line)

    def sort(self, goals: Sequence[str], trials: int) -> None:
        """Puts the episodes in order, those of other goals and trials last; the file is replaced at once.

        Args:
            goals: Ids of the goals.
            trials: Trials of each goal.
        """
        starts = (self._places[key] for key in self._ordered(goals, trials))
        if any(one > following for one, following in pairwise(starts)):
            self._rewrite(self._ordered(goals, trials))

    def _ordered(self, goals: Sequence[str], trials: int) -> Iterator[Key]:
        played = frozenset(goals)
        yield from (key for goal in goals for trial in range(trials) if (key := (goal, trial)) in self._places)
        yield from sorted(key for key in self._places if key[0] not in played or not 0 <= key[1] < trials)

    def _rewrite(self, keys: Iterable[Key]) -> None:
        """Keeps some episodes, in this order."""
        self._file.close()
        places = self._nowhere()
        written = 0
        with self.path.open("rb") as old, atomic_writer(self.path) as new:
            for key in keys:
                old.seek(self._places[key])
                line = old.readline()
                new.write(line.decode())
                places[key] = written
                written += len(line)
        self._places = places
        self._file = self.path.open("ab")

    def _nowhere(self) -> Places:
        return Places(list(self._goals), self._trials)

    def _resumed(self) -> tuple[Places, bool]:
        """Where each episode is, after a torn last line is cut off; and whether some are to be dropped."""
        places, dropped = self._nowhere(), set[Key]()
        if not self.path.exists():
            return places, False
        with self.path.open("rb+") as file:
            for number, start, line in whole_lines(file):
                key, kept = self._read(line, self.path, number)
                if key in places or key in dropped:
                    raise DataError(f"line {number} repeats trial {key[1]} of goal {key[0]}", file=str(self.path))
                if kept:
                    places[key] = start
                else:
                    dropped.add(key)
        return places, bool(dropped)

    def _read(self, line: bytes, path: Path, number: int) -> tuple[Key, bool]:
        """Goal and trial of an episode of this run, and whether it is kept and not played again."""
        record = _record(line, f"{path}, line {number}")
        self._check(record, path)
        key = (str(record["goal"]["id"]), int(record["trial"]))
        return key, not (self._retry and _TO_RETRY.fullmatch(str(record["end"])))

    def _check(self, record: Mapping[str, Any], path: Path) -> None:
        for name in _MADE_WITH:
            if record[name] != self.made_with[name]:
                raise UserError(
                    f"{path} has episodes of another run: {name} is {record[name]}, now {self.made_with[name]}; "
                    "name another file"
                )
        goal = record["goal"]
        if self._goals.get(goal["id"], goal) != goal:
            raise UserError(
                f"{path} has episodes of another run: its goal {goal['id']} is not the corpus's goal of that id "
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
