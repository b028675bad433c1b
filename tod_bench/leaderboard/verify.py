"""Every number of a submission computed from its predictions, and held against what it claims."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tod_bench.leaderboard.answers import Turns
from tod_bench.leaderboard.card import Card
from tod_bench.leaderboard.claim import claim_of, mismatches
from tod_bench.leaderboard.submission import RefusedError, Submission, validate
from tod_bench.leaderboard.tracks import OpenTrack, Tracks
from tod_bench.records import TaskName
from tod_bench.scores import Score
from tod_bench.scoring import ScoreRow, score, score_rows
from tod_bench.scoring.gold import require_gold


@dataclass(frozen=True)
class Entry:
    """A submission whose every number was computed here.

    Attributes:
        submission: The submission.
        scores: Task -> scores, as computed.
    """

    submission: Submission
    scores: dict[TaskName, list[Score]]

    @property
    def card(self) -> Card:
        """The submission's card."""
        return self.submission.card

    def rows(self, task: TaskName) -> list[ScoreRow]:
        """The statistics of each dialogue behind a task's scores, for tests between systems."""
        return score_rows(**_arguments(task, self.submission.track, self.submission.turns))


def verify(folder: Path, tracks: Tracks) -> Entry:
    """Computes every number of a submission and compares it with the claim.

    Args:
        folder: The submission.
        tracks: The tracks.

    Raises:
        RefusedError: The submission is unusable, or any number is not what it claims; every mismatch is named.
    """
    submission = validate(folder, tracks)
    scores = computed(submission.track, submission.card.tasks, submission.turns)
    wrong = mismatches(submission.claim, claim_of(submission.track, scores))
    if wrong:
        raise RefusedError(submission.name, wrong)
    return Entry(submission, scores)


def computed(track: OpenTrack, tasks: tuple[TaskName, ...], turns: Turns) -> dict[TaskName, list[Score]]:
    """The scores of predictions under all metrics of a track.

    Raises:
        UserError: The corpus lacks what a metric needs.
    """
    for task in tasks:
        require_gold(track.corpus, track.settings.split, task, track.settings.metrics[task])
    bootstrap = track.settings.bootstrap
    return {task: score(**_arguments(task, track, turns), draws=bootstrap.draws, seed=bootstrap.seed) for task in tasks}


def _arguments(task: TaskName, track: OpenTrack, turns: Turns) -> dict[str, Any]:
    return {
        "task": task,
        "dialogues": track.dialogues,
        "predictions": turns,
        "corpus_name": track.corpus.name,
        "split": track.split,
        "notes": track.notes,
        "schema": track.corpus.schema,
        "metrics": track.settings.metrics[task],
        "database": track.corpus.database,
    }
