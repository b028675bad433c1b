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
from tod_bench.leaderboard.task_names import TITLES, Task
from tod_bench.leaderboard.tracks import OpenTrack, Tracks
from tod_bench.leaderboard.verify import Entry, meaning
from tod_bench.scores import Score


@dataclass(frozen=True)
class Ranking:
    """The systems of one track that answer one task.

    Attributes:
        track: The track.
        task: The task.
        entries: The entries: those with a rank in the first column first, the best of them leading.
        columns: The columns.
        suspects: Entries whose answers are suspected of having been made from gold; they are in no column.
    """

    track: OpenTrack
    task: Task
    entries: tuple[Entry, ...]
    columns: tuple[Column, ...]
    suspects: tuple[Entry, ...] = ()

    @property
    def title(self) -> str:
        """Track and task in words."""
        return f"{self.track.settings.title}: {TITLES[self.task]}"

    @property
    def ranked(self) -> list[Entry]:
        """The entries that have a rank in the first column, the best first."""
        return [entry for entry in self.entries if _has_rank(self.columns[0], entry)] if self.columns else []

    @property
    def unranked(self) -> list[Entry]:
        """The entries that have none: they were shown gold, are suspected of it, or have no score."""
        ranked = {entry.name for entry in self.ranked}
        return [entry for entry in (*self.entries, *self.suspects) if entry.name not in ranked]

    def score(self, entry: Entry, column: Column) -> Score | None:
        """The score of an entry under the signature of a column, also where it is not in the column."""
        scores = (score for score in entry.scores[self.task] if not score.slice)
        return next((score for score in scores if meaning(score) == column.signature), None)

    def best_until(self, date: datetime.date) -> Entry:
        """The best of the ranked entries up to a date, by the first column."""
        return next(entry for entry in self.ranked if entry.card.date <= date)


@dataclass(frozen=True)
class Board:
    """A leaderboard.

    Attributes:
        rankings: Track by track, task by task.
        systems: Name of a page -> the entries of its system, by date.
        refused: Submissions that are not shown, and why.
        tracks: The tracks that take submissions, shown or not.
        cache: Where results are kept.
    """

    rankings: tuple[Ranking, ...]
    systems: Mapping[str, Sequence[Entry]]
    refused: tuple[RefusedError, ...]
    tracks: Tracks
    cache: Cache = field(default_factory=Cache, repr=False)

    @property
    def newest_first(self) -> list[Entry]:
        """All entries, the newest first."""
        every = [entry for entries in self.systems.values() for entry in entries]
        return sorted(every, key=lambda entry: (entry.card.date, entry.name), reverse=True)


def read_board(
    folder: Path,
    tracks: Tracks,
    announce: Callable[[str], None] = lambda _name: None,
    *,
    cache: Path | None = None,
    workers: int = 1,
) -> Board:
    """Verifies every submission in a folder and ranks those that are accepted.

    Args:
        folder: The folder of submissions; files in it and hidden folders are passed over, but for `LEDGER`.
        tracks: The tracks.
        announce: Called with the name of each submission that is computed.
        cache: Folder of what earlier builds computed; None to compute everything, and keep nothing.
        workers: Processes to compute with.

    Raises:
        UserError: There is no such folder, or the file of decisions in it is unusable.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}")
    ledger, results = read_ledger(folder), Cache(cache)
    submissions = [
        path
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".") and (path.is_symlink() or not path.is_file()) and path.name != LEDGER
    ]
    read = outcomes(submissions, tracks, cache=results, workers=workers, announce=announce)
    entries, refused = admitted([one for one in read if isinstance(one, Entry)], ledger)
    refused += [one for one in read if isinstance(one, RefusedError)]
    refused.sort(key=lambda error: error.name)
    rankings = []
    for name in tracks.settings:
        for task in TITLES:
            here = [entry for entry in entries if entry.card.track == name and task in entry.card.tasks]
            if here:
                rankings.append(_ranking(tracks.open(name), task, here, results, workers))
    results.clean()
    systems: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.card.date, entry.name)):
        systems.setdefault(entry.page, []).append(entry)
    return Board(tuple(rankings), systems, tuple(refused), tracks, results)


def _ranking(track: OpenTrack, task: Task, entries: Sequence[Entry], cache: Cache, workers: int) -> Ranking:
    suspects = [entry for entry in entries if task in entry.suspicions]
    shown = [entry for entry in entries if task not in entry.suspicions]
    compared = columns(task, shown, track, cache=cache, workers=workers)
    if compared:
        shown.sort(key=lambda entry: _order(compared[0], entry))
    return Ranking(track, task, tuple(shown), tuple(compared), tuple(suspects))


def _has_rank(column: Column, entry: Entry) -> bool:
    place = column.places.get(entry.name)
    return place is not None and place.best is not None


def _order(column: Column, entry: Entry) -> tuple[bool, bool, float, str]:
    """A key that sorts the best that has a rank in a column first, and what the column has no number for last."""
    place = column.places.get(entry.name)
    value = None if place is None else place.score.value
    sign = 1 if column.higher_is_better is False else -1
    return not _has_rank(column, entry), value is None, sign * (value or 0.0), entry.name
