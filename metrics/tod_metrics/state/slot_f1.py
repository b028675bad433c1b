"""Slot precision, recall and F1 over belief states: micro over turns."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.items import StateItem
from tod_metrics.state.state_metric import StateMetric


class SlotF1(StateMetric):
    """Slot F1: harmonic mean of slot precision and recall, micro over turns, in %.

    A wrong value is one false positive and one false negative. Undefined where neither side has a slot.
    """

    name: ClassVar[str] = "slot_f1"
    columns: ClassVar[tuple[str, ...]] = ("true positives", "false positives", "false negatives")

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 3): true positives, false positives, false negatives."""
        return np.column_stack(self.aligned(items).confusion(self.domain))

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """``2 TP / (2 TP + FP + FN)`` in %."""
        return percentage(2 * sums[..., 0], 2 * sums[..., 0] + sums[..., 1] + sums[..., 2])


class SlotPrecision(SlotF1):
    """Slot precision: share of predicted slots that are right, micro over turns, in %; undefined if there are none."""

    name: ClassVar[str] = "slot_precision"

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """``TP / (TP + FP)`` in %."""
        return percentage(sums[..., 0], sums[..., 0] + sums[..., 1])


class SlotRecall(SlotF1):
    """Slot recall: share of gold slots that are right, micro over turns, in %; undefined where gold is empty."""

    name: ClassVar[str] = "slot_recall"

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """``TP / (TP + FN)`` in %."""
        return percentage(sums[..., 0], sums[..., 0] + sums[..., 2])
