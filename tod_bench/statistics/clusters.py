"""From statistics of turns to sums of dialogues, and the resampling of dialogues as one matrix product.

A bootstrap draw takes as many dialogues as there are, with replacement. How often each was taken is all that matters to
a sum, so 10,000 draws are a matrix of counts, and the sums of every draw are ``counts @ sums``.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Aggregate: TypeAlias = Callable[[FloatArray], FloatArray]
"""A metric's `aggregate`: sums of shape (..., k) to scores of shape (...); NaN where a score is undefined."""

_CELLS = 4_000_000
"""Cells of the count matrix that are made or multiplied at once: 32 MB of 64-bit numbers."""


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
