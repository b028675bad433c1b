"""The area under the risk-coverage curve, and how much of it a better order of the same answers would save."""

from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.confidence.confidence_metric import ConfidenceMetric


class AURC(ConfidenceMetric):
    """Area under the risk-coverage curve, in %: mean over units of the share wrong among those at least as confident.

    A system that answers only where it is sure enough covers fewer units and errs less; the area is the mean risk over
    all thresholds (Geifman, Uziel and El-Yaniv 2019, section 3). Units of one confidence are accepted together.
    """

    name: ClassVar[str] = "aurc"

    def of_counts(self, confidence: FloatArray, units: FloatArray, right: FloatArray) -> FloatArray:  # noqa: ARG002
        """Mean selective risk, in %."""
        return percentage(summed_risk(units, right), units.sum(axis=0))


class ExcessAURC(ConfidenceMetric):
    """Excess AURC, in %: AURC less that of the best order of the same units, every right one before every wrong one.

    0 where confidence separates right from wrong. Source: Geifman, Uziel and El-Yaniv 2019, who approximate the best
    area by ``r + (1 - r) ln(1 - r)``; here it is exact: with k of n wrong, the mean of ``i / (n - k + i)``, i = 1..k.
    """

    name: ClassVar[str] = "eaurc"

    def of_counts(self, confidence: FloatArray, units: FloatArray, right: FloatArray) -> FloatArray:  # noqa: ARG002
        """AURC less the least possible, in %."""
        every, rights = units.sum(axis=0), right.sum(axis=0)
        return percentage(summed_risk(units, right) - least_risk(every, rights), every)


def summed_risk(units: FloatArray, right: FloatArray) -> FloatArray:
    """The selective risk at each unit's confidence, summed over units: shape (v, draws) to (draws,)."""
    accepted = np.cumsum(units[::-1], axis=0)
    wrong = np.cumsum((units - right)[::-1], axis=0)
    risk = wrong / np.maximum(accepted, 1.0)
    return np.asarray((risk * units[::-1]).sum(axis=0))


def least_risk(units: FloatArray, right: FloatArray) -> FloatArray:
    """The summed risk where every right unit comes first: ``sum of i / (right + i)`` over the wrong ones.

    As ``i / (right + i) = 1 - right / (right + i)`` it is the number of wrong ones less ``right`` times a difference
    of harmonic numbers.
    """
    from scipy.special import digamma

    return np.asarray(units - right - right * (digamma(units + 1) - digamma(right + 1)))
