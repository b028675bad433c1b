"""All pairs of many systems compared at once, with the chance of any false finding among them held down.

A p-value of 10,000 swaps cannot be small enough to survive a correction by the number of pairs once there are hundreds
of them, and swaps enough for that would be too many to make. The step-down procedure of the greatest statistic needs no
more swaps for a thousand pairs than for one: in each draw it notes the largest difference of any pair, and asks how
often that is as large as the one observed. As it sees how the tests depend on each other, it also finds more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tod_bench.statistics.bootstrap import Aggregate, FloatArray, coins, multiplied

_TIE = 1e-9
"""Relative tolerance within which a statistic counts as equal to the observed one, as in `paired`."""


@dataclass(frozen=True, slots=True)
class PairTest:
    """What the tests of a family found of one pair.

    Attributes:
        first: Place of the first system.
        second: Place of the second.
        effect: Score of the first less that of the second, in the metric's unit.
        p_value: Two-sided p-value, corrected over all pairs of the family.
    """

    first: int
    second: int
    effect: float
    p_value: float


def compare_all(sums: Sequence[FloatArray], aggregate: Aggregate, *, draws: int, seed: int = 0) -> list[PairTest]:
    """Tests every two of many systems by approximate randomisation, corrected over all pairs (step-down maxT).

    For each draw a fair coin per dialogue says whether the two answers of a pair are swapped there, the same coins for
    all pairs. A pair's statistic is its difference in score over its standard deviation under the swaps, which follows
    from what swapping each dialogue alone does (exactly so for means). The corrected p-value of a pair is the share of
    draws in which the largest statistic of all pairs that are not more extreme is at least the one observed (Westfall &
    Young 1993, algorithm 2.8, over the randomisation of Noreen 1989; strong control of the familywise error: Romano &
    Wolf 2005, Econometrica 73, 1237-1282).

    Args:
        sums: Statistics of each dialogue, a system each, shape (clusters, k), dialogues in the same order.
        aggregate: The score of sums.
        draws: Swaps; where there are no more swaps than that, each is made once and the p-values are exact.
        seed: Seed of the swaps.

    Returns:
        The pairs whose scores are both defined, in order; a pair without any difference has the p-value 1.

    Raises:
        ValueError: The systems have statistics of different shapes.
    """
    if len({one.shape for one in sums}) > 1:
        raise ValueError(f"all systems need the statistics of the same dialogues, not {[one.shape for one in sums]}")
    if len(sums) < 2:
        return []
    swaps = _Swaps(np.stack(sums), aggregate, draws, seed)
    effects = {pair: effect for pair in combinations(range(len(sums)), 2) if np.isfinite(effect := swaps.effect(*pair))}
    scales = {pair: swaps.scale(*pair) for pair in effects}
    observed = {pair: float(_over(np.array(abs(effect)), scales[pair])) for pair, effect in effects.items()}
    largest = np.zeros(swaps.draws)
    p_values = {}
    for pair in sorted(observed, key=lambda one: observed[one]):
        drawn = np.abs(swaps.differences(*pair))
        # A swap that leaves a score undefined counts as at least as large.
        np.maximum(largest, np.where(np.isnan(drawn), np.inf, _over(drawn, scales[pair])), out=largest)
        p_values[pair] = swaps.share(largest, observed[pair])
    corrected, worst = {}, 0.0
    for pair in reversed(p_values):
        worst = max(worst, p_values[pair])
        corrected[pair] = worst
    return [PairTest(*pair, effect, corrected[pair]) for pair, effect in effects.items()]


class _Swaps:
    """The draws of a family: how the difference of any pair comes out when answers are swapped."""

    def __init__(self, sums: FloatArray, aggregate: Aggregate, draws: int, seed: int) -> None:
        systems, clusters, columns = sums.shape
        blocks, self.exact = coins(clusters, draws, seed)
        swapped = np.concatenate(list(blocks))
        self.draws = len(swapped)
        self._aggregate, self._sums = aggregate, sums
        self._totals = sums.sum(axis=1)[:, :, None]
        # What each system has in the dialogues that a draw swaps, for all systems in one product.
        side_by_side = np.ascontiguousarray(sums.transpose(1, 0, 2)).reshape(clusters, systems * columns)
        given = multiplied(swapped, side_by_side).reshape(self.draws, systems, columns)
        # By column, which aggregates read one at a time: shape (systems, k, draws).
        self._given = np.ascontiguousarray(given.transpose(1, 2, 0))

    def effect(self, a: int, b: int) -> float:
        return float(self._aggregate(self._totals[a, :, 0]) - self._aggregate(self._totals[b, :, 0]))

    def differences(self, a: int, b: int) -> FloatArray:
        moved = self._given[b] - self._given[a]
        first, second = self._totals[a] + moved, self._totals[b] - moved
        return np.asarray(self._aggregate(first.T) - self._aggregate(second.T))

    def scale(self, a: int, b: int) -> float:
        # Not estimated from the draws: the noise of that would break ties between pairs that are equally extreme.
        moved = self._sums[b] - self._sums[a]
        first, second = self._totals[a, :, 0] + moved, self._totals[b, :, 0] - moved
        halved = (self.effect(a, b) - self._aggregate(first) + self._aggregate(second)) / 2
        return float(np.sqrt(np.sum(halved[np.isfinite(halved)] ** 2)))

    def share(self, drawn: FloatArray, observed: float) -> float:
        extreme = int(np.sum(drawn >= observed - _TIE * max(1.0, observed)))
        return extreme / self.draws if self.exact else (extreme + 1) / (self.draws + 1)


def _over(difference: FloatArray, scale: float) -> FloatArray:
    # Systems that are alike differ by rounding alone, which must not be blown up.
    return difference / scale if scale > _TIE else np.zeros_like(difference)
