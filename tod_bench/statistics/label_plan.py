"""How many more labels would narrow a corrected mean's interval to a given width.

The forecast puts the spreads that the labels at hand show into the formula of the interval (`corrected`): of the
labels, of the judge's answers, and how far the two go together. Labels are taken from the items already judged, so
every further one leaves one item fewer without. The labels at hand are themselves a sample: what they forecast is given
with a range.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tod_bench.statistics.bootstrap import FloatArray
from tod_bench.statistics.corrected import CorrectedMean, corrected_mean, tuned_weight

_DRAWS = 200
"""Draws of the labels at hand for the forecast's range."""


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """What a width takes.

    Attributes:
        width: The width that is wanted, from the interval's lower end to its upper.
        now: The width with the labels at hand; None where they give no interval.
        labels: Labels in all that give the width; None where even all items would not.
        low: The same at the 5th percentile of the draws of the labels at hand; None as above.
        high: At the 95th percentile; None as above.
        alone: Labels in all that it takes without the judge; None as above.
        narrowest: The width with a label for every item.
        labelled: Labels at hand.
        items: Items in all.
    """

    width: float
    now: float | None
    labels: int | None
    low: int | None
    high: int | None
    alone: int | None
    narrowest: float
    labelled: int
    items: int


@dataclass(frozen=True, slots=True)
class Spread:
    """What the labels at hand show of spreads, as `forecast_width` needs it; each a number or an array of draws.

    Attributes:
        people: Variance of the labels.
        judge: Variance of the judge's answers.
        shared: Their covariance.
        design_labelled: How much dialogues of several items widen the correction's variance.
        design_judged: The same of the judge's part.
    """

    people: FloatArray
    judge: FloatArray
    shared: FloatArray
    design_labelled: float = 1.0
    design_judged: float = 1.0


def plan_labels(
    people: ArrayLike,
    judge: ArrayLike,
    unlabelled: ArrayLike,
    width: float,
    *,
    clusters: tuple[ArrayLike, ArrayLike] | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> LabelPlan:
    """How many labels a width takes.

    Args:
        people: Labels, shape (n,), n at least 5.
        judge: The judge's answers to the same items, shape (n,).
        unlabelled: Its answers to all others, shape (N,).
        width: From the lower end of the interval to the upper, in the unit of the answers.
        clusters: The dialogues of the labelled and the unlabelled items.
        level: Nominal coverage of the interval.
        seed: Seed of the draws for the forecast's range.

    Raises:
        ValueError: There are fewer than five labels, or the width is not above 0.
    """
    y, f, u = (np.asarray(values, dtype=np.float64) for values in (people, judge, unlabelled))
    if len(y) < 5 or not width > 0:
        raise ValueError(f"a plan needs five labels and a width above 0, not {len(y)} and {width}")
    design = (1.0, 1.0) if clusters is None else _design_effects(y, f, u, clusters)
    spread = _spread(y[None], f[None], u, design)
    drawn = np.random.default_rng(seed).integers(0, len(y), (_DRAWS, len(y)))
    total = len(y) + len(u)
    reached = _first_within(_spread(y[drawn], f[drawn], u, design), total, width, level)
    low, high = np.quantile(reached, [0.05, 0.95], method="nearest")
    alone = Spread(spread.people, spread.judge, 0 * spread.shared, *design)
    return LabelPlan(
        width=width,
        now=_width(corrected_mean(y, f, u, clusters=clusters, level=level)),
        labels=_reachable(_first_within(spread, total, width, level)[0], total),
        low=_reachable(low, total),
        high=_reachable(high, total),
        alone=_reachable(_first_within(alone, total, width, level)[0], total),
        narrowest=float(forecast_width(spread, total, total, level)[0]),
        labelled=len(y),
        items=total,
    )


def forecast_width(spread: Spread, labels: int | NDArray[np.int64], items: int, level: float = 0.95) -> FloatArray:
    """Width of the interval of `corrected_mean` with so many labels among so many items, one a draw of the spread."""
    from scipy.special import stdtrit

    n = np.asarray(labels, dtype=np.float64)
    rest = items - n
    share = np.divide(n, rest, out=np.full_like(n, np.inf), where=rest > 0)
    varies = spread.judge > 0
    ideal = np.divide(spread.shared, spread.judge, out=np.zeros_like(spread.judge), where=varies) / (1 + share)
    weight = np.clip(ideal, 0, 1)
    error = np.maximum(spread.people - 2 * weight * spread.shared + weight**2 * spread.judge, 0)
    lost = np.where(weight > 0, 2, 1)
    ours = spread.design_labelled * error / n
    theirs = spread.design_judged * weight**2 * spread.judge / np.maximum(rest, 1)
    return np.asarray(2 * stdtrit(np.maximum(n - lost, 1), (1 + level) / 2) * np.sqrt(ours + theirs))


def _spread(people: FloatArray, judge: FloatArray, unlabelled: FloatArray, design: tuple[float, float]) -> Spread:
    """Spreads of draws of the labels, shape (draws, n) each.

    How the judge's answers spread is known from all items; the labels say how people's go with them (a slope) and how
    far they lie beside that line. From these follow the spreads that labels of any number will show.
    """
    n = people.shape[1]
    of_people, of_judge = (one - one.mean(axis=1, keepdims=True) for one in (people, judge))
    shared, own = np.mean(of_people * of_judge, axis=1), np.mean(of_judge**2, axis=1)
    slope = np.divide(shared, own, out=np.zeros_like(own), where=own > 1e-12)
    beside = np.maximum(people.var(axis=1) - slope**2 * own, 0) * n / (n - 2)
    rest = np.broadcast_to(unlabelled, (len(judge), len(unlabelled)))
    every = np.concatenate([judge, rest], axis=1).var(axis=1)
    return Spread(beside + slope**2 * every, every, slope * every, *design)


def _first_within(spread: Spread, items: int, width: float, level: float) -> NDArray[np.int64]:
    """The smallest number of labels whose width is within the one wanted, by halving; `items` + 1 where none is."""
    low = np.full(spread.people.shape, 4)
    high = np.full(spread.people.shape, items + 1)
    while np.any(high - low > 1):
        middle = (low + high) // 2
        within = forecast_width(spread, np.minimum(middle, items), items, level) <= width
        high, low = np.where(within, middle, high), np.where(within, low, middle)
    return high


def _width(mean: CorrectedMean) -> float | None:
    return None if mean.low is None or mean.high is None else mean.high - mean.low


def _reachable(count: float, items: int) -> int | None:
    return int(count) if count <= items else None


def _design_effects(
    y: FloatArray, f: FloatArray, u: FloatArray, clusters: tuple[ArrayLike, ArrayLike]
) -> tuple[float, float]:
    """Squared errors over dialogues relative to those of independent items: of the correction, of the judge's part."""
    weight = tuned_weight(y, f, u)
    alone = corrected_mean(y, f, u, weight=weight)
    together = corrected_mean(y, f, u, weight=weight, clusters=clusters)
    pairs = ((together.labelled_error, alone.labelled_error), (together.judged_error, alone.judged_error))
    labelled, judged = (max(1.0, (one / other) ** 2) if other > 0 else 1.0 for one, other in pairs)
    return labelled, judged
