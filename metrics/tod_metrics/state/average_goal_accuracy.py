"""Average goal accuracy: of the slots that gold has, how many are right."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage, ratio
from tod_metrics.items import StateItem
from tod_metrics.state.alignment import IntArray
from tod_metrics.state.state_metric import StateMetric


class AverageGoalAccuracy(StateMetric):
    """Average goal accuracy: mean over turns (``sgd``: frames) with a gold state of its share of right slots, in %.

    Predicted slots that gold does not have cost nothing, so it rewards predicting too much; read it beside precision.
    Source: Rastogi et al. 2020, `get_average_and_joint_goal_accuracy`.
    """

    name: ClassVar[str] = "average_goal_accuracy"
    columns: ClassVar[tuple[str, ...]] = ("share", "counted")
    denominator: ClassVar[str] = "counted"

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 2): summed shares, and number of turns (or frames) that have a gold slot."""
        aligned = self.aligned(items)
        if self.rules.unit == "turn":
            gold = aligned.rows(self.domain) & aligned.gold
            return _shares(aligned.item[gold], aligned.score[gold], np.arange(aligned.items), aligned.items)
        frame_item, frame, rows = aligned.frames(self.domain)
        gold = aligned.gold[rows]
        return _shares(frame[gold], aligned.score[rows][gold], frame_item, aligned.items)

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Mean share in %; NaN where no turn has a gold slot."""
        return percentage(sums[..., 0], sums[..., 1])


def _shares(unit: IntArray, score: FloatArray, item_of_unit: IntArray, items: int) -> FloatArray:
    units = len(item_of_unit)
    slots = np.bincount(unit, minlength=units).astype(np.float64)
    right: FloatArray = np.bincount(unit, weights=score, minlength=units).astype(np.float64)
    share = ratio(right, slots, empty=0.0)
    counted = (slots > 0).astype(np.float64)
    columns = [np.bincount(item_of_unit, weights=column, minlength=items) for column in (share, counted)]
    return np.column_stack(columns)
