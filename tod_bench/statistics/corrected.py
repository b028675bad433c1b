"""A judge's mean or rate corrected by a few labels of people, with an interval that knows how few they are.

*Means*: prediction-powered inference (Angelopoulos et al. 2023, Science 382, 669-674) with the tuned weight of PPI++
(Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453). The judge's mean over what has no label is moved by how far
judge and people differ where there are labels:

    mean = lambda * mean(judge, unlabelled) + mean(people - lambda * judge, labelled)

A judge that says nothing gets the weight 0, and what remains are the people's labels. Rates: see `rogan_gladen`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tod_bench.statistics.bootstrap import FloatArray

_MADE_UP = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
"""What people and judge may say of an item that is right or wrong."""


@dataclass(frozen=True, slots=True)
class CorrectedMean:
    """A mean with its interval.

    Attributes:
        value: The mean, in the unit of the answers.
        low: Lower end of its interval; None where there is none.
        high: Upper end.
        weight: Lambda, the weight of the judge: 1 is plain PPI, 0 the labels alone.
        labelled_error: Standard error of the correction, from the labelled items.
        judged_error: Standard error of the judge's part, from the items without labels.
        labelled: Items with a label.
        unlabelled: Items without one.
        units: Dialogues with a label; `labelled` where each item is one of its own.
        note: Why there is no interval, or how it was widened; mostly empty.
    """

    value: float
    low: float | None
    high: float | None
    weight: float
    labelled_error: float
    judged_error: float
    labelled: int
    unlabelled: int
    units: int
    note: str = ""


def tuned_weight(people: ArrayLike, judge: ArrayLike, unlabelled: ArrayLike) -> float:
    """Lambda of PPI++ for a mean, held between 0 and 1: the weight at which the interval is narrowest.

    ``cov(people, judge) / ((1 + n / N) * var(judge))``, the variance over labelled and unlabelled items together.

    Args:
        people: Labels, shape (n,).
        judge: The judge's answers to the same items, shape (n,).
        unlabelled: The judge's answers to the others, shape (N,).
    """
    y, f, u = (np.asarray(values, dtype=np.float64) for values in (people, judge, unlabelled))
    if len(y) < 2 or len(u) < 2:
        return 0.0
    spread = float(np.var(np.concatenate([f, u]), ddof=1))
    if spread < 1e-24:
        return 0.0
    shared = float(np.mean((y - y.mean()) * (f - f.mean())))
    return float(np.clip(shared / ((1 + len(y) / len(u)) * spread), 0.0, 1.0))


def corrected_mean(
    people: ArrayLike,
    judge: ArrayLike,
    unlabelled: ArrayLike,
    *,
    weight: float | None = None,
    clusters: tuple[ArrayLike, ArrayLike] | None = None,
    span: float | None = None,
    level: float = 0.95,
) -> CorrectedMean:
    """The people's mean over all items, from their labels of some and the judge's answers to all.

    The labelled items must be a random draw of all items. The standard error is taken over dialogues (an item each by
    default), also where one has labelled and unlabelled items; the interval is Student's, with one degree of freedom
    less than dialogues with labels, and another less where the weight is estimated from them. Of answers that are 0 or
    1 (or a half) it is made with made-up items, see `_of_shares`.

    Args:
        people: Labels, shape (n,).
        judge: The judge's answers to the same items, shape (n,).
        unlabelled: The judge's answers to all others, shape (N,), N may be 0.
        weight: Lambda; that of `tuned_weight` where None.
        clusters: The dialogues of the labelled and of the unlabelled items, whole numbers in one numbering.
        span: Distance between the largest and the smallest possible answer; the largest seen where None. It widens the
            interval where judge and people never differ in the labels, from which alone no error could be told.
        level: Nominal coverage.

    Raises:
        ValueError: The shapes do not fit, or there is no label.
    """
    y, f, u = (np.asarray(values, dtype=np.float64) for values in (people, judge, unlabelled))
    if y.ndim != 1 or f.shape != y.shape or u.ndim != 1 or not len(y):
        raise ValueError(f"people and judge must be (n,), n at least 1, and unlabelled (N,), not {y.shape}, {f.shape}")
    sides = clusters or (np.arange(len(y)), len(y) + np.arange(len(u)))
    of_labelled, of_unlabelled = (np.asarray(side) for side in sides)
    lam = _weight(y, f, u, weight)
    value = float(np.mean(y - lam * f) + (lam * u.mean() if len(u) else 0.0))
    units, lost = len(np.unique(of_labelled)), 2 if weight is None and lam > 0 else 1
    sizes = (len(y), len(u), units)
    unjudged = lam > 0 and len(np.unique(of_unlabelled)) < 2
    if units <= lost or unjudged:
        note = f"an interval needs labels of at least {lost + 1} dialogues, and there are {units}"
        note = "an interval needs at least two dialogues without a label" if unjudged else note
        return CorrectedMean(value, None, None, lam, 0.0, 0.0, *sizes, note=note)
    errors = _errors(y, f, u, lam, (of_labelled, of_unlabelled), lost)
    if np.isin(np.concatenate([y, f, u]), (0.0, 0.5, 1.0)).all():
        centre, half = _of_shares((y, f, u), weight, (of_labelled, of_unlabelled), level)
        # The centre is drawn to the middle, the value is not: the interval holds both.
        low, high = min(centre - half, value), max(centre + half, value)
        return CorrectedMean(value, low, high, lam, *errors[:2], *sizes)
    slack, note = _never_differ(y - lam * f, units, span if span is not None else _span(y, f, u), level)
    half = _student(units - lost, level) * errors[2] + slack
    return CorrectedMean(value, value - half, value + half, lam, *errors[:2], *sizes, note=note)


def naive_mean(judge: ArrayLike, clusters: ArrayLike | None = None, level: float = 0.95) -> CorrectedMean:
    """The judge's own mean over all items, with the interval of somebody who takes its answers for the truth."""
    answers = np.asarray(judge, dtype=np.float64)
    sides = None if clusters is None else (clusters, np.zeros(0, dtype=np.int64))
    return corrected_mean(answers, answers, (), weight=0.0, clusters=sides, level=level)


def _weight(y: FloatArray, f: FloatArray, u: FloatArray, weight: float | None) -> float:
    if not len(u):
        return 0.0
    return tuned_weight(y, f, u) if weight is None else weight


def _errors(
    y: FloatArray,
    f: FloatArray,
    u: FloatArray,
    lam: float,
    clusters: tuple[NDArray[np.int64], NDArray[np.int64]],
    lost: int,
) -> tuple[float, float, float]:
    """Standard errors over dialogues: of the correction, of the judge's part, and of both together."""
    count = int(max(clusters[0].max(), clusters[1].max(initial=0))) + 1
    units, judged = (len(np.unique(side)) for side in clusters)
    ours = _deviations(y - lam * f, clusters[0], count) * np.sqrt(units / (units - lost))
    theirs = _deviations(lam * u, clusters[1], count) * np.sqrt(judged / max(1, judged - 1))
    # A dialogue with labelled and unlabelled items moves both parts, and they may cancel.
    return _norm(ours), _norm(theirs), _norm(ours + theirs)


def _of_shares(
    answers: tuple[FloatArray, FloatArray, FloatArray],
    weight: float | None,
    clusters: tuple[NDArray[np.int64], NDArray[np.int64]],
    level: float,
) -> tuple[float, float]:
    """Centre and half width of the interval of a share, with half a made-up item of each kind among the labels.

    The kinds are the four of people and judge saying yes or no. A sample without one of the rarer kinds takes it for
    impossible, and its interval misses the truth up to a quarter of the time; with the made-up items, which Agresti and
    Min (2005, Statistics in Medicine 24, 729-740) add to pairs of answers, it does not (``results/judge_simulation``).
    """
    y, f, u = answers
    lam, mean = _weight_with_made_up(y, f, u, weight)
    rest, made_up = y - lam * f, _MADE_UP[:, 0] - lam * _MADE_UP[:, 1]
    items = len(y) + 2.0
    count = int(max(clusters[0].max(), clusters[1].max(initial=0))) + 1
    units, judged = (len(np.unique(side)) for side in clusters)
    correction = (rest.sum() + made_up.sum() / 2) / items
    ours = np.bincount(clusters[0], weights=(rest - correction) / items, minlength=count)
    theirs = _deviations(lam * u, clusters[1], count) * np.sqrt(judged / max(1, judged - 1))
    freedom = units + 2 - (2 if weight is None and lam > 0 else 1)
    widened = (units + 2) / freedom
    variance = widened * float(np.sum((made_up - correction) ** 2)) / 2 / items**2
    variance += float(np.sum((ours * np.sqrt(widened) + theirs) ** 2))
    return mean, _student(freedom, level) * float(np.sqrt(variance))


def _weight_with_made_up(y: FloatArray, f: FloatArray, u: FloatArray, weight: float | None) -> tuple[float, float]:
    """The weight, and the mean that it gives, with half a made-up item of each kind among the labels."""
    # Everything twice and the made-up ones once: the same moments, save that the judge's spread counts what is there.
    people, judge = (np.concatenate([one, one, made]) for one, made in zip((y, f), _MADE_UP.T, strict=True))
    lam = _weight(people, judge, np.concatenate([u, u]), weight)
    return lam, float(np.mean(people - lam * judge) + (lam * u.mean() if len(u) else 0.0))


def _deviations(values: FloatArray, clusters: NDArray[np.int64], count: int) -> FloatArray:
    """How far each dialogue moves the mean of the values, shape (count,)."""
    if not len(values):
        return np.zeros(count)
    moved = np.bincount(clusters, weights=(values - values.mean()) / len(values), minlength=count)
    return np.asarray(moved, dtype=np.float64)


def _norm(values: FloatArray) -> float:
    return float(np.sqrt(np.sum(values**2)))


def _never_differ(rest: FloatArray, units: int, span: float, level: float) -> tuple[float, str]:
    """What is added to the interval where labelled items show no error at all, and the note that says so."""
    if np.ptp(rest) > 1e-12 * max(1.0, float(np.abs(rest).max())):
        return 0.0, ""
    if span == 0:
        return 0.0, "every answer is the same, so the width says nothing of the score's uncertainty"
    # The largest rate of a difference that would leave none among so many dialogues with the chance 1 - level.
    rate = 1 - (1 - level) ** (1 / units)
    note = (
        f"the {units} labelled dialogues show no error of the judge; the interval allows for {100 * rate:.1f}% in "
        "which it errs by the whole scale"
    )
    return rate * span, note


def _span(*values: FloatArray) -> float:
    every = np.concatenate(values)
    return float(np.ptp(every))


def _student(freedom: int, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))
