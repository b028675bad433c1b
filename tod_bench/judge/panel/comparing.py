"""How far the judges of a panel agree, and what the panel would say without each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from tod_bench.judge.comparisons import PairedTest, corrected, paired_test
from tod_bench.judge.config import Resampling
from tod_bench.judge.own_questions import name_of
from tod_bench.judge.panel.rules import RuleName, combine, unit_of
from tod_bench.statistics import bootstrap_interval, cluster_sums
from tod_metrics.judge.agreement import (
    Counts,
    Level,
    NoAlpha,
    alpha_of_coincidences,
    alpha_of_counts,
    count_ratings,
    unit_coincidences,
)
from tod_metrics.judge.ratings import WINNER, Rating


@dataclass(frozen=True, slots=True)
class JudgesAgree:
    """Agreement of some judges on one question.

    Attributes:
        question: The question.
        judges: Who is compared.
        level: Level of measurement.
        alpha: Krippendorff's alpha; None where it does not exist.
        low: Lower end of its 95% interval, over dialogues.
        high: Upper end.
        units: Units with values of two judges or more.
        same: Share of pairs of values of one unit that are equal, 0 to 100.
        note: Why there is no alpha; mostly empty.
    """

    question: str
    judges: tuple[str, ...]
    level: Level
    alpha: float | None
    low: float | None
    high: float | None
    units: int
    same: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The panel without one judge.

    Attributes:
        judge: Who is left out.
        candidate: The version that is scored; for pairs the second.
        test: The panel's score less that without the judge; points, or points of 100 for pairs.
        alpha: Alpha of the judges that are left; None where there are fewer than two, or it does not exist.
    """

    judge: str
    candidate: str
    test: PairedTest
    alpha: float | None


def judges_agree(by_judge: Mapping[str, Sequence[Rating]], by: Resampling) -> list[JudgesAgree]:
    """All judges together, then every two of them where there are more, question by question."""
    found = []
    for question in _questions(by_judge):
        asked = [judge for judge, ratings in by_judge.items() if any(r.question == question for r in ratings)]
        groups = [tuple(asked), *(combinations(asked, 2) if len(asked) > 2 else ())]
        found += [_agreement(question, {judge: by_judge[judge] for judge in group}, by) for group in groups]
    return found


def _questions(by_judge: Mapping[str, Sequence[Rating]]) -> list[str]:
    return sorted({rating.question for ratings in by_judge.values() for rating in ratings})


def _table(
    question: str, by_judge: Mapping[str, Sequence[Rating]]
) -> tuple[list[tuple[object, ...]], list[list[int | float | str | None]], Level]:
    """What was asked, the judges' values of each, one row a judge, and the level of measurement."""
    own = {
        judge: {unit_of(r): r.value for r in ratings if r.question == question and r.persona == "own"}
        for judge, ratings in by_judge.items()
    }
    units = sorted({unit for values in own.values() for unit in values}, key=str)
    table = [[values.get(unit) for unit in units] for values in own.values()]
    given = {value for row in table for value in row if value is not None}
    return units, table, "nominal" if any(isinstance(value, str) for value in given) else "ordinal"


def _agreement(question: str, by_judge: Mapping[str, Sequence[Rating]], by: Resampling) -> JudgesAgree:
    units, table, level = _table(question, by_judge)
    counted = count_ratings(table, level)
    equal = [
        (a == b) for row in zip(*table, strict=True) for a, b in combinations([v for v in row if v is not None], 2)
    ]
    same = 100 * float(np.mean(equal)) if equal else None
    name, judges = name_of(question), tuple(by_judge)
    if isinstance(counted, NoAlpha):
        return JudgesAgree(name, judges, level, None, None, None, 0, same, counted.reason)
    exact = alpha_of_counts(counted)
    ends = _alpha_interval(counted, [str(unit[0]) for unit in units], by)
    return JudgesAgree(name, judges, level, exact.value, *ends, exact.units, same)


def _alpha(question: str, by_judge: Mapping[str, Sequence[Rating]]) -> float | None:
    _, table, level = _table(question, by_judge)
    counted = count_ratings(table, level)
    return None if isinstance(counted, NoAlpha) else alpha_of_counts(counted).value


def _alpha_interval(counted: Counts, items: Sequence[str], by: Resampling) -> tuple[float | None, float | None]:
    _, clusters = np.unique(np.array(items), return_inverse=True)
    sums = cluster_sums(unit_coincidences(counted.counts), clusters)
    aggregate = alpha_of_coincidences(counted.scale, counted.level)
    interval = bootstrap_interval(sums, aggregate, draws=min(by.draws, 2000), seed=by.seed)
    return interval.low, interval.high


def left_out(
    by_judge: Mapping[str, Sequence[Rating]], rule: RuleName, quorum: int | None, by: Resampling
) -> list[LeftOut]:
    """The panel without each of its judges, wherever one that was asked with others has numbers; Holm over all."""
    whole = _in_points(combine(by_judge, rule, quorum))
    found = []
    for judge, ratings in by_judge.items():
        questions = {rating.question for rating in ratings}
        rest = {
            other: [rating for rating in theirs if rating.question in questions]
            for other, theirs in by_judge.items()
            if other != judge
        }
        without = _in_points(combine(rest, rule, quorum))
        asked = {rating.question for rating in without}
        alphas = {question: _alpha(question, rest) if len(rest) > 1 else None for question in asked}
        for candidate, question in dict.fromkeys((rating.candidate, rating.question) for rating in without):
            sides = [
                [r for r in side if (r.candidate, r.question) == (candidate, question)] for side in (whole, without)
            ]
            test = paired_test(name_of(question), ("panel", f"without {judge}"), sides[0], sides[1], by)
            found.append(LeftOut(judge, candidate.rpartition("|")[2], test, alphas[question]))
    tests = corrected([one.test for one in found])
    return [replace(one, test=test) for one, test in zip(found, tests, strict=True)]


def _in_points(ratings: Sequence[Rating]) -> list[Rating]:
    """Ratings under the items' own personas as points; the second's part of a pair in points of 100, without labels."""
    points = {"second": 100, "tie": 50, "inconsistent": 50, "first": 0}
    turned = []
    for rating in ratings:
        value = rating.value
        if rating.question == WINNER and isinstance(value, str):
            value = points[value]
        if rating.persona == "own" and not isinstance(value, str):
            turned.append(replace(rating, value=value))
    return turned
