"""The true rate behind a binary verdict, from the judge's sensitivity and specificity (Rogan and Gladen 1978).

    rate = (share judged positive + specificity - 1) / (sensitivity + specificity - 1)

The interval is that of Lang and Reiczigel (2014, Preventive Veterinary Medicine 113, 13-22), which arXiv 2511.21140
proposes for LLM judges: sensitivity and specificity are estimates from the labels, so their errors are in it. It also
holds where labels were drawn by their class (say, as many right as wrong answers), which `corrected_mean` does not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tod_bench.statistics.bootstrap import FloatArray


@dataclass(frozen=True, slots=True)
class CorrectedRate:
    """A rate with its interval.

    Attributes:
        value: The rate, 0 to 1; None where the labels do not allow one.
        low: Lower end of its interval; 0 where nothing is known.
        high: Upper end; 1 where nothing is known.
        sensitivity: Share of truly positive items that are judged so; None without such an item.
        specificity: Share of truly negative items that are judged so; None without such an item.
        positives: Labelled items that are truly positive.
        negatives: Labelled items that are truly negative.
        unlabelled: Items without a label.
        design: How much dialogues of several items widen the variance; 1 without them.
        note: Why there is no rate, or no bounded interval; mostly empty.
    """

    value: float | None
    low: float
    high: float
    sensitivity: float | None
    specificity: float | None
    positives: int
    negatives: int
    unlabelled: int
    design: float = 1.0
    note: str = ""


def corrected_rate(
    truth: ArrayLike,
    verdict: ArrayLike,
    unlabelled: ArrayLike,
    *,
    clusters: tuple[ArrayLike, ArrayLike] | None = None,
    level: float = 0.95,
) -> CorrectedRate:
    """The true rate among all items, from verdicts on all and the truth of some.

    Args:
        truth: The labels, 0 or 1, shape (n,).
        verdict: The judge's verdicts on the same items, 0 or 1, shape (n,).
        unlabelled: Its verdicts on the others, shape (N,).
        clusters: The dialogues of the labelled and of the unlabelled items, whole numbers in one numbering.
        level: Nominal coverage.

    Returns:
        The rate; without one where a class has no label or the judge is no better than chance, and with the interval
        from 0 to 1 where its errors cannot be told from chance.

    Raises:
        ValueError: The shapes do not fit, a value is neither 0 nor 1, or nothing is unlabelled.
    """
    y, f, u = (np.asarray(values, dtype=np.float64) for values in (truth, verdict, unlabelled))
    if y.shape != f.shape or y.ndim != 1 or u.ndim != 1 or not len(u):
        raise ValueError(f"truth and verdict must be (n,) and unlabelled (N,), N > 0: {y.shape}, {f.shape}, {u.shape}")
    if not np.isin(np.concatenate([y, f, u]), (0.0, 1.0)).all():
        raise ValueError("truth and verdicts must be 0 or 1")
    positives, negatives = int(y.sum()), int(len(y) - y.sum())
    counted = (positives, negatives, len(u))
    sensitivity = float(f[y == 1].mean()) if positives else None
    specificity = float(1 - f[y == 0].mean()) if negatives else None
    if sensitivity is None or specificity is None:
        what = "positive" if sensitivity is None else "negative"
        note = f"no labelled item is {what}, so the judge's errors there are unknown"
        return CorrectedRate(None, 0.0, 1.0, sensitivity, specificity, *counted, note=note)
    youden = sensitivity + specificity - 1
    if youden <= 0:
        note = "sensitivity and specificity add up to 1 or less: the verdicts say no more than chance would"
        return CorrectedRate(None, 0.0, 1.0, sensitivity, specificity, *counted, note=note)
    value = float(np.clip((u.mean() + specificity - 1) / youden, 0, 1))
    design = 1.0 if clusters is None else _design_effect(y, f, u, (sensitivity, specificity), clusters)
    low, high, note = _interval(float(u.mean()), (sensitivity, specificity), counted, design, level)
    return CorrectedRate(value, low, high, sensitivity, specificity, *counted, design=design, note=note)


def _interval(
    judged: float, accuracies: tuple[float, float], counted: tuple[int, int, int], design: float, level: float
) -> tuple[float, float, str]:
    """Lang and Reiczigel's interval: estimates drawn to the middle, then Wald's interval around a shifted centre."""
    from scipy.special import ndtri

    positives, negatives, total = counted
    z = float(ndtri((1 + level) / 2))
    share = (total * judged + z**2 / 2) / (total + z**2)
    right = (positives * accuracies[0] + 1) / (positives + 2)
    left = (negatives * accuracies[1] + 1) / (negatives + 2)
    spread_right, spread_left = right * (1 - right) / (positives + 2), left * (1 - left) / (negatives + 2)
    youden = right + left - 1
    # A judge whose errors may be those of chance allows for any rate.
    if youden - float(ndtri(level)) * np.sqrt(design * (spread_right + spread_left)) <= 0:
        return 0.0, 1.0, "on so few labels the verdicts cannot be told from chance, so nothing bounds the rate"
    rate = float(np.clip((share + left - 1) / youden, 0, 1))
    shift = 2 * z**2 * (rate * spread_right - (1 - rate) * spread_left)
    variance = share * (1 - share) / (total + z**2) + rate**2 * spread_right + (1 - rate) ** 2 * spread_left
    half = z * np.sqrt(design * variance) / youden
    return float(np.clip(rate + shift - half, 0, 1)), float(np.clip(rate + shift + half, 0, 1)), ""


def _design_effect(
    y: FloatArray, f: FloatArray, u: FloatArray, accuracies: tuple[float, float], clusters: tuple[ArrayLike, ArrayLike]
) -> float:
    """Variance of the rate over dialogues relative to that of independent items, at least 1."""
    sensitivity, specificity = accuracies
    rate = float(np.clip((u.mean() + specificity - 1) / (sensitivity + specificity - 1), 0, 1))
    # How far each item moves the rate, up to a common factor.
    labelled = np.where(
        y == 1,
        -rate * (f - sensitivity) / max(1.0, y.sum()),
        (1 - rate) * (1 - f - specificity) / max(1.0, (1 - y).sum()),
    )
    moves = np.concatenate([labelled, (u - u.mean()) / len(u)])
    numbers: NDArray[np.int64] = np.concatenate([np.asarray(side) for side in clusters]).astype(np.int64)
    alone = float(np.sum(moves**2))
    together = float(np.sum(np.bincount(numbers, weights=moves) ** 2))
    return max(1.0, together / alone) if alone > 0 else 1.0
