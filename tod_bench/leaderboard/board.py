"""The whole leaderboard as data: every submission verified, columns and ranks by track and task, history by date."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.leaderboard.cache import Cache
from tod_bench.leaderboard.entries import outcomes
from tod_bench.leaderboard.identity import admitted
from tod_bench.leaderboard.ledger import LEDGER, read_ledger
from tod_bench.leaderboard.ranking import Column, columns
from tod_bench.leaderboard.submission import RefusedError
from tod_bench.leaderboard.tracks import OpenTrack, Tracks
from tod_bench.leaderboard.verify import Entry
from tod_bench.records import TaskName
from tod_bench.tasks import TASKS

TITLES: Mapping[TaskName, str] = {"dst": "dialogue state tracking", "policy": "policy", "response": "responses"}


@dataclass(frozen=True)
class Ranking:
    """The systems of one track that answer one task.

    Attributes:
        track: The track.
        task: The task.
        entries: The entries, the best of the first column first.
        columns: The columns.
        suspects: Entries whose answers are suspected of having been made from gold; they are in no column.
    """

    track: OpenTrack
    task: TaskName
    entries: tuple[Entry, ...]
    columns: tuple[Column, ...]
    suspects: tuple[Entry, ...] = ()

    @property
    def title(self) -> str:
        """Track and task in words."""
        return f"{self.track.settings.title}: {TITLES[self.task]}"

    @property
    def ranked(self) -> list[Entry]:
        """The entries that have a rank in the first column, by date."""
        if not self.columns:
            return []
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
        systems: Name of a page -> the entries of its system, by date.
        refused: Submissions that are not shown, and why.
        cache: Where results are kept.
    """

    standings: tuple[Ranking, ...]
    systems: Mapping[str, Sequence[Entry]]
    refused: tuple[RefusedError, ...]
    cache: Cache = field(default_factory=Cache, repr=False)

    @property
    def newest_first(self) -> list[Entry]:
        """All entries, the newest first."""
        every = [entry for entries in self.systems.values() for entry in entries]
        return sorted(every, key=lambda one: (one.card.date, one.submission.name), reverse=True)


def read_board(
    folder: Path,
    tracks: Tracks,
    announce: Callable[[str], None] = lambda _name: None,
    *,
    cache: Path | None = None,
    jobs: int = 1,
) -> Board:
    """Verifies every submission in a folder and ranks what holds.

    Args:
        folder: The folder of submissions; files in it and hidden folders are passed over, but for `LEDGER`.
        tracks: The tracks.
        announce: Called with the name of each submission that is computed.
        cache: Folder of what earlier builds computed; None to compute everything, and keep nothing.
        jobs: Processes to compute with.

    Raises:
        UserError: There is no such folder, or the file of decisions in it is unusable.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}")
    ledger, kept = read_ledger(folder), Cache(cache)
    found = outcomes(_submissions(folder), tracks, cache=kept, jobs=jobs, announce=announce)
    entries, refused = admitted([one for one in found if isinstance(one, Entry)], ledger)
    refused += [one for one in found if isinstance(one, RefusedError)]
    standings = [
        _standing(tracks.open(name), task, entries, kept, jobs)
        for name in tracks.settings
        if _of(entries, name)
        for task in TASKS
    ]
    kept.clean()
    refused.sort(key=lambda one: one.name)
    return Board(tuple(one for one in standings if one is not None), _systems(entries), tuple(refused), kept)


def _submissions(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".") and (path.is_symlink() or not path.is_file()) and path.name != LEDGER
    ]


def _of(entries: Sequence[Entry], track: str) -> list[Entry]:
    return [entry for entry in entries if entry.card.track == track]


def _standing(track: OpenTrack, task: TaskName, entries: Sequence[Entry], cache: Cache, jobs: int) -> Ranking | None:
    here = [entry for entry in _of(entries, track.name) if task in entry.card.tasks]
    if not here:
        return None
    suspects = [entry for entry in here if task in entry.suspicions]
    shown = [entry for entry in here if task not in entry.suspicions]
    found = columns(task, shown, track, cache=cache, jobs=jobs)
    if found:
        shown.sort(key=lambda entry: _order(found[0], entry))
    return Ranking(track, task, tuple(shown), tuple(found), tuple(suspects))


def _order(column: Column, entry: Entry) -> tuple[bool, float, str]:
    """A key that sorts the best of a column first, and what it has no number for last."""
    place = column.places.get(entry.submission.name)
    value = None if place is None else place.score.value
    sign = 1 if column.higher_is_better is False else -1
    return value is None, sign * (value or 0.0), entry.submission.name


def _systems(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda one: (one.card.date, one.submission.name)):
        found.setdefault(entry.page, []).append(entry)
    return found
