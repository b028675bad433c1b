"""The scores that a submission reports, and their comparison with those computed here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tod_bench.errors import UserError
from tod_bench.files import write_json
from tod_bench.leaderboard.bounds import parse_json, read_text
from tod_bench.leaderboard.task_names import Task
from tod_bench.leaderboard.tracks import OpenTrack
from tod_bench.scores import Score

BIGGEST_SCORES = 1 << 22
"""Bytes of a file of scores."""

TOLERANCE = 1e-6
"""How far two computations of one number may be apart: sums of another machine's linear algebra."""

Number = Annotated[float, Field(allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=600)]


class ReportedScore(BaseModel):
    """A score as its makers computed it; see `tod_bench.scores.Score` for the fields.

    `domain` is the slice, printed; it keeps the name that it has in the files of submissions.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: Text
    protocol: Text
    domain: Text = ""
    value: Number | None
    low: Number | None
    high: Number | None
    n: int = Field(ge=0, le=10**9)
    signature: Text

    @property
    def name(self) -> str:
        """Metric, protocol and domain, for messages."""
        return f"{self.metric}@{self.protocol}" + (f" of {self.domain}" if self.domain else "")


class ReportedScores(BaseModel):
    """All scores that a submission reports.

    Attributes:
        corpus: Name of the corpus that they were computed on.
        fingerprint: Its fingerprint.
        scores: Task -> scores.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    corpus: Text
    fingerprint: Text
    scores: dict[Task, tuple[ReportedScore, ...]]


def reported_scores(track: OpenTrack, scores: Mapping[Task, Sequence[Score]]) -> ReportedScores:
    """Computed scores in the form in which a submission reports them."""
    return ReportedScores(
        corpus=track.corpus.name,
        fingerprint=track.corpus.fingerprint,
        scores={
            task: tuple(
                ReportedScore(
                    metric=score.metric,
                    protocol=score.protocol,
                    domain=str(score.slice or ""),
                    value=score.value,
                    low=score.low,
                    high=score.high,
                    n=score.n,
                    signature=str(score.signature),
                )
                for score in task_scores
            )
            for task, task_scores in scores.items()
        },
    )


def write_reported(reported: ReportedScores, path: Path) -> None:
    """Writes reported scores as JSON."""
    write_json(path, reported.model_dump(mode="json"))


def read_reported(path: Path) -> ReportedScores:
    """Reads reported scores.

    Raises:
        UserError: The file is unusable.
    """
    value: Any = parse_json(read_text(path, BIGGEST_SCORES), path.name)
    try:
        return ReportedScores.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part)[:40] for part in first["loc"])
        raise UserError(f"{path.name}, {key}: {first['msg']}; write it with `tod-bench submit prepare`") from None


def mismatches(reported: ReportedScores, computed: ReportedScores) -> list[str]:
    """Every way in which reported scores differ from what was computed, a sentence each."""
    problems = []
    for task in sorted({*reported.scores, *computed.scores}):
        reported_here = reported.scores.get(task, ())
        theirs = {score.name: score for score in reported_here}
        ours = {score.name: score for score in computed.scores.get(task, ())}
        problems += [f"{task}, {name}: reported, and no number of this track" for name in theirs if name not in ours]
        problems += [f"{task}, {name}: not reported" for name in ours if name not in theirs]
        for name, score in ours.items():
            if name in theirs:
                problems += [f"{task}, {name}: {difference}" for difference in _differences(theirs[name], score)]
        if len(reported_here) > len(theirs):
            problems.append(f"{task}: {len(reported_here) - len(theirs)} numbers are reported twice")
    if problems and reported.fingerprint != computed.fingerprint:
        problems.insert(0, f"the scores are over other data than {computed.corpus} here (another fingerprint)")
    return problems


def _differences(theirs: ReportedScore, ours: ReportedScore) -> list[str]:
    differences = []
    if theirs.signature != ours.signature:
        differences.append(f"reported under {theirs.signature}, computed under {ours.signature}")
    for field, words in (("value", "value"), ("low", "lower end"), ("high", "upper end"), ("n", "n")):
        reported, computed = getattr(theirs, field), getattr(ours, field)
        if reported is None and computed is None:
            continue
        if reported is None or computed is None or abs(reported - computed) > TOLERANCE:
            differences.append(f"{words} reported as {_written(reported)}, computed as {_written(computed)}")
    return differences


def _written(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
