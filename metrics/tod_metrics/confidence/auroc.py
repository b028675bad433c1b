"""AUROC: how often a right value has more confidence than a wrong one."""

from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.confidence.confidence_metric import ConfidenceMetric


class AUROC(ConfidenceMetric):
    """Area under the ROC curve of confidence against being right, in %, 50 by chance.

    The share of pairs of a right and a wrong unit in which the right one has more confidence, ties as a half (Mann and
    Whitney 1947; Hanley and McNeil 1982). Only the order of confidences matters.
    Undefined where all units are right, or all wrong.
    """

    name: ClassVar[str] = "auroc"
    higher_is_better: ClassVar[bool | None] = True

    def of_counts(self, confidence: FloatArray, units: FloatArray, right: FloatArray) -> FloatArray:  # noqa: ARG002
        """Pairs that are in order, as a share of all pairs of a right and a wrong unit, in %."""
        wrong = units - right
        below = np.cumsum(wrong, axis=0) - wrong
        in_order = (right * (below + wrong / 2)).sum(axis=0)
        return percentage(in_order, right.sum(axis=0) * wrong.sum(axis=0))
