"""Relative slot accuracy: the share right of the slots that either side has."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage, ratio
from tod_metrics.items import StateItem
from tod_metrics.state.state_metric import StateMetric


class RelativeSlotAccuracy(StateMetric):
    """Relative slot accuracy: mean over turns of the share right of the slots in gold or prediction, in %.

    Turns in which neither side has a slot have nothing to divide by and are left out; a turn that was not predicted
    counts as wrong. Source: Kim et al. 2022 (ACL
    short papers, "Mismatch between Multi-turn Dialogue and its Evaluation Metric in Dialogue State Tracking").
    """

    name: ClassVar[str] = "relative_slot_accuracy"
    columns: ClassVar[tuple[str, ...]] = ("share", "counted")
    denominator: ClassVar[str] = "counted"

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 2): share of right slots, and 1 where either side has a slot or nothing was predicted."""
        aligned = self.aligned(items)
        rows = aligned.rows(self.domain)
        slots = aligned.count(rows)
        share = ratio(aligned.count(rows & (aligned.score == 1.0)), slots, empty=0.0)
        return np.column_stack([share, (slots > 0) | ~aligned.given])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Mean share in %; NaN where no turn has a slot."""
        return percentage(sums[..., 0], sums[..., 1])
