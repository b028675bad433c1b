"""Do two groups of dialogues have different distributions over labels (emotions, strategies, acts)?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tod_bench.statistics.bootstrap import FloatArray, blocks
from tod_bench.statistics.paired import swapped_statistics, tail_share

Distance: TypeAlias = Callable[[FloatArray, FloatArray], FloatArray]
"""Of two arrays of counts, shape (..., k) each, to (...): how far apart the distributions are; never negative."""


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """What a permutation test found.

    Attributes:
        statistic: The observed distance; None where a group is empty.
        p_value: Share of rearrangements with a distance at least as large; None where there is no statistic.
        draws: Rearrangements made.
        exact: Whether these were all there are.
        note: Why there is no p-value; mostly empty.
    """

    statistic: float | None
    p_value: float | None
    draws: int
    exact: bool = False
    note: str = ""


def total_variation(a: FloatArray, b: FloatArray) -> FloatArray:
    """Largest difference in the probability of any set of labels: half the L1 distance, 0 to 1."""
    return np.asarray(np.abs(_shares(a) - _shares(b)).sum(axis=-1) / 2)


def jensen_shannon(a: FloatArray, b: FloatArray) -> FloatArray:
    """Jensen-Shannon divergence in bits, 0 to 1 (Lin 1991, IEEE Transactions on Information Theory 37, 145-151)."""
    p, q = _shares(a), _shares(b)
    return np.maximum(_entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2, 0.0)


def permutation_test(
    a: FloatArray,
    b: FloatArray,
    distance: Distance = total_variation,
    *,
    paired: bool = False,
    draws: int = 9999,
    seed: int = 0,
) -> PermutationTest:
    """Tests whether two groups of dialogues have the same distribution over labels.

    Whole dialogues change sides, so turns of one dialogue, which resemble each other, are not taken for independent.

    Args:
        a: Counts of each label in each dialogue of the first group, shape (clusters, k).
        b: The same for the second group.
        distance: How far two vectors of counts are apart.
        paired: Whether row i of both is the same dialogue (an original and its restyling): then sides are swapped
            within dialogues; otherwise dialogues are dealt anew to groups of the same sizes.
        draws: Random rearrangements; in a paired test with no more swaps than that, every swap is made once.
        seed: Seed of the rearrangements.

    Returns:
        The test; the p-value of a random one is ``(1 + at least as large) / (1 + draws)``.

    Raises:
        ValueError: The labels differ, or a paired test has groups of different sizes.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or (paired and len(a) != len(b)):
        raise ValueError(f"the groups cannot be compared: shapes {a.shape} and {b.shape}, paired={paired}")
    observed = float(distance(a.sum(axis=0), b.sum(axis=0)))
    if not np.isfinite(observed):
        return PermutationTest(None, None, 0, note="one of the groups has no labels")
    if paired:
        k = a.shape[1]
        drawn, exact = swapped_statistics(a, b, lambda sums: distance(sums[..., :k], sums[..., k:]), draws, seed)
    else:
        drawn, exact = _dealt(a, b, distance, draws, seed), False
    return PermutationTest(observed, tail_share(drawn, observed, exact=exact), len(drawn), exact)


def _dealt(a: FloatArray, b: FloatArray, distance: Distance, draws: int, seed: int) -> FloatArray:
    """The distance after dealing all dialogues at random to groups of the two sizes."""
    pool, generator, found = np.vstack([a, b]), np.random.default_rng(seed), []
    total, first = pool.sum(axis=0), np.r_[np.ones(len(a)), np.zeros(len(b))]
    for part in blocks(draws, len(pool)):
        chosen = np.tile(first, (part.stop - part.start, 1))
        sums = generator.permuted(chosen, axis=1, out=chosen) @ pool
        found.append(distance(sums, total - sums))
    return np.concatenate(found)


def _shares(counts: FloatArray) -> FloatArray:
    total = counts.sum(axis=-1, keepdims=True)
    return np.where(total > 0, counts / np.where(total > 0, total, 1.0), np.nan)


def _entropy(shares: FloatArray) -> FloatArray:
    return np.asarray(-np.sum(shares * np.log2(np.where(shares > 0, shares, 1.0)), axis=-1))
