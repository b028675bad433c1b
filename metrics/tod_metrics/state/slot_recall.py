"""Slot recall over belief states: micro over turns."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.items import StateItem
from tod_metrics.state.state_metric import StateMetric


class SlotRecall(StateMetric):
    """Slot recall: share of gold slots that are right, micro over turns, in %; undefined where gold is empty."""

    name: ClassVar[str] = "slot_recall"
    columns: ClassVar[tuple[str, ...]] = ("true positives", "false positives", "false negatives")

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 3): true positives, false positives, false negatives."""
        return np.column_stack(self.aligned(items).confusion(self.domain))

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """``TP / (TP + FN)`` in %."""
        return percentage(sums[..., 0], sums[..., 0] + sums[..., 2])
