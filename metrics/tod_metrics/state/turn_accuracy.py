"""Turn accuracy: whether what changed in this turn is right, whatever went wrong before."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.items import StateItem
from tod_metrics.state.state_metric import StateMetric, batch_of


class TurnAccuracy(StateMetric):
    """Turn-level accuracy: share of turns whose change of state is right, in %.

    The change of a turn is the slots whose value differs from the turn before, in gold or in the prediction, among them
    those that were given up. A turn is right when gold and prediction now agree on all of them. An error so counts in
    the turn that makes it, once, and not in every later turn as in JGA; mending it is right. It is the local
    correctness of Dey et al. 2022, with slots that were given up.
    """

    name: ClassVar[str] = "turn_accuracy"
    columns: ClassVar[tuple[str, ...]] = ("right", "turns")

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 2): 1 where the change is right, and 1."""
        changed = batch_of(items).changed(self.rules)
        wrong = changed.count(changed.rows(self.domain) & (changed.score < 1.0))
        return np.column_stack([(wrong == 0) & changed.given, np.ones(len(items))])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of turns whose change is right."""
        return percentage(sums[..., 0], sums[..., 1])
