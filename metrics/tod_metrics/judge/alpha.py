"""Krippendorff's alpha as a metric: between people, and between the judge and the people's consensus."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from statistics import median_low
from typing import ClassVar, TypeVar

import numpy as np

from tod_metrics.base import FloatArray, Signature
from tod_metrics.judge.agreement import (
    Counts,
    Level,
    NoAlpha,
    alpha_of_coincidences,
    count_ratings,
    unit_coincidences,
)
from tod_metrics.judge.judge_metric import JudgeMetric
from tod_metrics.judge.ratings import EMOTION, EMOTIONS, QUESTION_KEYS, SCALE, WINNER, JudgedItem, Rating

Unit = tuple[str, str, str, int | None]
"""What several raters rate: item, question, candidate and turn."""

Value = TypeVar("Value", bound=Hashable)

ALL = "all"
"""The Likert questions together."""

_VALUES: dict[str, Sequence[int | str]] = {WINNER: ("first", "second", "tie", "inconsistent"), EMOTION: EMOTIONS}


def level_of(question: str) -> Level:
    """Likert questions are ordinal, the others nominal."""
    return "nominal" if question in _VALUES else "ordinal"


class AgreementOfRaters(JudgeMetric):
    """Krippendorff's alpha between people, 1 at best and 0 by chance, over the Likert questions together (people).

    Args:
        question: A question, or ``all`` Likert questions.
        level: Level of measurement; by question where None.
        values: The values that ratings can have, in their order; the question's own where None.
    """

    name = "alpha"
    columns = tuple(f"{low}-{high}" for low in SCALE for high in SCALE if low <= high)
    between: ClassVar[str] = "people"
    percent = False
    higher_is_better = True

    def __init__(
        self, question: str = ALL, level: Level | None = None, values: Sequence[int | str] | None = None
    ) -> None:
        self.question, self.level = question, level or level_of(question)
        self.values = values or _VALUES.get(question, tuple(SCALE))

    @property
    def signature(self) -> Signature:
        """Between whom, and at which level of measurement."""
        return Signature("krippendorff_alpha", {"between": self.between, "level": self.level})

    def rated(self, items: Sequence[JudgedItem]) -> list[Rating]:
        """The ratings that are compared."""
        chosen = QUESTION_KEYS if self.question == ALL else (self.question,)
        return [rating for item in items for rating in item.ratings if rating.question in chosen]

    def unit_counts(self, items: Sequence[JudgedItem]) -> tuple[list[Unit], Counts | NoAlpha]:
        """The units in order, and how often each was given each value."""
        units, table = rating_table(self.rated(items))
        return units, count_ratings(table, self.level, self.values)

    def counts(self, rating: Rating) -> Sequence[float]:
        """Refused: agreement is about several ratings of one unit.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"a single rating ({rating.question} of {rating.item}) agrees with nothing")

    def statistics(self, items: Sequence[JudgedItem]) -> FloatArray:
        """The item's part of the coincidence matrix, shape (items, V * (V + 1) / 2); zeros where there is no alpha."""
        size = len(self.values)
        sums = np.zeros((len(items), size * (size + 1) // 2))
        units, counted = self.unit_counts(items)
        if not isinstance(counted, NoAlpha):
            places = {item.id: place for place, item in enumerate(items)}
            np.add.at(sums, [places[unit[0]] for unit in units], unit_coincidences(counted.counts))
        return sums

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Alpha of summed coincidences; NaN where there is no variation."""
        interval = self.level == "interval"
        scale = np.array(self.values if interval else range(len(self.values)), dtype=np.float64)
        return alpha_of_coincidences(scale, self.level)(sums)


class AgreementWithJudge(AgreementOfRaters):
    """Krippendorff's alpha between the judge and the people's consensus, over the Likert questions together (judge)."""

    name = "alpha_judge"
    between = "judge and consensus"

    def rated(self, items: Sequence[JudgedItem]) -> list[Rating]:
        """The judge's consensus over its repeats, and the people's."""
        ratings = super().rated(items)
        judge = consensus([rating for rating in ratings if rating.rater == "judge"], "judge")
        return [*judge, *consensus([rating for rating in ratings if rating.rater != "judge"], "consensus")]


def consensus(ratings: Sequence[Rating], rater: str) -> list[Rating]:
    """One rating a unit: the median point (the lower of two), or the most frequent label.

    Two labels that are equally frequent are no consensus for emotions, and a tie for pairs.

    Args:
        ratings: The ratings; those under another's persona do not count.
        rater: What the consensus is called.
    """
    units: dict[Unit, list[Rating]] = defaultdict(list)
    for rating in ratings:
        if rating.value is not None and rating.persona == "own":
            units[rating.item, rating.question, rating.candidate, rating.turn].append(rating)
    agreed = []
    for (item, question, candidate, turn), of_unit in units.items():
        value = _agreed_value(question, [rating.value for rating in of_unit if rating.value is not None])
        stated = [rating.certainty for rating in of_unit if rating.certainty is not None]
        certainty = round(sum(stated) / len(stated)) if stated else None
        if value is not None:
            agreed.append(Rating(item, question, value, candidate, rater, turn=turn, certainty=certainty))
    return agreed


def _agreed_value(question: str, values: Sequence[int | float | str]) -> int | float | str | None:
    if question in QUESTION_KEYS or all(isinstance(value, int) for value in values):
        return median_low([int(value) for value in values])
    found = most_frequent(values)
    return "tie" if found is None and question == WINNER else found


def most_frequent(values: Sequence[Value]) -> Value | None:
    """The value that is given more often than any other; None where two are given as often."""
    (first, most), *others = Counter(values).most_common(2)
    return None if others and others[0][1] == most else first


def rating_table(ratings: Sequence[Rating]) -> tuple[list[Unit], list[list[int | float | str | None]]]:
    """Units, and the raters' values of each, one row a rater.

    A file of ratings need not name the candidate; where any rating does not, candidates are ignored.
    """
    nameless = any(not rating.candidate for rating in ratings)
    units: dict[Unit, int] = {}
    by_rater: dict[str, dict[int, int | float | str]] = defaultdict(dict)
    for rating in ratings:
        if rating.value is not None:
            unit = (rating.item, rating.question, "" if nameless else rating.candidate, rating.turn)
            by_rater[rating.rater][units.setdefault(unit, len(units))] = rating.value
    return list(units), [[values.get(place) for place in range(len(units))] for values in by_rater.values()]
