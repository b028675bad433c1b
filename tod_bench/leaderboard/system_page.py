"""What the page of a system shows: its cards, every score with its rank, and its answers dialogue by dialogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tod_bench.experiments.results import Experiment
from tod_bench.leaderboard.board import Board
from tod_bench.leaderboard.cache import Cache, key_of
from tod_bench.leaderboard.tracks import OpenTrack
from tod_bench.leaderboard.verify import Entry, meaning
from tod_bench.records import TaskName
from tod_bench.reports.browser import Answers, BrowsedCorpus, browser_data, sample
from tod_bench.reports.numbers import spec_of
from tod_bench.reports.turns import judging_metric, state_turns
from tod_bench.scores import Score


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A score, what it is called, and its range of ranks (empty where it has none)."""

    task: TaskName
    label: str
    score: Score
    rank: str


@dataclass(frozen=True)
class SystemPage:
    """Everything that the page of a system shows.

    Attributes:
        system: The system's name.
        team: Its team.
        entries: Its entries, each with its scores: the newest first.
        browser: What the dialogue browser shows (see `tod_bench.reports.browser`).
    """

    system: str
    team: str
    entries: tuple[tuple[Entry, tuple[ScoreLine, ...]], ...]
    browser: Mapping[str, Any]


def system_page(board: Board, entries: Sequence[Entry]) -> SystemPage:
    """The page of one system.

    Args:
        board: The leaderboard.
        entries: The system's entries, by date.
    """
    card = entries[0].card
    ranks = _ranks(board)
    return SystemPage(
        card.system,
        card.team,
        tuple((entry, tuple(_score_lines(entry, ranks))) for entry in reversed(entries)),
        _browser(board.cache, entries),
    )


def _browser(cache: Cache, entries: Sequence[Entry]) -> Mapping[str, Any]:
    """What the dialogue browser shows; reading the predictions again takes longest, so it is kept."""
    keys = [entry.key for entry in entries]
    if not all(keys):
        return browser_data(_shelves(entries))
    key = key_of("browser", keys)
    data: Mapping[str, Any] | None = cache.find(key)
    if data is None:
        data = browser_data(_shelves(entries))
        cache.keep(key, data)
    return data


def _ranks(board: Board) -> dict[tuple[str, str], str]:
    """(submission, meaning of a score) -> range of ranks."""
    return {
        (name, column.signature): place.rank
        for standing in board.standings
        for column in standing.columns
        for name, place in column.places.items()
    }


def _score_lines(entry: Entry, ranks: Mapping[tuple[str, str], str]) -> list[ScoreLine]:
    name = entry.submission.name
    return [
        ScoreLine(task, spec_of(score), score, ranks.get((name, meaning(score)), ""))
        for task, scores in entry.scores.items()
        for score in scores
    ]


def _shelves(entries: Sequence[Entry]) -> list[BrowsedCorpus]:
    """The dialogues to show of each track, with what each of the system's entries answered."""
    tracks = {entry.submission.track.name: entry.submission.track for entry in entries}
    return [
        BrowsedCorpus(
            name,
            len(track.dialogues),
            sample(track.dialogues, track.settings.dialogues),
            [_answers(entry, track, entries) for entry in entries if entry.card.track == name],
        )
        for name, track in tracks.items()
        if track.settings.dialogues
    ]


def _answers(entry: Entry, track: OpenTrack, entries: Sequence[Entry]) -> Answers:
    card, turns = entry.card, entry.submission.turns
    again = sum(other.card.track == card.track for other in entries) > 1
    answers = Answers(f"{card.system}, {card.date}" if again else card.system)
    for task in card.tasks:
        if task == "dst":
            metric = judging_metric(track.settings.metrics[task])
            cell = Experiment(track.name, card.system, task, 0)
            answers.turns = state_turns(cell, metric, track.corpus, track.dialogues, turns)
        else:
            answers.predictions[task] = turns
    return answers
