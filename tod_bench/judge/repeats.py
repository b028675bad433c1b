"""Repeats: does the judge say the same when it is asked the same again?"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

from tod_bench.judge.questions import QUESTIONS
from tod_bench.judge.ratings import Rating
from tod_metrics.judge.agreement import Alpha, Level, NoAlpha, alpha


@dataclass(frozen=True, slots=True)
class Stability:
    """How stable a judge is over repeats.

    Attributes:
        question: The question; ``all`` for the Likert questions together.
        units: What was rated at least twice.
        flip_rate: Chance that two repeats of one unit differ, 0 to 1 (mean over units).
        alpha: Krippendorff's alpha between repeats; None where it does not exist.
        note: Why there is no alpha; mostly empty.
    """

    question: str
    units: int
    flip_rate: float | None
    alpha: float | None
    note: str = ""


def stability(ratings: Sequence[Rating]) -> list[Stability]:
    """Stability by question; empty where nothing was asked twice."""
    own = [rating for rating in ratings if rating.persona == "own"]
    if len({rating.repeat for rating in own}) < 2:
        return []
    questions = list(dict.fromkeys(rating.question for rating in own))
    found = [_stability(question, [r for r in own if r.question == question]) for question in questions]
    likert = [rating for rating in own if rating.question in QUESTIONS]
    return [*found, _stability("all", likert)] if len({r.question for r in likert}) > 1 else found


def _stability(question: str, ratings: Sequence[Rating]) -> Stability:
    units: dict[Hashable, dict[int, int | str]] = defaultdict(dict)
    for rating in ratings:
        if rating.value is not None:
            unit = (rating.item, rating.question, rating.arm, rating.together, rating.turn)
            units[unit][rating.repeat] = rating.value
    repeated = [list(values.values()) for values in units.values() if len(values) > 1]
    flips = [_differ(values) for values in repeated]
    repeats = sorted({repeat for values in units.values() for repeat in values})
    level: Level = "ordinal" if question == "all" or question in QUESTIONS else "nominal"
    table = [[values.get(repeat) for values in units.values()] for repeat in repeats]
    found = alpha(table, level) if table else NoAlpha("nothing was rated")
    rate = sum(flips) / len(flips) if flips else None
    if isinstance(found, Alpha):
        return Stability(question, len(repeated), rate, found.value)
    return Stability(question, len(repeated), rate, None, found.reason)


def _differ(values: Sequence[int | str]) -> float:
    """Share of pairs of values that differ."""
    pairs = list(combinations(values, 2))
    return sum(a != b for a, b in pairs) / len(pairs)
