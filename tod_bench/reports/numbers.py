"""The numbers of a table: which scores one is made of, what stands beside it, and how it is written in every form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from tod_bench.display import MISSING
from tod_bench.experiments.config import Column
from tod_bench.experiments.results import Result
from tod_bench.numerals import decimal, with_interval
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
        scripted: Whether it is of a small variant, or of scripted verdicts or ratings; it is not held against the
            published value.
        p: Two-sided p-value of a difference, corrected over all differences of the table; None where there is none.
        note: Why a difference has no interval and p-value; empty where it has them, and of other numbers.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    spread: float | None = None
    published: float | None = None
    signatures: tuple[str, ...] = field(default=(), compare=False)
    scripted: bool = field(default=False, compare=False)
    p: float | None = None
    note: str = field(default="", compare=False)

    @property
    def from_published(self) -> float | None:
        """Ours minus the published value; None where either is missing, or ours is scripted."""
        if self.published is None or self.value is None or self.scripted:
            return None
        return self.value - self.published

    @property
    def inside(self) -> bool | None:
        """Whether the published value lies inside our interval; None where either is missing, or ours is scripted."""
        if self.published is None or self.low is None or self.high is None or self.scripted:
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
    scored = matching(results, column, system, corpus)
    values = [score.value for _, score in scored if score.value is not None]
    signatures = tuple(dict.fromkeys(str(score.signature) for _, score in scored))
    scripted = any(is_scripted(result, score) for result, score in scored)
    if not values:
        return Number(signatures=signatures, scripted=scripted)
    if len(scored) == 1:
        _, score = scored[0]
        return Number(score.value, score.low, score.high, signatures=signatures, scripted=scripted)
    spread = stdev(values) if len(values) > 1 else None
    return Number(fmean(values), spread=spread, signatures=signatures, scripted=scripted)


def is_scripted(result: Result, score: Score) -> bool:
    """Whether a score is of a scripted judge or of scripted ratings: it says nothing of any system."""
    people = result.provenance.get("people", {})
    by_nobody = isinstance(people, Mapping) and people.get("file") == "scripted"
    return by_nobody or score.signature.options.get("judge") == "scripted"


def written(number: Number, *, signed: bool = False) -> str:
    """The value with its interval ``57.32 [55.1, 59.5]``, or with its spread over seeds ``57.32 ± 0.80``.

    A difference has its p-value behind its interval: ``-1.28 [-3.1, 0.6], p = 0.1768``.
    """
    if number.value is None:
        return MISSING
    text = with_interval(number.value, number.low, number.high, signed=signed)
    if number.low is None or number.high is None:
        return text if number.spread is None else f"{text} ± {decimal(number.spread)}"
    return text if number.p is None else f"{text}, {p_value(number.p)}"


def p_value(p: float) -> str:
    """A p-value as it is written beside a number: ``p = 0.0123``, ``p < 0.0001``."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


def against_published(number: Number, *, signed: bool = False) -> str:
    """The published value and how far ours is from it: ``47.17 (+1.20, inside our interval)``."""
    if number.published is None:
        return MISSING
    published = decimal(number.published, signed=signed)
    if number.from_published is None:
        return published
    where = {True: ", inside our interval", False: ", outside our interval", None: ""}[number.inside]
    return f"{published} ({decimal(number.from_published, signed=True)}{where})"
