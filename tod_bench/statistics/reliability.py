"""Krippendorff's alpha with an interval, question by question and over all questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tod_bench.statistics.bootstrap import Interval, bootstrap_interval, cluster_sums
from tod_metrics.judge.agreement import (
    Level,
    NoAlpha,
    Rating,
    Ratings,
    alpha_of_coincidences,
    alpha_of_counts,
    count_ratings,
    unit_coincidences,
)

OVERALL = "overall"
"""The question under which all questions together are reported."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far raters agree on one question.

    Attributes:
        question: The question, or ``overall``.
        alpha: Krippendorff's alpha; None where it does not exist.
        interval: Its interval, by a bootstrap over items.
        level: Level of measurement.
        raters: Raters with a rating that counts.
        units: Ratings' units (item and question) with two ratings or more.
        ratings: Ratings in those units.
        note: Why there is no alpha; empty where there is one.
    """

    question: str
    alpha: float | None
    interval: Interval
    level: Level
    raters: int = 0
    units: int = 0
    ratings: int = 0
    note: str = ""


def agreement(
    ratings: Ratings,
    level: Level,
    values: Sequence[Rating] | None = None,
    *,
    items: ArrayLike | None = None,
    question: str = OVERALL,
    draws: int = 1000,
    seed: int = 0,
) -> Agreement:
    """Krippendorff's alpha of a table of ratings, with its interval.

    The interval resamples items with all their ratings (Zapf et al. 2016, BMC Medical Research Methodology 16, 93), so
    the expected disagreement moves from draw to draw as it does from sample to sample.

    Args:
        ratings: Rater by unit; None or NaN where there is no rating.
        level: ``nominal``, ``ordinal`` or ``interval``.
        values: The values in their order, see `tod_metrics.judge.agreement.alpha`.
        items: The item that each unit is about, numbers from 0; by default every unit is an item of its own.
        question: What to call it.
        draws: Bootstrap draws.
        seed: Seed of the draws.

    Returns:
        Alpha with its interval, or the reason why there is none.

    Raises:
        ValueError: As in `tod_metrics.judge.agreement.alpha`.
    """
    counted = count_ratings(ratings, level, values)
    if isinstance(counted, NoAlpha):
        return Agreement(question, None, Interval(None, None, note=counted.reason), level, note=counted.reason)
    found, coincidences = alpha_of_counts(counted), unit_coincidences(counted.counts)
    sums = coincidences if items is None else cluster_sums(coincidences, items)
    rated = sums[sums.any(axis=1)]
    interval = bootstrap_interval(rated, alpha_of_coincidences(counted.scale, level), draws=draws, seed=seed)
    return Agreement(question, found.value, interval, level, found.raters, found.units, found.ratings)


def agreements(
    by_question: Mapping[str, Ratings],
    level: Level,
    values: Sequence[Rating] | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> list[Agreement]:
    """Alpha of each question, then of all questions together.

    Together, every (item, question) pair is a unit, and an item is resampled with its ratings on all questions. Where
    questions differ in their average rating, that alpha is mostly higher than the questions' own, since chance is then
    taken over the pooled values: report both.

    Args:
        by_question: Question to ratings, rater by item; the same raters and items in the same order everywhere.
        level: Level of measurement.
        values: The values in their order.
        draws: Bootstrap draws.
        seed: Seed of the draws.

    Returns:
        One a question in the order given, and one named ``overall`` where there are several questions.

    Raises:
        ValueError: The tables differ in shape, or as in `tod_metrics.judge.agreement.alpha`.
    """
    shapes = {(len(table), len(row)) for table in by_question.values() for row in table}
    if len(shapes) > 1:
        raise ValueError(f"the questions must have the same raters and items, not tables of {sorted(shapes)}")
    single = [
        agreement(table, level, values, question=question, draws=draws, seed=seed)
        for question, table in by_question.items()
    ]
    if len(single) < 2:
        return single
    tables = list(by_question.values())
    pooled = [[rating for table in tables for rating in table[rater]] for rater in range(len(tables[0]))]
    items = np.tile(np.arange(len(tables[0][0])), len(tables)) if tables[0] else None
    return [*single, agreement(pooled, level, values, items=items, draws=draws, seed=seed)]
