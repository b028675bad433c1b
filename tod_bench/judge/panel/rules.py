"""How the values of several judges become one."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, median
from typing import Literal, TypeAlias

from tod_metrics.judge.alpha import most_frequent
from tod_metrics.judge.ratings import WINNER, Rating

RuleName: TypeAlias = Literal["mean", "median", "majority", "minimum", "maximum", "unanimous"]
Value: TypeAlias = int | float | str

POINTS_ONLY = frozenset({"mean", "median", "minimum", "maximum"})
"""Rules that need points; pairs and labels have none."""


def _unanimous(values: Sequence[Value]) -> Value | None:
    return values[0] if len(set(values)) == 1 else None


def _of_points(rule: Callable[[list[float]], float]) -> Callable[[Sequence[Value]], Value | None]:
    def combined(values: Sequence[Value]) -> Value:
        value = float(rule([float(value) for value in values]))
        return int(value) if value.is_integer() else value

    return combined


RULES: Mapping[str, Callable[[Sequence[Value]], Value | None]] = {
    "mean": _of_points(fmean),
    "median": _of_points(median),
    "minimum": _of_points(min),
    "maximum": _of_points(max),
    "majority": most_frequent,
    "unanimous": _unanimous,
}
"""Rule -> the value of several, or None where it gives none: the most frequent value must be the only one."""


def combine(by_judge: Mapping[str, Sequence[Rating]], rule: RuleName, quorum: int | None = None) -> list[Rating]:
    """One rating for everything that was asked.

    Where fewer than `quorum` of the judges that were asked a question have a value, or the rule gives none, the panel
    has none: the rating's `problem` says why. A pair without a majority is ``inconsistent``, since the judges disagree.

    Args:
        by_judge: Judge -> its ratings, unscored ones included.
        rule: How values become one.
        quorum: Judges that must have a value; all that were asked the question where None.
    """
    units: dict[tuple[object, ...], list[Rating]] = {}
    asked: dict[tuple[str, bool], set[str]] = {}
    for judge, ratings in by_judge.items():
        for rating in ratings:
            asked.setdefault((rating.question, rating.together), set()).add(judge)
            units.setdefault(unit_of(rating), []).append(rating)
    return [
        _combined(of_unit, rule, _least(asked[of_unit[0].question, of_unit[0].together], quorum))
        for of_unit in units.values()
    ]


def aligned(by_judge: Mapping[str, Sequence[Rating]]) -> dict[str, list[Rating]]:
    """Ratings whose way of asking tells nothing apart, unless a judge was asked a question in both ways.

    A judge that is asked one question alone is asked it "apart", and its ratings belong with those of judges that were
    asked it together with others.
    """
    ways: dict[tuple[str, str], set[bool]] = {}
    for judge, ratings in by_judge.items():
        for rating in ratings:
            ways.setdefault((judge, rating.question), set()).add(rating.together)
    if any(len(own) > 1 for own in ways.values()):
        return {judge: list(ratings) for judge, ratings in by_judge.items()}
    return {judge: [replace(rating, together=True) for rating in ratings] for judge, ratings in by_judge.items()}


def unit_of(rating: Rating) -> tuple[object, ...]:
    """What a rating is about: ratings of one unit are combined."""
    return (
        *(rating.item, rating.question, rating.candidate, rating.persona),
        *(rating.repeat, rating.together, rating.turn),
    )


def _least(judges: set[str], quorum: int | None) -> int:
    return len(judges) if quorum is None else min(quorum, len(judges))


def _combined(ratings: Sequence[Rating], rule: RuleName, least: int) -> Rating:
    values = [rating.value for rating in ratings if rating.value is not None]
    named = Counter(factor for rating in ratings for factor in rating.factors)
    stated = [rating.certainty for rating in ratings if rating.certainty is not None]
    value, problem = None, ""
    if len(values) < least:
        problem = f"{len(values)} of {least} judges have a verdict"
    else:
        value = RULES[rule](values)
        if value is None and ratings[0].question == WINNER:
            value = "inconsistent"
        problem = "" if value is not None else f"no value by the rule {rule}"
    return replace(
        ratings[0],
        value=value,
        rater="panel",
        problem=problem,
        factors=tuple(factor for factor, count in named.items() if 2 * count >= len(values)),
        certainty=round(fmean(stated)) if stated else None,
        defaulted=any(rating.defaulted for rating in ratings),
        positions=(),
        probabilities=(),
    )
