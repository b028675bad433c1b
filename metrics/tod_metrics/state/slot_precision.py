"""Slot precision over belief states: micro over turns."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.items import StateItem
from tod_metrics.state.state_metric import StateMetric


class SlotPrecision(StateMetric):
    """Slot precision: share of predicted slots that are right, micro over turns, in %; undefined if there are none."""

    name: ClassVar[str] = "slot_precision"
    columns: ClassVar[tuple[str, ...]] = ("true positives", "false positives", "false negatives")

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 3): true positives, false positives, false negatives."""
        return np.column_stack(self.aligned(items).confusion(self.domain))

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """``TP / (TP + FP)`` in %."""
        return percentage(sums[..., 0], sums[..., 0] + sums[..., 1])
