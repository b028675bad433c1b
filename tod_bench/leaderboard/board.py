"""The whole leaderboard as data: every submission verified, columns and ranks by track and task, history by date."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.leaderboard.ranking import Column, columns
from tod_bench.leaderboard.submission import RefusedError
from tod_bench.leaderboard.tracks import OpenTrack, Tracks
from tod_bench.leaderboard.verify import Entry, verify
from tod_bench.records import TaskName
from tod_bench.tasks import TASKS

TITLES: Mapping[TaskName, str] = {"dst": "dialogue state tracking", "policy": "policy", "response": "responses"}


@dataclass(frozen=True)
class Standing:
    """The systems of one track that answer one task.

    Attributes:
        track: The track.
        task: The task.
        entries: The entries, the best of the first column first.
        columns: The columns.
    """

    track: OpenTrack
    task: TaskName
    entries: tuple[Entry, ...]
    columns: tuple[Column, ...]

    @property
    def title(self) -> str:
        """Track and task in words."""
        return f"{self.track.settings.title}: {TITLES[self.task]}"

    @property
    def ranked(self) -> list[Entry]:
        """The entries that have a rank in the first column, by date."""
        places = self.columns[0].places
        found = [one for one in self.entries if (place := places.get(one.submission.name)) and place.best is not None]
        return sorted(found, key=lambda one: (one.card.date, one.submission.name))

    def best_until(self, date: datetime.date) -> Entry:
        """The best of the ranked entries up to a date, by the first column."""
        return min((one for one in self.ranked if one.card.date <= date), key=lambda one: _order(self.columns[0], one))


@dataclass(frozen=True)
class Board:
    """A leaderboard.

    Attributes:
        standings: Track by track, task by task.
        systems: (system, team) -> its entries, by date.
        refused: Submissions that are not shown, and why.
    """

    standings: tuple[Standing, ...]
    systems: Mapping[tuple[str, str], Sequence[Entry]]
    refused: tuple[RefusedError, ...]

    @property
    def newest_first(self) -> list[Entry]:
        """All entries, the newest first."""
        every = [entry for entries in self.systems.values() for entry in entries]
        return sorted(every, key=lambda one: (one.card.date, one.submission.name), reverse=True)


def read_board(folder: Path, tracks: Tracks, announce: Callable[[str], None] = lambda _name: None) -> Board:
    """Verifies every submission in a folder and ranks what holds.

    Args:
        folder: The folder of submissions; files in it and hidden folders are passed over.
        tracks: The tracks.
        announce: Called with the name of each submission before it is computed.

    Raises:
        UserError: There is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}")
    entries: list[Entry] = []
    refused: list[RefusedError] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or (path.is_file() and not path.is_symlink()):
            continue
        announce(path.name)
        try:
            entries.append(verify(path, tracks))
        except RefusedError as error:
            refused.append(error)
    found = [
        _standing(tracks.open(name), task, entries) for name in tracks.settings if _of(entries, name) for task in TASKS
    ]
    return Board(tuple(one for one in found if one is not None), _systems(entries), tuple(refused))


def _of(entries: Sequence[Entry], track: str) -> list[Entry]:
    return [entry for entry in entries if entry.card.track == track]


def _standing(track: OpenTrack, task: TaskName, entries: Sequence[Entry]) -> Standing | None:
    here = [entry for entry in _of(entries, track.name) if task in entry.card.tasks]
    if not here:
        return None
    found = columns(task, here)
    return Standing(track, task, tuple(sorted(here, key=lambda entry: _order(found[0], entry))), tuple(found))


def _order(column: Column, entry: Entry) -> tuple[bool, float, str]:
    """A key that sorts the best of a column first, and what it has no number for last."""
    place = column.places.get(entry.submission.name)
    value = None if place is None else place.score.value
    sign = 1 if column.higher_is_better is False else -1
    return value is None, sign * (value or 0.0), entry.submission.name


def _systems(entries: Sequence[Entry]) -> dict[tuple[str, str], list[Entry]]:
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in sorted(entries, key=lambda one: (one.card.date, one.submission.name)):
        found.setdefault((entry.card.system, entry.card.team), []).append(entry)
    return found
