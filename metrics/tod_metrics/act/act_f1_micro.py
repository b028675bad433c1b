"""Act F1, micro: over all acts of the corpus at once."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.act.act_metric import ActMetric
from tod_metrics.base import FloatArray, percentage
from tod_metrics.items import ActItem


class ActF1Micro(ActMetric):
    """Act F1, micro over the corpus, in %: turns with many acts weigh more, turns without any weigh nothing."""

    name: ClassVar[str] = "act_f1_micro"
    columns: ClassVar[tuple[str, ...]] = ("true positives", "false positives", "false negatives")

    def statistics(self, items: Sequence[ActItem]) -> FloatArray:
        """Shape (items, 3): true positives, false positives, false negatives."""
        return np.column_stack(self.aligned(items).confusion(self.domain))

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """``2 TP / (2 TP + FP + FN)`` in %; NaN where there is no act."""
        return percentage(2 * sums[..., 0], 2 * sums[..., 0] + sums[..., 1] + sums[..., 2])
