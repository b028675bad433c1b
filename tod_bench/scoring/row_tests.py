"""Paired tests between rows of two score sheets over the same dialogues, whatever their scores are made of."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tod_bench.scoring.rows import PooledRow, ScoreRow
from tod_bench.statistics import (
    PairedTest,
    approximate_randomization,
    bootstrap_difference,
    pooled_bootstrap,
    pooled_tests,
)
from tod_metrics.base import FloatArray

Row: TypeAlias = ScoreRow | PooledRow


def dialogues_of(row: Row) -> int:
    """The dialogues that a row is over, the units of its tests."""
    return row.pool.clusters if isinstance(row, PooledRow) else len(row.sums)


def are_alike(a: Row, b: Row) -> bool:
    """Whether two rows have the same statistics or units, dialogue by dialogue."""
    if isinstance(a, PooledRow) and isinstance(b, PooledRow):
        return a.pool.equals(b.pool)
    return isinstance(a, ScoreRow) and isinstance(b, ScoreRow) and np.array_equal(a.sums, b.sums)


def bootstrap_test(a: Sequence[Row], b: Sequence[Row], *, draws: int, seed: int) -> PairedTest:
    """The paired bootstrap of A less B, each side several rows over the same dialogues (the seeds of a system).

    What is tested is the mean of A's scores less the mean of B's, as a table shows them. A draw takes a dialogue with
    what every row has of it, so dialogues are the units, and nothing is said of other seeds.

    Raises:
        TypeError: The rows are of different kinds.
    """
    pooled, others = ([row for row in side if isinstance(row, PooledRow)] for side in (a, b))
    if pooled or others:
        if len(pooled) < len(a) or len(others) < len(b):
            raise TypeError("both sides of a test are of the same metric")

        def difference(counts: NDArray[Any]) -> FloatArray:
            means = (np.mean([row.of_counts(counts) for row in side], axis=0) for side in (pooled, others))
            return np.asarray(next(means) - next(means), dtype=np.float64)

        return pooled_bootstrap(difference, pooled[0].pool.clusters, draws=draws, seed=seed)
    sums, aggregate = [row.sums for row in (*a, *b) if isinstance(row, ScoreRow)], _aggregate(a[0])

    def difference_of_means(sums_of_all: FloatArray) -> FloatArray:
        scores = [aggregate(part) for part in np.split(sums_of_all, len(sums), axis=-1)]
        return np.asarray(np.mean(scores[: len(a)], axis=0) - np.mean(scores[len(a) :], axis=0), dtype=np.float64)

    return bootstrap_difference(np.hstack(sums), difference_of_means, draws=draws, seed=seed)


def randomization_test(a: Sequence[Row], b: Sequence[Row], *, draws: int, seed: int = 0) -> PairedTest:
    """Approximate randomisation of A less B, where each side is several rows over the same dialogues, taken together.

    Statistics are summed dialogue by dialogue; units are put into one pool.

    Raises:
        TypeError: The rows are of different kinds.
    """
    pooled, others = ([row for row in side if isinstance(row, PooledRow)] for side in (a, b))
    if len(pooled) == len(a) and len(others) == len(b):
        score_of = _score_of(pooled, others)
        return pooled_tests(score_of, pooled[0].pool.clusters, draws=draws, seed=seed).randomization
    return approximate_randomization(_sums(a), _sums(b), _aggregate(a[0]), draws=draws, seed=seed)


def _score_of(a: Sequence[PooledRow], b: Sequence[PooledRow]) -> Callable[[NDArray[Any]], FloatArray]:
    """The score of how often each dialogue's units of A, and then of B, are counted: shape (draws, 2 * dialogues)."""
    both = reduce(lambda left, right: left.beside(right), [row.pool for row in (*a, *b)])
    metric, size = a[0].metric, a[0].pool.clusters

    def score_of(counts: NDArray[Any]) -> FloatArray:
        return metric.of_pool(both, np.hstack([*[counts[:, :size]] * len(a), *[counts[:, size:]] * len(b)]))

    return score_of


def _sums(rows: Sequence[Row]) -> FloatArray:
    sums = [row.sums for row in rows if isinstance(row, ScoreRow)]
    if len(sums) < len(rows):
        raise TypeError("both sides of a test are of the same metric")
    total: FloatArray = np.sum(sums, axis=0)
    return total


def _aggregate(row: Row) -> Callable[[FloatArray], FloatArray]:
    if not isinstance(row, ScoreRow):
        raise TypeError("both sides of a test are of the same metric")
    return row.aggregate
