"""Slot accuracy: the share of the slot set that is right in each turn, absent slots included."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.items import StateItem
from tod_metrics.state.state_metric import StateMetric


class SlotAccuracy(StateMetric):
    """Slot accuracy: mean over turns of the share of all slots of the slot set that are right, in %.

    Nearly all slots are absent nearly always, so an empty prediction scores above 80 on MultiWOZ: it is reported
    because papers report it. Of a turn that was not predicted no slot is right. A predicted slot outside of the slot
    set has no place in it and is not counted. Source: Wu et al. 2019, `compute_acc` of models/TRADE.py.
    """

    name: ClassVar[str] = "slot_accuracy"
    columns: ClassVar[tuple[str, ...]] = ("right", "slots")

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 2): slots that are right, and slots of the slot set."""
        aligned = self.aligned(items)
        size = np.full(aligned.items, float(aligned.size(self.domain)))
        wrong = aligned.count(aligned.rows(self.domain) & aligned.counted & (aligned.score < 1.0))
        return np.column_stack([(size - wrong) * aligned.given, size])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of slots that are right."""
        return percentage(sums[..., 0], sums[..., 1])
