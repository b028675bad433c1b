"""Likert means, 1 to 4, one metric a question: ``likert_user_style`` and so on.

Each has a twin from the judge's probabilities in place of its choices, ``likert_expected_user_style``.
"""

from typing import Any, ClassVar

import numpy as np

from tod_metrics.base import FloatArray, Signature, ratio
from tod_metrics.judge.judge_metric import JudgeMetric, family
from tod_metrics.judge.ratings import QUESTION_KEYS, SCALE, Rating

_QUESTIONS = {key: name for name, key in QUESTION_KEYS.items()}


class LikertMetric(JudgeMetric):
    """A mean of points, 1 to 4, of one question.

    Unscored ratings are in no mean; `bounds` says where it would be if each of them were a 1, or a 4.
    """

    key: ClassVar[str]
    columns: ClassVar[tuple[str, ...]] = ("points", "ratings", "unscored")
    denominator = "ratings"
    percent = False
    higher_is_better = True

    @property
    def question(self) -> str:
        """The question, ``Q1``."""
        return _QUESTIONS[self.key]

    @property
    def signature(self) -> Signature:
        """The kind of mean and the question: all questions of a kind are one kind of number."""
        return Signature(self.name.removesuffix(f"_{self.key}"), {"question": self.question})

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Points a rating."""
        return ratio(sums[..., 0], sums[..., 1])

    def bounds(self, sums: FloatArray) -> tuple[float, float]:
        """The mean if every unscored rating were a 1, and if every one were a 4."""
        points, rated, unscored = sums[:3]
        worst, best = (ratio(np.asarray(points + end * unscored), rated + unscored) for end in (min(SCALE), max(SCALE)))
        return float(worst), float(best)


class LikertMean(LikertMetric):
    """Mean of the points that were chosen."""

    name = "likert"
    columns = ("points", "ratings", "unscored", "defaulted", *(f"rated {point}" for point in SCALE))

    def counts(self, rating: Rating) -> list[float]:
        """Points, ratings with a value and without, defaults, and ratings of each point."""
        if rating.question != self.question:
            return [0.0] * len(self.columns)
        value = rating.value if isinstance(rating.value, int | float) else 0
        return [value, value > 0, value == 0, rating.defaulted, *(value == point for point in SCALE)]


class LikertExpected(LikertMetric):
    """Mean of the expected points: of a rating, the mean of all points weighted by the judge's probabilities.

    G-Eval's weighting (Liu et al. 2023, arXiv 2303.16634). Ratings without probabilities count as unscored.
    """

    name = "likert_expected"

    def counts(self, rating: Rating) -> list[float]:
        """Expected points, and ratings with probabilities and without."""
        if rating.question != self.question:
            return [0.0] * len(self.columns)
        expected = rating.expected
        return [expected or 0.0, expected is not None, expected is None]


METRICS = family(
    LikertMean,
    list(_QUESTIONS),
    "key",
    lambda key: f"Mean of {_QUESTIONS[key]}, {key.replace('_', ' ')}, 1 to 4 (judge).",
) | family(
    LikertExpected,
    list(_QUESTIONS),
    "key",
    lambda key: f"Mean of {_QUESTIONS[key]}, {key.replace('_', ' ')}, 1 to 4, by the judge's probabilities (judge).",
)
"""The metrics by name; each is an attribute of this module, too."""


def __getattr__(name: str) -> Any:
    if name in METRICS:
        return METRICS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
