"""SGD's joint goal accuracy of one kind of slots, categorical or not: what its two metrics share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.items import StateItem
from tod_metrics.normalization import MULTIWOZ_SLOTS, MULTIWOZ_UNSCORED
from tod_metrics.state.state_metric import StateMetric, batch_of


class SlotKindAccuracy(StateMetric):
    """Joint goal accuracy over the slots of one kind, in %; `protocol` is ``sgd`` or ``sgd_turn``.

    Attributes:
        categorical: Which kind: slots with a closed list of values, or the others.
    """

    protocol: str = "sgd"

    categorical: ClassVar[bool]
    columns: ClassVar[tuple[str, ...]] = ("right", "counted")
    denominator: ClassVar[str] = "counted"

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 2): summed products of slot scores, and units (frames or turns) that have such a slot."""
        batch = batch_of(items)
        aligned = self.aligned(batch)
        having = {name for name, slots in batch.schema.items() if self.categorical in slots.values()}
        if not self.categorical:
            # Every domain of MultiWOZ's released schema has free-form slots that no state tracks (phone, price).
            having |= batch.schema.keys() & {*MULTIWOZ_SLOTS, *MULTIWOZ_UNSCORED}
        chosen = np.array([name in having for name in aligned.domains], dtype=np.bool_)
        frame_item, frame, rows = aligned.frames(self.domain)
        frames = chosen[aligned.frame_domains(self.domain)]
        counted = np.bincount(frame_item[frames], minlength=aligned.items).astype(np.float64)
        kind = aligned.categorical[rows] == self.categorical
        products = aligned.given[frame_item].astype(np.float64)
        np.multiply.at(products, frame[kind], aligned.score[rows][kind])
        if self.rules.unit == "frame":
            right = np.bincount(frame_item[frames], weights=products[frames], minlength=aligned.items)
            return np.column_stack([right, counted])
        whole = np.ones(aligned.items)
        np.multiply.at(whole, frame_item[frames], products[frames])
        return np.column_stack([whole * (counted > 0), counted > 0])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of units that are right; NaN where none has such a slot."""
        return percentage(sums[..., 0], sums[..., 1])


@dataclass(frozen=True)
class JointCategoricalAccuracy(SlotKindAccuracy):
    """Joint accuracy over the categorical slots of a frame (``sgd_turn``: of a turn), in %.

    Frames of services without such a slot are left out; a turn that was not predicted is wrong. Source: Rastogi et
    al. 2020, `get_average_and_joint_goal_accuracy`.
    """

    protocol: str = "sgd"

    name: ClassVar[str] = "joint_categorical_accuracy"
    categorical: ClassVar[bool] = True


@dataclass(frozen=True)
class JointNoncategoricalAccuracy(SlotKindAccuracy):
    """Joint accuracy over the slots of a frame that are not categorical (``sgd_turn``: of a turn), as a real, in %.

    The product of the slots' best token-sort ratios. Frames of services without such a slot are left out; a turn that
    was not predicted is wrong. Source: Rastogi et al. 2020, `get_average_and_joint_goal_accuracy`.
    """

    protocol: str = "sgd"

    name: ClassVar[str] = "joint_noncategorical_accuracy"
    categorical: ClassVar[bool] = False
