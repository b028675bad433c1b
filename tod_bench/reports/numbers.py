"""The numbers of a table: which scores one is made of, and what stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from metrics import canonical
from tod_bench.configs import Column
from tod_bench.results import Result
from tod_bench.scores import Score


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
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    spread: float | None = None
    published: float | None = None
    signatures: tuple[str, ...] = field(default=(), compare=False)

    @property
    def inside(self) -> bool | None:
        """Whether the published value lies inside our interval; None where either is missing."""
        if self.published is None or self.low is None or self.high is None:
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
        if result.cell.task == column.task and system in ("", result.cell.system) and corpus in ("", result.cell.corpus)
        for score in result.scores
        if spec_of(score) == canonical(column.metric) and score.domain == column.domain
    ]


def column_number(results: Sequence[Result], system: str, corpus: str, column: Column) -> Number:
    """The number of a column for one system and corpus: with its interval, or over seeds with its spread."""
    scores = [score for _, score in matching(results, column, system, corpus)]
    values = [score.value for score in scores if score.value is not None]
    means = tuple(dict.fromkeys(score.signature for score in scores))
    if not values:
        return Number(signatures=means)
    if len(scores) == 1:
        return Number(scores[0].value, scores[0].low, scores[0].high, signatures=means)
    return Number(fmean(values), spread=stdev(values) if len(values) > 1 else None, signatures=means)
