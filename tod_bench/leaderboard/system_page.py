"""What the page of a system shows: its cards, every score with its rank, and its answers dialogue by dialogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tod_bench.experiments.results import Experiment
from tod_bench.leaderboard.board import Board
from tod_bench.leaderboard.cache import key_of
from tod_bench.leaderboard.task_names import Task, turn_tasks
from tod_bench.leaderboard.tracks import OpenTrack
from tod_bench.leaderboard.verify import Entry, meaning
from tod_bench.reports.browser import Answers, BrowsedCorpus, browser_data, sample
from tod_bench.reports.numbers import spec_of
from tod_bench.reports.turns import judging_metric, state_turns
from tod_bench.scores import Score


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A score, what it is called, and its range of ranks (empty where it has none)."""

    task: Task
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
    ranks = {
        (name, column.signature): place.rank
        for ranking in board.rankings
        for column in ranking.columns
        for name, place in column.places.items()
    }
    shown = []
    for entry in reversed(entries):
        lines = [
            ScoreLine(task, spec_of(score), score, ranks.get((entry.name, meaning(score)), ""))
            for task, scores in entry.scores.items()
            for score in scores
        ]
        shown.append((entry, tuple(lines)))
    card = entries[0].card
    return SystemPage(card.system, card.team, tuple(shown), _browser(board, entries))


def _browser(board: Board, entries: Sequence[Entry]) -> Mapping[str, Any]:
    """What the dialogue browser shows; reading the predictions again takes longest, so it is kept in the cache."""
    key = key_of("browser", [entry.key for entry in entries]) if all(entry.key for entry in entries) else ""
    data: Mapping[str, Any] | None = board.cache.find(key) if key else None
    if data is None:
        tracks = {entry.card.track: entry.submission.track for entry in entries}
        data = browser_data(
            [
                BrowsedCorpus(
                    name,
                    len(track.dialogues),
                    sample(track.dialogues, track.settings.dialogues),
                    _answers([entry for entry in entries if entry.card.track == name], track),
                )
                for name, track in tracks.items()
                if track.settings.dialogues and not track.settings.play
            ]
        )
        if key:
            board.cache.keep(key, data)
    return data


def _answers(entries: Sequence[Entry], track: OpenTrack) -> list[Answers]:
    """What each of a system's entries to one track answered."""
    shown = []
    for entry in entries:
        card, turns = entry.card, entry.submission.turns
        answers = Answers(f"{card.system}, {card.date}" if len(entries) > 1 else card.system)
        for task in turn_tasks(card.tasks):
            if task == "dst":
                metric = judging_metric(track.settings.metrics[task])
                experiment = Experiment(track.name, card.system, task, 0)
                answers.turns = state_turns(experiment, metric, track.corpus, track.dialogues, turns)
            else:
                answers.predictions[task] = turns
        shown.append(answers)
    return shown
