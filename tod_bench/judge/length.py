"""How much longer the second candidate of a pair is, and its win rate at equal length (`tod_metrics.judge.length`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tod_bench.judge.config import Resampling
from tod_bench.statistics import resample_weights
from tod_metrics.base import FloatArray
from tod_metrics.judge.length import WinRateLengthControlled, fit_at_equal_length
from tod_metrics.judge.ratings import Rating, judged_items

Words = Mapping[str, Mapping[str, int]]
"""Item -> candidate -> words that the system says."""


@dataclass(frozen=True, slots=True)
class LengthControl:
    """What length explains of a comparison.

    Attributes:
        gap: Mean words of the second candidate less the first's, a dialogue.
        ratio: The second candidate's words over the first's.
        win_rate: Length-controlled win rate of the second candidate, 0 to 100; None where it cannot be estimated.
        low: Lower end of its 95% interval.
        high: Upper end.
        slope: phi: positive where the longer answer is preferred.
        note: What a reader must know; mostly empty.
    """

    gap: float
    ratio: float
    win_rate: float | None
    low: float | None
    high: float | None
    slope: float | None
    note: str = ""


def length_of_pairs(ratings: Sequence[Rating], words: Words, by: Resampling) -> LengthControl | None:
    """What length explains of the pairs that were judged under their own personas; None where no length is known."""
    own = sorted((rating for rating in ratings if rating.persona == "own"), key=lambda rating: rating.item)
    pairs = WinRateLengthControlled().pairs(judged_items(own, words))
    return length_control(*pairs.T, draws=min(by.draws, 1000), seed=by.seed) if len(pairs) else None


def length_control(
    wins: FloatArray, first: FloatArray, second: FloatArray, *, draws: int = 1000, seed: int = 0
) -> LengthControl:
    """The length-controlled win rate of the second candidate with its interval.

    Args:
        wins: The second candidate's part of each item, 0 to 1 (ties 0.5), shape (n,).
        first: Words of the first candidate, shape (n,).
        second: Words of the second candidate, shape (n,).
        draws: Bootstrap draws of the items (percentile interval).
        seed: Seed of the draws.
    """
    gaps = second - first
    gap, ratio = float(np.mean(gaps)), float(np.sum(second) / max(1.0, float(np.sum(first))))
    fitted = fit_at_equal_length(wins, first, second, np.ones((1, len(wins))))
    weights = resample_weights(len(wins), draws, seed).astype(np.float64)
    drawn = fit_at_equal_length(wins, first, second, weights)
    if fitted is None or drawn is None:
        note = "every item has the same length gap, so its influence cannot be told from the systems'"
        return LengthControl(gap, ratio, None, None, None, None, note)
    low, high = np.quantile(drawn[0], [0.025, 0.975])
    nearest = float(np.min(np.abs(np.tanh(gaps / float(np.std(gaps))))))
    note = "no pair is close in length; the rate at equal length is an extrapolation" if nearest > 0.5 else ""
    return LengthControl(gap, ratio, float(fitted[0][0]), float(low), float(high), float(fitted[1][0]), note)
