"""Bootstrap confidence intervals: statistics of turns, summed by dialogue, resampled as one matrix product.

A bootstrap draw takes as many dialogues as there are, with replacement. How often each was taken is all that matters to
a sum, so 10,000 draws are a matrix of counts, and the sums of every draw are ``counts @ sums``.

The default interval, BCa with tails widened for the number of dialogues, was chosen by simulation over clustered data
(ratios near 0.5, 0.9 and 0.03, F1, a difference of F1): with 10 or 20 dialogues the plain percentile interval covers up
to 12 points less of the time, with 200 the two agree (``docs/metrics/significance.md`` has the table).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Aggregate: TypeAlias = Callable[[FloatArray], FloatArray]
"""A metric's `aggregate`: sums of shape (..., k) to scores of shape (...); NaN where a score is undefined."""

_CELLS = 4_000_000
"""Cells of the count matrix that are made or multiplied at once: 32 MB of 64-bit numbers."""

Method: TypeAlias = Literal["bca", "percentile", "basic"]
"""``bca``: bias-corrected and accelerated, tails widened for few clusters. ``percentile``: quantiles of the draws.
``basic``: these, widened, reflected at the score, for a score that is biased: draws lie as far from the score on its
wrong side as the score from the truth (Davison and Hinkley 1997, section 5.2)."""

ROUNDING = 1e-12
"""Draws that differ by no more, in the score's unit or in proportion to it, are one number."""


def cluster_sums(values: ArrayLike, clusters: ArrayLike) -> FloatArray:
    """Sums the statistics of the items of each cluster (the turns of each dialogue).

    Args:
        values: Statistics of each item, shape (n, k).
        clusters: The cluster of each item, shape (n,), numbers from 0. Every number up to the largest is a cluster, so
            one without items becomes a row of zeros.

    Returns:
        Shape (clusters, k).

    Raises:
        ValueError: The shapes do not fit, or a cluster number is negative or not whole.
    """
    table = np.asarray(values, dtype=np.float64)
    numbers = np.asarray(clusters)
    if table.ndim != 2 or numbers.shape != table.shape[:1]:
        raise ValueError(f"values must be (n, k) and clusters (n,), not {table.shape} and {numbers.shape}")
    if numbers.size == 0:
        return np.zeros((0, table.shape[1]))
    if not np.issubdtype(numbers.dtype, np.integer) or numbers.min() < 0:
        raise ValueError("clusters must be whole numbers from 0")
    columns = [np.bincount(numbers, weights=column) for column in table.T]
    return np.stack(columns, axis=1) if columns else np.zeros((int(numbers.max()) + 1, 0))


@lru_cache(maxsize=4)
def resample_weights(clusters: int, draws: int, seed: int) -> NDArray[np.uint8]:
    """How often each draw of a cluster bootstrap takes each cluster.

    The matrix is cached and read-only: every metric of a run sees the same draws, so that their intervals are those of
    the same resampled test sets. Counts fit a byte: more than 255 copies of one of many dialogues has a probability
    below 1e-500, and with 255 dialogues or fewer it cannot happen.

    Args:
        clusters: Number of clusters, at least 1.
        draws: Number of draws, at least 1.
        seed: Seed of a NumPy generator (PCG64).

    Returns:
        Shape (draws, clusters); each row sums to `clusters`.

    Raises:
        ValueError: There is no cluster, or no draw is asked for.
    """
    if clusters < 1 or draws < 1:
        raise ValueError(f"a bootstrap needs at least one cluster and one draw, not {clusters} and {draws}")
    generator = np.random.default_rng(seed)
    weights = np.empty((draws, clusters), dtype=np.uint8)
    for part in blocks(draws, clusters):
        rows = part.stop - part.start
        taken = generator.integers(0, clusters, size=(rows, clusters))
        taken += np.arange(rows)[:, None] * clusters
        weights[part] = np.bincount(taken.ravel(), minlength=rows * clusters).reshape(rows, clusters)
    weights.flags.writeable = False
    return weights


def resampled_sums(sums: FloatArray, draws: int, seed: int) -> FloatArray:
    """The summed statistics of every bootstrap draw.

    Statistics that are whole numbers give exact sums, so the result does not depend on the number of threads.

    Args:
        sums: Statistics of each cluster, shape (clusters, k).
        draws: Number of draws.
        seed: Seed of the draws; the same seed gives the same draws for every matrix with as many clusters.

    Returns:
        Shape (draws, k).
    """
    return multiplied(resample_weights(len(sums), draws, seed), sums)


def multiplied(counts: NDArray[np.uint8], sums: FloatArray) -> FloatArray:
    """``counts @ sums`` block by block, so that the counts are never all widened to 64 bits at once."""
    product = np.empty((len(counts), sums.shape[1]))
    for part in blocks(*counts.shape):
        np.matmul(counts[part].astype(np.float64), sums, out=product[part])
    return product


def blocks(rows: int, columns: int) -> list[slice]:
    """Slices that cut the rows of a matrix into blocks of at most `_CELLS` cells."""
    step = max(1, _CELLS // max(1, columns))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def coins(clusters: int, draws: int, seed: int) -> tuple[Iterator[NDArray[np.uint8]], bool]:
    """A fair coin for each cluster and draw, which says whether two answers are swapped there.

    Args:
        clusters: Number of clusters.
        draws: Number of draws; where there are no more arrangements than that, each is made once.
        seed: Seed of the draws.

    Returns:
        Blocks of shape (draws of the block, clusters), and whether these are all arrangements there are.
    """
    if 2**clusters <= draws:
        codes = np.arange(2**clusters)
        return iter([(codes[:, None] >> np.arange(clusters) & 1).astype(np.uint8)]), True
    generator = np.random.default_rng(seed)
    sizes = (part.stop - part.start for part in blocks(draws, clusters))
    return (generator.integers(0, 2, size=(size, clusters), dtype=np.uint8) for size in sizes), False


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
    return interval_of(
        score, aggregate(drawn), lambda: jackknife(sums, aggregate), clusters=len(sums), level=level, method=method
    )


def interval_of(
    score: float,
    draws: FloatArray,
    left_out: Callable[[], FloatArray],
    *,
    clusters: int,
    level: float,
    method: Method = "bca",
) -> Interval:
    """The interval of a score from its bootstrap draws.

    Args:
        score: The score.
        draws: The score of each draw; NaN where it is undefined.
        left_out: Gives the score without each cluster in turn, for BCa; not called where no interval exists.
        clusters: Number of clusters, at least 2.
        level: Nominal coverage.
        method: How the draws become an interval.
    """
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
        tails = _bias_corrected(_widened(level, clusters), score, defined, left_out())
    if method == "basic":
        tails = _widened(level, clusters)
    low, high = np.quantile(defined, tails)
    if method == "basic":
        low, high = 2 * score - high, 2 * score - low
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
