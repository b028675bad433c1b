"""Intervals and tests of scores that are no function of sums but of how often each dialogue is counted (AUROC).

A bootstrap draw counts a dialogue as often as it was drawn, a jackknife counts all but one, and a swap counts A's
answer to a dialogue in B's place. Draws, seeds and formulas are those of `tod_bench.statistics.bootstrap` and
`.paired`, so numbers of both kinds stand side by side over the same resampled test sets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tod_bench.statistics.bootstrap import (
    ROUNDING,
    FloatArray,
    Interval,
    Method,
    blocks,
    coins,
    interval_of,
    resample_weights,
)
from tod_bench.statistics.paired import PairedTest, detectable_difference, tail_share

OfCounts: TypeAlias = Callable[[NDArray[Any]], FloatArray]
"""The score of how often each cluster is counted: shape (draws, clusters) to (draws,); NaN where it is undefined."""


def pooled_interval(
    score_of: OfCounts, clusters: int, *, draws: int, seed: int = 0, level: float = 0.95, method: Method = "bca"
) -> Interval:
    """A confidence interval by resampling clusters (dialogues), as `bootstrap_interval` has it.

    Args:
        score_of: The score of counts.
        clusters: Number of clusters.
        draws: Bootstrap draws.
        seed: Seed of the draws.
        level: Nominal coverage.
        method: How the draws become an interval.
    """
    if clusters < 2:
        return Interval(None, None, level, note=f"an interval needs at least two dialogues, and there is {clusters}")
    return interval_of(
        float(score_of(np.ones((1, clusters)))[0]),
        score_of(resample_weights(clusters, draws, seed)),
        lambda: _left_out(score_of, clusters),
        clusters=clusters,
        level=level,
        method=method,
    )


@dataclass(frozen=True, slots=True)
class PooledTests:
    """Both paired tests of one difference, and what could have been found.

    Attributes:
        randomization: Approximate randomisation.
        bootstrap: The paired bootstrap.
        error: Standard error of the difference (jackknife); None where it is unknown.
    """

    randomization: PairedTest
    bootstrap: PairedTest
    error: float | None

    def detectable(self, clusters: int, *, level: float, power: float, comparisons: int) -> float | None:
        """As `minimal_detectable_difference`; None where the error is unknown or zero up to rounding."""
        if self.error is None or self.error <= ROUNDING:
            return None
        return detectable_difference(self.error, clusters, level=level, power=power, comparisons=comparisons)


def pooled_tests(
    score_of: OfCounts, clusters: int, *, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> PooledTests:
    """Approximate randomisation and the paired bootstrap of two systems whose units are in one pool.

    Args:
        score_of: The score of counts of shape (draws, 2 * clusters): how often A's answers to each dialogue are
            counted, then B's.
        clusters: Number of dialogues.
        draws: Draws of each test.
        seed: Seed of both.
        level: Coverage of the interval.
    """

    def difference(counts: NDArray[Any]) -> FloatArray:
        return _sides(score_of, counts, np.zeros_like(counts))

    bootstrap = pooled_bootstrap(difference, clusters, draws=draws, seed=seed, level=level)
    if bootstrap.effect is None or bootstrap.p_value is None:
        return PooledTests(bootstrap, bootstrap, None)
    swapped, exact = coins(clusters, draws, seed)
    arrangements = np.concatenate([_sides(score_of, 1 - block, block) for block in swapped])
    p_swapped = tail_share(np.abs(arrangements), abs(bootstrap.effect), exact=exact)
    deviations = _left_out(difference, clusters)
    error = float(np.sqrt((clusters - 1) / clusters * np.sum((deviations - deviations.mean()) ** 2)))
    return PooledTests(
        PairedTest(bootstrap.effect, p_swapped, bootstrap.interval, len(arrangements), exact),
        bootstrap,
        error if np.isfinite(error) else None,
    )


def pooled_bootstrap(
    difference: OfCounts, clusters: int, *, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> PairedTest:
    """The paired bootstrap of a difference between scores that follow from how often each dialogue is counted.

    Args:
        difference: The difference, of counts of shape (draws, clusters) to (draws,).
        clusters: Number of dialogues.
        draws: Bootstrap draws.
        seed: Seed of the draws.
        level: Coverage of the interval.
    """
    interval = pooled_interval(difference, clusters, draws=draws, seed=seed, level=level)
    effect = float(difference(np.ones((1, clusters)))[0])
    if not np.isfinite(effect):
        return PairedTest(None, None, interval, 0, note="the score is undefined for one of the systems")
    if clusters < 2:
        return PairedTest(effect, None, interval, 0, note=interval.note)
    drawn = difference(resample_weights(clusters, draws, seed))
    drawn = drawn[np.isfinite(drawn)]
    return PairedTest(effect, tail_share(np.abs(drawn - effect), abs(effect)), interval, len(drawn))


def _sides(score_of: OfCounts, kept: NDArray[Any], given: NDArray[Any]) -> FloatArray:
    """Score of A less score of B, where A keeps some of its answers and is given some of B's, and B the other way."""
    return score_of(np.hstack([kept, given])) - score_of(np.hstack([given, kept]))


def _left_out(score_of: OfCounts, clusters: int) -> FloatArray:
    """The score without each cluster in turn."""
    parts = []
    for part in blocks(clusters, clusters):
        counts = np.ones((part.stop - part.start, clusters))
        counts[np.arange(len(counts)), np.arange(part.start, part.stop)] = 0
        parts.append(score_of(counts))
    return np.concatenate(parts)
