"""The numbers of a table: which scores one is made of, and what stands beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from tod_bench.experiments.config import Column
from tod_bench.experiments.results import Result
from tod_bench.scores import Score
from tod_metrics import canonical


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a table, on the scale of its metric (percentages 0 to 100).

    Attributes:
        value: The number; None where it is undefined or was not computed.
        low: Lower end of its 95% interval; None where there is none (several seeds have a spread instead).
        high: Upper end of the interval.
        spread: Standard deviation over seeds; None with one seed.
        published: The published value; None where there is none.
        signatures: What the number means: the signature of each score behind it.
        made_up: Whether it is of a small variant, or of scripted verdicts or ratings; it is not held against the
            published value.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    spread: float | None = None
    published: float | None = None
    signatures: tuple[str, ...] = field(default=(), compare=False)
    made_up: bool = field(default=False, compare=False)

    @property
    def from_published(self) -> float | None:
        """Ours minus the published value; None where either is missing, or ours is made up."""
        if self.published is None or self.value is None or self.made_up:
            return None
        return self.value - self.published

    @property
    def inside(self) -> bool | None:
        """Whether the published value lies inside our interval; None where either is missing, or ours is made up."""
        if self.published is None or self.low is None or self.high is None or self.made_up:
            return None
        return self.low <= self.published <= self.high


def spec_of(score: Score) -> str:
    """A score's metric as configs name it: ``name``, or ``name@protocol`` where it is not the default.

    What people said has no other protocol than theirs.
    """
    return score.metric if score.protocol in ("", "tod_bench", "people") else f"{score.metric}@{score.protocol}"


def matching(
    results: Sequence[Result], column: Column, system: str = "", corpus: str = ""
) -> list[tuple[Result, Score]]:
    """The scores that a column shows, each with its result; of all systems and corpora where none is named."""
    return [
        (result, score)
        for result in results
        if result.experiment.task == column.task
        and system in ("", result.experiment.system)
        and corpus in ("", result.experiment.corpus)
        for score in result.scores
        if spec_of(score) == canonical(column.metric) and score.is_of(column.domain)
    ]


def column_number(results: Sequence[Result], system: str, corpus: str, column: Column) -> Number:
    """The number of a column for one system and corpus: with its interval, or over seeds with its spread."""
    found = matching(results, column, system, corpus)
    scores = [score for _, score in found]
    values = [score.value for score in scores if score.value is not None]
    means = tuple(dict.fromkeys(str(score.signature) for score in scores))
    made_up = any(is_made_up(result, score) for result, score in found)
    if not values:
        return Number(signatures=means, made_up=made_up)
    if len(scores) == 1:
        return Number(scores[0].value, scores[0].low, scores[0].high, signatures=means, made_up=made_up)
    spread = stdev(values) if len(values) > 1 else None
    return Number(fmean(values), spread=spread, signatures=means, made_up=made_up)


def is_made_up(result: Result, score: Score) -> bool:
    """Whether a score is of a scripted judge or of scripted ratings: it says nothing of any system."""
    people = result.provenance.get("people", {})
    by_nobody = isinstance(people, Mapping) and people.get("file") == "scripted"
    return by_nobody or score.signature.options.get("judge") == "scripted"
