"""A win rate with the influence of length taken out.

As AlpacaEval's length-controlled win rate does (Dubois et al. 2024, arXiv 2404.04475), a logistic regression explains
each outcome by a constant and the length gap,

    P(second wins) = logistic(theta + phi * tanh(gap / s)),

where ``gap`` is the second candidate's words less the first's, and ``s`` the standard deviation of the gaps. With the
gap set to zero the win rate is ``logistic(theta)``. Ties and inconsistent pairs count as half a win. Their term for an
instruction's difficulty needs many systems on the same items and is left out. A weak penalty, ``phi**2 / 2``, keeps the
fit finite where the gap alone separates the outcomes.
"""

from collections.abc import Sequence

import numpy as np

from tod_metrics.base import CorpusMetric, FloatArray, Signature
from tod_metrics.judge.ratings import JudgedItem
from tod_metrics.judge.win_rate import WinRate

_LIMIT = 20.0
"""Bound of theta: logistic(20) is 1 to eight digits, so a candidate that always wins gets 100."""


class WinRateLengthControlled(CorpusMetric[JudgedItem]):
    """Win rate of the second candidate at equal length, 0 to 100 (judge).

    It is a fit over all items and no function of summed statistics.
    """

    item = JudgedItem
    name = "win_rate_length_controlled"

    @property
    def signature(self) -> Signature:
        """How ties count, and that length is controlled."""
        return Signature("win_rate", {"ties": "half", "length": "controlled"})

    def score_corpus(self, items: Sequence[JudgedItem]) -> float:
        """The rate; NaN where every pair has the same length gap, or there are fewer than three."""
        wins, first, second = self.pairs(items).T
        fitted = fit_at_equal_length(wins, first, second, np.ones((1, len(wins))))
        return float("nan") if fitted is None else float(fitted[0][0])

    def pairs(self, items: Sequence[JudgedItem]) -> FloatArray:
        """The second candidate's part of each item, 0 to 1, and both candidates' words, shape (items, 3).

        Items without a scored pair, or whose words are not known, are left out.
        """
        metric = WinRate()
        wins = metric.aggregate(metric.statistics(items)) / 100
        words = np.array([_words(item) for item in items], dtype=np.float64).reshape(-1, 2)
        table = np.column_stack([wins, words])
        return np.asarray(table[np.isfinite(table).all(axis=1)])


def _words(item: JudgedItem) -> tuple[float, float]:
    first, _, second = item.ratings[0].candidate.partition("|")
    return float(item.words.get(first, np.nan)), float(item.words.get(second, np.nan))


def fit_at_equal_length(
    wins: FloatArray, first: FloatArray, second: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """The second candidate's win rate at equal length, for many weightings of the items at once.

    Args:
        wins: The second candidate's part of each item, 0 to 1 (ties 0.5), shape (n,).
        first: Words of the first candidate, shape (n,).
        second: Words of the second candidate, shape (n,).
        weights: Weight of each item in each fit, shape (fits, n).

    Returns:
        Win rates, 0 to 100, and slopes (phi), shape (fits,) each; None where length cannot be told from the systems.
    """
    gaps = second - first
    if len(wins) < 3 or float(np.std(gaps)) == 0:
        return None
    theta, phi = fit_logistic(wins, np.tanh(gaps / float(np.std(gaps))), weights)
    return np.asarray(100 / (1 + np.exp(-theta))), phi


def fit_logistic(target: FloatArray, feature: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fits many weighted logistic regressions on one feature at once, by Newton's method.

    Args:
        target: What is explained, 0 to 1, shape (n,).
        feature: The feature, shape (n,).
        weights: Weight of each item in each fit, shape (fits, n).

    Returns:
        Constant and slope of each fit, shape (fits,) each.
    """
    theta, phi = np.zeros(len(weights)), np.zeros(len(weights))
    for _ in range(50):
        chance = 1 / (1 + np.exp(-(theta[:, None] + phi[:, None] * feature)))
        error, curve = weights * (target - chance), weights * chance * (1 - chance)
        slope_theta, slope_phi = error.sum(axis=1), (error * feature).sum(axis=1) - phi
        a, b, c = curve.sum(axis=1) + 1e-9, (curve * feature).sum(axis=1), (curve * feature**2).sum(axis=1) + 1
        determinant = a * c - b * b
        step_theta = (c * slope_theta - b * slope_phi) / determinant
        step_phi = (a * slope_phi - b * slope_theta) / determinant
        # Short steps: far from the optimum, where the curve is flat, Newton's own overshoot.
        theta = np.clip(theta + np.clip(step_theta, -2, 2), -_LIMIT, _LIMIT)
        phi = phi + np.clip(step_phi, -2, 2)
        if max(np.max(np.abs(step_theta * (np.abs(theta) < _LIMIT))), np.max(np.abs(step_phi))) < 1e-9:
            break
    return theta, phi
