"""Joint F1: the F1 of each turn's state, averaged over turns."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage, ratio
from tod_metrics.items import StateItem
from tod_metrics.state.state_metric import StateMetric


class JointF1(StateMetric):
    """Joint F1: mean over turns of the F1 between gold and predicted slots with values, in %; empty against empty is 1.

    Source: Wu et al. 2019, `compute_prf` of models/TRADE.py.
    """

    name: ClassVar[str] = "joint_f1"
    columns: ClassVar[tuple[str, ...]] = ("f1", "turns")

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 2): F1 of the turn, and 1."""
        aligned = self.aligned(items)
        right, wrong, missed = aligned.confusion(self.domain)
        f1 = ratio(2 * right, 2 * right + wrong + missed, empty=1.0) * aligned.given
        return np.column_stack([f1, np.ones(len(f1))])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Mean F1 in %."""
        return percentage(sums[..., 0], sums[..., 1])
