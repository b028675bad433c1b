"""The Brier score: the mean squared distance of confidence from 1 for what is right and 0 for what is wrong."""

from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.confidence.confidence_metric import ConfidenceMetric


class Brier(ConfidenceMetric):
    """Brier score of confidence, times 100: mean of (confidence - right)², right being 1 or 0 (Brier 1950)."""

    name: ClassVar[str] = "brier"

    def of_counts(self, confidence: FloatArray, units: FloatArray, right: FloatArray) -> FloatArray:
        """``100 * mean((c - y)^2)``."""
        squared = np.square(1 - confidence) @ right + np.square(confidence) @ (units - right)
        return percentage(squared, units.sum(axis=0))
