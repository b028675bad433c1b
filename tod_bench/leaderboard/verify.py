"""Every number of a submission computed from its predictions, and held against what it reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tod_bench.files import digest_of
from tod_bench.leaderboard.card import Card
from tod_bench.leaderboard.play_scores import play_scores
from tod_bench.leaderboard.reported import mismatches, reported_scores
from tod_bench.leaderboard.submission import RefusedError, Submission, validate_submission
from tod_bench.leaderboard.task_names import PLAY, Task, turn_tasks
from tod_bench.leaderboard.tracks import Tracks
from tod_bench.records import TaskName
from tod_bench.scores import Score
from tod_bench.scoring import ScoreSheet, score
from tod_bench.scoring.gold import require_gold
from tod_bench.statistics.bootstrap import FloatArray


@dataclass(frozen=True)
class Entry:
    """A submission whose every number was computed here.

    Attributes:
        submission: The submission.
        scores: Task -> scores, as computed.
        sums: Task -> meaning of a score of the whole -> statistics of each dialogue (of a played track: of each goal),
            shape (dialogues, k), for tests between systems.
        key: What all of this was computed from; the same key, the same entry.
        cleared: Task -> why the maintainers of the leaderboard have cleared a suspicion.
        namesake: Name of the submission that has the page of this system and team, where nobody has confirmed that this
            one is by the same makers; empty for an entry that is on that page.
    """

    submission: Submission
    scores: Mapping[Task, list[Score]]
    sums: Mapping[Task, Mapping[str, FloatArray]]
    key: str = ""
    cleared: Mapping[Task, str] = field(default_factory=dict)
    namesake: str = ""

    @property
    def name(self) -> str:
        """Name of the submission."""
        return self.submission.name

    @property
    def card(self) -> Card:
        """The submission's card."""
        return self.submission.card

    @property
    def suspicions(self) -> dict[Task, str]:
        """Task -> why its answers are suspected of having been made from gold, unless that is cleared."""
        return {task: why for task, why in self.submission.suspicions.items() if task not in self.cleared}

    @property
    def page(self) -> str:
        """Name of the page that it is on: its system's, or one of its own where that is a namesake's."""
        return f"{self.card.slug}-{digest_of(self.name)[:6]}" if self.namesake else self.card.slug


def meaning(score: Score) -> str:
    """A signature without its n: how many items count may depend on what was predicted (precision)."""
    return str(score.meaning)


def verify_submission(folder: str | Path, tracks: Tracks | None = None) -> Entry:
    """Computes every number of a submission and compares it with what the submission reports.

    Args:
        folder: The submission.
        tracks: The tracks; those that ship with tod-bench by default.

    Raises:
        RefusedError: The submission is unusable, or any number is not what it reports; every mismatch is named.
    """
    submission = validate_submission(folder, tracks)
    scores, sums = computed_scores(submission)
    problems = mismatches(submission.reported, reported_scores(submission.track, scores))
    if problems:
        raise RefusedError(submission.name, problems)
    return Entry(submission, scores, sums)


Computed = tuple[dict[Task, list[Score]], dict[Task, dict[str, FloatArray]]]
"""Task -> scores; task -> meaning of a score of the whole -> statistics of each dialogue."""


def computed_scores(submission: Submission) -> Computed:
    """The scores of a submission under all metrics of its track, computed from its predictions or episodes.

    Raises:
        UserError: The corpus lacks what a metric needs.
    """
    track = submission.track
    if track.settings.play:
        played, sums = play_scores(track, submission.items)
        return {PLAY: played}, {PLAY: sums}
    tasks = turn_tasks(submission.card.tasks)
    for task in tasks:
        require_gold(track.corpus, track.settings.split, task, track.settings.metrics[task])
    sheets = {task: _sheet(submission, task) for task in tasks}
    return {task: list(sheet) for task, sheet in sheets.items()}, {
        task: {meaning(row.score): row.sums for row in sheet.rows if not row.score.slice}
        for task, sheet in sheets.items()
    }


def _sheet(submission: Submission, task: TaskName) -> ScoreSheet:
    track = submission.track
    return score(
        task,
        track.dialogues,
        submission.turns,
        corpus_name=track.corpus.name,
        split=track.split,
        notes=track.notes,
        schema=track.corpus.schema,
        metrics=track.settings.metrics[task],
        database=track.corpus.database,
        draws=track.settings.bootstrap.draws,
        seed=track.settings.bootstrap.seed,
    )
