"""Likert ratings as numbers: means with intervals and bounds by question and group, and tests between versions.

The mean is over ratings that there are; the bounds say where it would be if every missing one were a 1, or a 4.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tod_bench.judge.config import Resampling
from tod_bench.judge.groups import ALL, GROUPS, Group
from tod_bench.judge.questions import QUESTIONS, SCALE
from tod_bench.judge.ratings import Rating
from tod_bench.judge.verdicts import PERSONAS, PersonaUse
from tod_bench.statistics import approximate_randomization, bootstrap_interval, holm
from tod_metrics.base import ratio

FloatArray = NDArray[np.float64]
Attributes = Mapping[str, Mapping[str, str]]
"""Item -> attributes of its user."""

_Cell = tuple[str, str, bool, PersonaUse]
"""Version, question, whether asked together, and whose persona was shown."""


@dataclass(frozen=True, slots=True)
class LikertRow:
    """One question of one version in one group.

    Attributes:
        arm: The version.
        question: The question.
        group: The group's label.
        together: Whether all questions were asked in one call.
        persona: Whose persona was shown.
        items: Items with at least one rating.
        ratings: Ratings that have a value.
        unscored: Ratings that have none.
        defaulted: Values that the protocol made up for unreadable answers.
        mean: Mean of the values, 1 to 4; None where there are none.
        low: Lower end of its 95% interval, over dialogues.
        high: Upper end.
        worst: The mean if every unscored rating were a 1.
        best: The mean if every unscored rating were a 4.
        distribution: Ratings of each value, 1 to 4.
    """

    arm: str
    question: str
    group: str
    together: bool
    persona: PersonaUse
    items: int
    ratings: int
    unscored: int
    defaulted: int
    mean: float | None
    low: float | None
    high: float | None
    worst: float | None
    best: float | None
    distribution: tuple[int, ...]

    @property
    def unscored_rate(self) -> float:
        """Share of ratings without a value, 0 to 1."""
        return self.unscored / max(1, self.unscored + self.ratings)


@dataclass(frozen=True, slots=True)
class LikertTest:
    """A paired test of one question: between two versions, or between two ways to ask.

    Attributes:
        question: The question.
        a: One side.
        b: The other side.
        effect: Mean of a less mean of b, over items that both have.
        low: Lower end of its 95% interval.
        high: Upper end.
        p: Two-sided p of approximate randomisation over dialogues.
        p_holm: The same, corrected over the family of tests that it stands in.
        items: Items that both sides have.
    """

    question: str
    a: str
    b: str
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    items: int


def likert_rows(ratings: Sequence[Rating], attributes: Attributes, by: Resampling) -> list[LikertRow]:
    """Every question of every version, way of asking and group that has ratings."""
    cells: dict[_Cell, list[Rating]] = {}
    for rating in ratings:
        if rating.question in QUESTIONS:
            cells.setdefault((rating.arm, rating.question, rating.together, rating.persona), []).append(rating)
    order = list(QUESTIONS)
    rows = []
    for cell, own in sorted(cells.items(), key=lambda entry: _place(entry[0], order)):
        for group in GROUPS:
            chosen = [rating for rating in own if group.holds(attributes.get(rating.item, {}))]
            if chosen and (group is ALL or cell[3] == "own"):
                rows.append(_row(cell, group, chosen, by))
    return rows


def _place(cell: _Cell, order: list[str]) -> tuple[object, ...]:
    arm, question, together, persona = cell
    return (arm, PERSONAS.index(persona), not together, order.index(question))


def item_sums(ratings: Sequence[Rating]) -> tuple[list[str], FloatArray]:
    """Items, and for each the sum and the number of its values, shape (items, 2)."""
    names = sorted({rating.item for rating in ratings})
    place = {name: index for index, name in enumerate(names)}
    sums = np.zeros((len(names), 2))
    for rating in ratings:
        if isinstance(rating.value, int):
            sums[place[rating.item]] += (rating.value, 1)
    return names, sums


def mean_of(sums: FloatArray) -> FloatArray:
    """Means of summed statistics, shape (..., 2) to (...)."""
    return ratio(sums[..., 0], sums[..., 1])


def _row(cell: _Cell, group: Group, ratings: Sequence[Rating], by: Resampling) -> LikertRow:
    arm, question, together, persona = cell
    _, sums = item_sums(ratings)
    total, count = sums.sum(axis=0)
    missing = len(ratings) - int(count)
    interval = bootstrap_interval(sums, mean_of, draws=by.draws, seed=by.seed)
    found = Counter(rating.value for rating in ratings)
    least, most = min(SCALE), max(SCALE)
    return LikertRow(
        *(arm, question, group.label, together, persona),
        items=len(sums),
        ratings=int(count),
        unscored=missing,
        defaulted=sum(rating.defaulted for rating in ratings),
        mean=float(total / count) if count else None,
        low=interval.low,
        high=interval.high,
        worst=float((total + least * missing) / len(ratings)),
        best=float((total + most * missing) / len(ratings)),
        distribution=tuple(found[point] for point in SCALE),
    )


def arm_tests(ratings: Sequence[Rating], by: Resampling) -> list[LikertTest]:
    """Tests between every two versions, question by question; Holm over all of them.

    Where questions were asked both together and apart, those asked together are compared.
    """
    own = [rating for rating in ratings if rating.persona == "own" and rating.question in QUESTIONS]
    together = [rating for rating in own if rating.together]
    own = together or own
    arms = list(dict.fromkeys(rating.arm for rating in own))
    sides = {(arm, q): [r for r in own if r.arm == arm and r.question == q] for arm in arms for q in QUESTIONS}
    found = [
        paired_test(question, (a, b), sides[a, question], sides[b, question], by)
        for a, b in combinations(arms, 2)
        for question in QUESTIONS
        if sides[a, question] and sides[b, question]
    ]
    return corrected(found)


def asking_tests(ratings: Sequence[Rating], by: Resampling) -> list[LikertTest]:
    """Tests between asking all questions in one call and one a call; Holm over all of them."""
    found = []
    for question in QUESTIONS:
        own = [rating for rating in ratings if rating.persona == "own" and rating.question == question]
        apart = [rating for rating in own if not rating.together]
        together = [rating for rating in own if rating.together]
        if apart and together:
            found.append(paired_test(question, ("together", "apart"), together, apart, by))
    return corrected(found)


def paired_test(
    question: str, names: tuple[str, str], left: Sequence[Rating], right: Sequence[Rating], by: Resampling
) -> LikertTest:
    """Compares two sets of ratings over the items that have values in both; the item's mean is what is swapped."""
    values = [dict(zip(*_item_means(side), strict=True)) for side in (left, right)]
    shared = sorted(values[0].keys() & values[1].keys())
    if not shared:
        return LikertTest(question, *names, None, None, None, None, None, 0)
    one, two = (np.array([[own[name], 1.0] for name in shared]) for own in values)
    test = approximate_randomization(one, two, mean_of, draws=by.draws, seed=by.seed)
    low, high = test.interval.low, test.interval.high
    return LikertTest(question, *names, test.effect, low, high, test.p_value, None, len(shared))


def _item_means(ratings: Sequence[Rating]) -> tuple[list[str], list[float]]:
    names, sums = item_sums(ratings)
    means = mean_of(sums)
    kept = [index for index in range(len(names)) if np.isfinite(means[index])]
    return [names[index] for index in kept], [float(means[index]) for index in kept]


def corrected(tests: Sequence[LikertTest]) -> list[LikertTest]:
    """The tests with Holm's correction over those that have a p."""
    adjusted = iter(holm([test.p for test in tests if test.p is not None]))
    return [test if test.p is None else replace(test, p_holm=next(adjusted)) for test in tests]
