"""Agreement: between people, between judge and people, and how it rises with the judge's stated certainty.

Krippendorff's alpha per question and over all Likert questions together, with an interval by resampling items. Judge
and people are compared in three ways: the judge against the people's consensus (median point, most frequent label), the
judge as one more rater among them, and the judge against each person.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import median_low

import numpy as np

from tod_bench.judge.config import Resampling
from tod_bench.judge.questions import EMOTION, EMOTIONS, QUESTIONS, SCALE, WINNER
from tod_bench.judge.ratings import Rating
from tod_bench.statistics import bootstrap_interval, cluster_sums
from tod_metrics.judge.agreement import (
    Level,
    NoAlpha,
    alpha_of_coincidences,
    alpha_of_counts,
    count_ratings,
    unit_coincidences,
)

_VALUES: dict[str, Sequence[int | str]] = {
    WINNER: ("first", "second", "tie", "inconsistent"),
    EMOTION: EMOTIONS,
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """Alpha between two or more raters on one question.

    Attributes:
        between: ``people``, ``judge and consensus``, ``judge among people``, or ``judge and NAME``.
        question: The question; ``all`` for the Likert questions together.
        level: Level of measurement.
        alpha: Krippendorff's alpha; None where it does not exist.
        low: Lower end of its 95% interval, over items.
        high: Upper end.
        raters: Raters.
        units: Units with two ratings or more.
        same: Share of pairs of ratings that are equal, 0 to 100.
        note: Why there is no alpha; mostly empty.
    """

    between: str
    question: str
    level: Level
    alpha: float | None
    low: float | None
    high: float | None
    raters: int
    units: int
    same: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """How often the judge agrees when only its more certain verdicts are kept.

    Attributes:
        certainty: Least certainty that is kept, 0 to 100.
        coverage: Share of verdicts kept, 0 to 100.
        agreement: Share of those that agree with the consensus, 0 to 100.
    """

    certainty: int
    coverage: float
    agreement: float


def level_of(question: str) -> Level:
    """Likert questions are ordinal, the others nominal."""
    return "nominal" if question in _VALUES else "ordinal"


def agreements(
    people: Sequence[Rating], judge: Sequence[Rating], by: Resampling, level: Level | None = None
) -> list[Agreement]:
    """Every agreement that the ratings give, question by question, then over the Likert questions together.

    Args:
        people: Ratings by people.
        judge: Ratings by the judge (its repeats count as their median, or most frequent label); may be empty.
        by: How intervals are drawn.
        level: Level of measurement; by question where None.
    """
    found = []
    settled = consensus(judge, "judge")
    agreed = consensus(people, "consensus")
    raters = sorted({rating.rater for rating in people})
    for name in _questions(people):
        sets: list[tuple[str, list[Rating]]] = [("people", _of(people, name))] if len(raters) > 1 else []
        own = _of(settled, name)
        if own:
            sets.append(("judge and consensus", [*own, *_of(agreed, name)]))
            sets.append(("judge among people", [*own, *_of(people, name)]))
            if len(raters) > 1:
                one = [(rater, [r for r in _of(people, name) if r.rater == rater]) for rater in raters]
                sets += [(f"judge and {rater}", [*own, *theirs]) for rater, theirs in one]
        found += [_agreement(between, name, ratings, by, level) for between, ratings in sets]
    return found


def consensus(ratings: Sequence[Rating], rater: str) -> list[Rating]:
    """One rating a unit: the median point (the lower of two), or the most frequent label.

    Two labels that are equally frequent are no consensus for emotions, and a tie for pairs.
    """
    units: dict[tuple[str, str, str, int | None], list[Rating]] = defaultdict(list)
    for rating in ratings:
        if rating.value is not None and rating.persona == "own":
            units[rating.item, rating.question, rating.arm, rating.turn].append(rating)
    found = []
    for (item, question, arm, turn), own in units.items():
        value = _settled(question, [rating.value for rating in own if rating.value is not None])
        stated = [rating.certainty for rating in own if rating.certainty is not None]
        certainty = round(sum(stated) / len(stated)) if stated else None
        if value is not None:
            found.append(Rating(item, question, value, arm, rater, turn=turn, certainty=certainty))
    return found


def _settled(question: str, values: Sequence[int | str]) -> int | str | None:
    if question in QUESTIONS:
        return median_low([int(value) for value in values])
    (first, most), *others = Counter(values).most_common(2)
    if others and others[0][1] == most:
        return "tie" if question == WINNER else None
    return first


def _questions(ratings: Sequence[Rating]) -> list[str]:
    order = [*QUESTIONS, WINNER, EMOTION]
    found = sorted({rating.question for rating in ratings}, key=order.index)
    return [*found, "all"] if sum(name in QUESTIONS for name in found) > 1 else found


def _of(ratings: Sequence[Rating], question: str) -> list[Rating]:
    return [r for r in ratings if r.question == question or (question == "all" and r.question in QUESTIONS)]


def _agreement(
    between: str, question: str, ratings: Sequence[Rating], by: Resampling, level: Level | None
) -> Agreement:
    scale = level or level_of(question)
    units, table = _table(ratings)
    found = count_ratings(table, scale, _VALUES.get(question, tuple(SCALE)))
    raters, same = len(table), _same(table)
    if isinstance(found, NoAlpha):
        return Agreement(between, question, scale, None, None, None, raters, 0, same, found.reason)
    items = {name: number for number, name in enumerate(sorted({unit[0] for unit in units}))}
    sums = cluster_sums(unit_coincidences(found.counts), np.array([items[unit[0]] for unit in units]))
    interval = bootstrap_interval(
        sums, alpha_of_coincidences(found.scale, scale), draws=min(by.draws, 2000), seed=by.seed
    )
    exact = alpha_of_counts(found)
    return Agreement(between, question, scale, exact.value, interval.low, interval.high, raters, exact.units, same)


_Unit = tuple[str, str, str, int | None]


def _table(ratings: Sequence[Rating]) -> tuple[list[_Unit], list[list[int | str | None]]]:
    """Units, and the raters' values of each, one row a rater.

    A file of ratings need not name the version; where one side names it and the other does not, the version is ignored.
    """
    arms = any(not rating.arm for rating in ratings)
    units: dict[_Unit, int] = {}
    cells: dict[str, dict[int, int | str]] = defaultdict(dict)
    for rating in ratings:
        if rating.value is not None:
            unit = (rating.item, rating.question, "" if arms else rating.arm, rating.turn)
            cells[rating.rater][units.setdefault(unit, len(units))] = rating.value
    return list(units), [[own.get(place) for place in range(len(units))] for own in cells.values()]


def _same(table: Sequence[Sequence[int | str | None]]) -> float | None:
    """Share of pairs of ratings of one unit that are equal, 0 to 100."""
    equal = total = 0
    for unit in zip(*table, strict=True):
        counts = Counter(value for value in unit if value is not None)
        given = sum(counts.values())
        equal += sum(count * (count - 1) for count in counts.values())
        total += given * (given - 1)
    return 100 * equal / total if total else None


def coverage_curve(judge: Sequence[Rating], people: Sequence[Rating]) -> list[CoveragePoint]:
    """Agreement with the people's consensus when only verdicts of at least some certainty are kept.

    One point for every certainty that was stated, the whole set first; empty where none was stated.
    """
    agreed: dict[Hashable, int | str | None] = {
        (r.item, r.question, r.turn): r.value for r in consensus(people, "consensus")
    }
    pairs = [
        (rating.certainty, rating.value == agreed[rating.item, rating.question, rating.turn])
        for rating in judge
        if rating.certainty is not None
        and rating.value is not None
        and rating.persona == "own"
        and (rating.item, rating.question, rating.turn) in agreed
    ]
    points = []
    for least in sorted({certainty for certainty, _ in pairs}):
        kept = [same for certainty, same in pairs if certainty >= least]
        points.append(CoveragePoint(least, 100 * len(kept) / len(pairs), 100 * sum(kept) / len(kept)))
    return points
