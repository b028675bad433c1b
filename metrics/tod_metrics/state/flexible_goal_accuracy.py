"""Flexible goal accuracy: JGA that forgives, by degrees, a turn whose error was made earlier."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, Signature, percentage
from tod_metrics.items import StateItem
from tod_metrics.state.alignment import BoolArray
from tod_metrics.state.state_metric import StateMetric, batch_of
from tod_metrics.state.states import StateBatch


@dataclass(frozen=True)
class FlexibleGoalAccuracy(StateMetric):
    """Flexible goal accuracy (FGA): mean over turns of 1, 0 or a partial reward, in %.

    A turn with the right state scores 1. A turn with a wrong state scores 0 if the error is its own (the turn before
    was right, or what is new in gold or prediction does not agree), else ``1 - exp(-decay * turns since the last own
    error)``. Source: Dey et al. 2022 (ACL short papers) and its released script.

    Attributes:
        decay: The paper's lambda, above 0; the released script reports 0.25, 0.5, 0.75 and 1.
    """

    decay: float = 0.5

    name: ClassVar[str] = "flexible_goal_accuracy"
    columns: ClassVar[tuple[str, ...]] = ("reward", "turns")

    @property
    def signature(self) -> Signature:
        """The protocol's options and the decay."""
        return Signature(self.name, {**self.rules.options(), "decay": f"{self.decay:g}"})

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 2): reward of the turn, and 1."""
        batch = batch_of(items)
        exact = batch.aligned(self.rules).joint(self.domain) == 1.0
        changed = batch.changed(self.rules)
        disagreeing = changed.rows(self.domain) & changed.counted & (changed.score < 1.0)
        reward = self._rewards(batch, exact, (changed.count(disagreeing) == 0) & changed.given)
        return np.column_stack([reward, np.ones(len(batch))])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Mean reward in %."""
        return percentage(sums[..., 0], sums[..., 1])

    def _rewards(self, batch: StateBatch, exact: BoolArray, locally_right: BoolArray) -> FloatArray:
        """The reward of each turn, walking each dialogue in order."""
        reward = exact.astype(np.float64)
        dialogue, before, last_error = "", True, -1
        for position in batch.order:
            item = batch[position]
            if item.dialogue_id != dialogue:
                dialogue, before, last_error = item.dialogue_id, True, -1
            if not exact[position]:
                if before or not locally_right[position]:
                    last_error = item.turn
                else:
                    reward[position] = 1.0 - math.exp(-self.decay * (item.turn - last_error))
            before = bool(exact[position])
        return reward
