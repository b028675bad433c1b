"""Bootstrap confidence intervals over dialogues.

The default method, BCa with tails widened for the number of dialogues, was chosen by simulation over clustered data
(ratios near 0.5, 0.9 and 0.03, F1, a difference of F1): with 10 or 20 dialogues the plain percentile interval covers up
to 12 points less of the time, with 200 the two agree (``docs/metrics/significance.md`` has the table).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from tod_bench.statistics.clusters import Aggregate, FloatArray, resampled_sums

Method: TypeAlias = Literal["bca", "percentile"]
"""``bca``: bias-corrected and accelerated, tails widened for few clusters. ``percentile``: quantiles of the draws."""

ROUNDING = 1e-12
"""Draws that differ by no more, in the score's unit or in proportion to it, are one number."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval, or the reason why there is none.

    Attributes:
        low: Lower end, in the score's unit; None where there is no interval.
        high: Upper end; None where there is no interval.
        level: Nominal coverage, 0 to 1.
        draws: Bootstrap draws.
        undefined: Draws in which the score is undefined (nothing to divide by); the interval is over the others.
        note: What a reader must know: why there is no interval, or how it was restricted; mostly empty.
    """

    low: float | None
    high: float | None
    level: float = 0.95
    draws: int = 0
    undefined: int = 0
    note: str = ""


def bootstrap_interval(
    sums: FloatArray,
    aggregate: Aggregate,
    *,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    method: Method = "bca",
) -> Interval:
    """A confidence interval of a score, by resampling clusters (dialogues).

    Args:
        sums: Statistics of each cluster, shape (clusters, k).
        aggregate: The score of sums, shape (..., k) to (...).
        draws: Bootstrap draws.
        seed: Seed of the draws.
        level: Nominal coverage.
        method: How the draws become an interval.

    Returns:
        The interval.
    """
    return bootstrap_intervals([(sums, aggregate)], draws=draws, seed=seed, level=level, method=method)[0]


def bootstrap_intervals(
    scores: Sequence[tuple[FloatArray, Aggregate]],
    *,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    method: Method = "bca",
) -> list[Interval]:
    """The intervals of many scores over the same clusters, from one matrix product.

    Args:
        scores: Statistics of each cluster and the aggregate, one pair a score; all over the same clusters.
        draws: Bootstrap draws.
        seed: Seed of the draws.
        level: Nominal coverage.
        method: How the draws become an interval.

    Returns:
        One interval a score, in the order given.

    Raises:
        ValueError: The scores are not over the same number of clusters.
    """
    if not scores:
        return []
    if len({len(sums) for sums, _ in scores}) > 1:
        raise ValueError("scores that are resampled together must be over the same clusters")
    edges = np.cumsum([sums.shape[1] for sums, _ in scores])[:-1]
    if len(scores[0][0]) < 2:
        note = f"an interval needs at least two dialogues, and there is {len(scores[0][0])}"
        return [Interval(None, None, level, note=note) for _ in scores]
    drawn = np.split(resampled_sums(np.hstack([sums for sums, _ in scores]), draws, seed), edges, axis=1)
    return [
        _interval(sums, aggregate, part, level, method) for (sums, aggregate), part in zip(scores, drawn, strict=True)
    ]


def _interval(sums: FloatArray, aggregate: Aggregate, drawn: FloatArray, level: float, method: Method) -> Interval:
    """Turns the drawn sums of one score into its interval."""
    score = float(aggregate(sums.sum(axis=0)))
    draws = aggregate(drawn)
    defined = draws[np.isfinite(draws)]
    undefined = len(draws) - len(defined)
    if not np.isfinite(score) or undefined > len(draws) / 2:
        note = "the score is undefined" + (" in most draws" if np.isfinite(score) else "")
        return Interval(None, None, level, len(draws), undefined, note)
    note = f"undefined in {undefined} of {len(draws)} draws, which are left out" if undefined else ""
    if np.ptp(defined) <= ROUNDING * max(1.0, abs(score)):
        note = note or "every draw gives the same score, so the width says nothing of the score's uncertainty"
        return Interval(score, score, level, len(draws), undefined, note)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "bca":
        tails = _bias_corrected(_widened(level, len(sums)), score, defined, jackknife(sums, aggregate))
    low, high = np.quantile(defined, tails)
    return Interval(float(low), float(high), level, len(draws), undefined, note)


def _widened(level: float, clusters: int) -> FloatArray:
    """Probabilities to cut the draws at, widened for few clusters.

    A bootstrap of n clusters is too narrow by the two things that tell a t interval from a normal one: the variance
    with n instead of n - 1, and the normal quantile instead of Student's. The widening replaces alpha/2 by
    Phi(-sqrt(n / (n - 1)) * t), Hesterberg 2015 (The American Statistician 69, 371-386), "expanded percentile".
    """
    from scipy.special import ndtr, stdtrit

    student = stdtrit(clusters - 1, (1 + level) / 2)
    outer = float(ndtr(-np.sqrt(clusters / (clusters - 1)) * student))
    return np.array([outer, 1 - outer])


def jackknife(sums: FloatArray, aggregate: Aggregate) -> FloatArray:
    """The score without each cluster in turn."""
    return aggregate(sums.sum(axis=0) - sums)


def _bias_corrected(tails: FloatArray, score: float, draws: FloatArray, jackknife: FloatArray) -> FloatArray:
    """Moves the tails for bias and skewness (BCa; Efron 1987, JASA 82, 171-185).

    Where the correction does not exist (all draws on one side of the score, or a jackknife that is undefined or does
    not vary) the tails stay as they are: the percentile interval.
    """
    from scipy.special import ndtr, ndtri

    below = (np.mean(draws < score) + np.mean(draws <= score)) / 2
    deviations = jackknife.mean() - jackknife
    largest = float(np.max(np.abs(deviations)))
    if not (0 < below < 1) or not np.isfinite(largest) or largest == 0:
        return tails
    # The skewness has no scale; without this, powers of small deviations vanish.
    deviations = deviations / largest
    spread = float(np.sum(deviations**2))
    bias = ndtri(below)
    skewness = float(np.sum(deviations**3)) / (6 * spread**1.5)
    shifted = bias + ndtri(tails)
    with np.errstate(invalid="ignore"):
        moved = np.asarray(ndtr(bias + shifted / (1 - skewness * shifted)), dtype=np.float64)
    # With two or three clusters the widened tails are 0 and 1, whose quantiles are infinite.
    return moved if np.all(np.isfinite(moved)) else tails
