"""The area under the risk-coverage curve, and how much of it a better order of the same answers would save."""

from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.confidence.confidence_metric import ConfidenceMetric


class AURC(ConfidenceMetric):
    """Area under the risk-coverage curve, in %: mean over k of the share wrong among the k most confident units.

    A system that answers only where it is sure enough covers fewer units and errs less (Geifman, Uziel and El-Yaniv
    2019, section 3). Units of one confidence come in random order: the score is the mean over all orders, exactly.
    """

    name: ClassVar[str] = "aurc"

    def of_counts(self, confidence: FloatArray, units: FloatArray, right: FloatArray) -> FloatArray:  # noqa: ARG002
        """Mean selective risk, in %."""
        return percentage(summed_risk(units, right), units.sum(axis=0))


class ExcessAURC(ConfidenceMetric):
    """Excess AURC, in %: AURC less that of the best order of the same units, every right one before every wrong one.

    0 where every right unit has more confidence than every wrong one. Source: Geifman, Uziel and El-Yaniv 2019, who
    approximate the best area by ``r + (1 - r) ln(1 - r)``; here it is exact: with k of n wrong, ``i / (n - k + i)``
    summed over i = 1..k and divided by n.
    """

    name: ClassVar[str] = "eaurc"

    def of_counts(self, confidence: FloatArray, units: FloatArray, right: FloatArray) -> FloatArray:  # noqa: ARG002
        """AURC less the least possible, in %."""
        every, rights = units.sum(axis=0), right.sum(axis=0)
        # Below zero only by rounding.
        excess = np.maximum(summed_risk(units, right) - least_risk(every, rights), 0.0)
        return percentage(excess, every)


def summed_risk(units: FloatArray, right: FloatArray) -> FloatArray:
    """The share wrong among the k most confident units, summed over k: shape (v, draws) to (draws,).

    After K units, W of them wrong, come the m of one confidence, w of them wrong. In random order, ``(W + j w / m) /
    (K + j)`` of the first ``K + j`` are wrong on average; over j = 1..m that is ``w + (W - K w / m) (H(K+m) - H(K))``
    with harmonic numbers H.

    Args:
        units: Units of each confidence, ascending; whole numbers.
        right: Right ones among them.
    """
    wrong = (units - right)[::-1]
    units = units[::-1]
    accepted, wrongs = np.cumsum(units, axis=0), np.cumsum(wrong, axis=0)
    before, wrong_before = accepted - units, wrongs - wrong
    harmonic = harmonics(float(accepted[-1].max(initial=0)))
    steps = harmonic[accepted.astype(np.int64)] - harmonic[before.astype(np.int64)]
    share = wrong / np.maximum(units, 1.0)
    return np.asarray((wrong + (wrong_before - before * share) * steps).sum(axis=0))


def least_risk(units: FloatArray, right: FloatArray) -> FloatArray:
    """The least sum there is, every right unit before every wrong one: ``i / (right + i)`` summed over the wrong ones.

    Args:
        units: Number of units, whole.
        right: Number of right ones.
    """
    harmonic = harmonics(float(units.max(initial=0)))
    steps = harmonic[units.astype(np.int64)] - harmonic[right.astype(np.int64)]
    return np.asarray(units - right - right * steps)


def harmonics(largest: float) -> FloatArray:
    """The harmonic numbers ``H(0) = 0`` to ``H(largest)``."""
    return np.concatenate([[0.0], np.cumsum(1 / np.arange(1, int(largest) + 1))])
