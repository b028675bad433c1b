"""Likert means, 1 to 4: ``likert_user_style`` and so on, one metric a question."""

from typing import Any, ClassVar

import numpy as np

from tod_metrics.base import FloatArray, Signature, ratio
from tod_metrics.judge.judge_metric import JudgeMetric, family
from tod_metrics.judge.ratings import QUESTION_KEYS, SCALE, Rating

_QUESTIONS = {key: name for name, key in QUESTION_KEYS.items()}


class LikertMean(JudgeMetric):
    """Mean of the ratings that there are, 1 to 4.

    Unscored ratings are in no mean; `bounds` says where it would be if each of them were a 1, or a 4.
    """

    name = "likert"
    key: ClassVar[str]
    columns = ("points", "ratings", "unscored", "defaulted", *(f"rated {point}" for point in SCALE))
    denominator = "ratings"
    percent = False
    higher_is_better = True

    @property
    def question(self) -> str:
        """The question, ``Q1``."""
        return _QUESTIONS[self.key]

    @property
    def signature(self) -> Signature:
        """The question alone: all are one kind of number."""
        return Signature("likert", {"question": self.question})

    def counts(self, rating: Rating) -> list[float]:
        """Points, ratings with a value and without, defaults, and ratings of each point."""
        if rating.question != self.question:
            return [0.0] * len(self.columns)
        value = rating.value if isinstance(rating.value, int | float) else 0
        return [value, value > 0, value == 0, rating.defaulted, *(value == point for point in SCALE)]

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Points a rating."""
        return ratio(sums[..., 0], sums[..., 1])

    def bounds(self, sums: FloatArray) -> tuple[float, float]:
        """The mean if every unscored rating were a 1, and if every one were a 4."""
        points, rated, unscored = sums[:3]
        worst, best = (ratio(np.asarray(points + end * unscored), rated + unscored) for end in (min(SCALE), max(SCALE)))
        return float(worst), float(best)


METRICS = family(
    LikertMean,
    list(_QUESTIONS),
    "key",
    lambda key: f"Mean of {_QUESTIONS[key]}, {key.replace('_', ' ')}, 1 to 4 (judge).",
)
"""The metrics by name; each is an attribute of this module, too."""


def __getattr__(name: str) -> Any:
    if name in METRICS:
        return METRICS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
