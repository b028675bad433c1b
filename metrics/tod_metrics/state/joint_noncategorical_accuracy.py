"""Joint accuracy over free-form slots: of SGD's official set."""

from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.state.slot_kind_accuracy import SlotKindAccuracy


@dataclass(frozen=True)
class JointNoncategoricalAccuracy(SlotKindAccuracy):
    """Joint accuracy over the slots of a frame that are not categorical (``sgd_turn``: of a turn), as a real, in %.

    The product of the slots' best token-sort ratios. Frames of services without such a slot are left out; a turn that
    was not predicted is wrong. Source: Rastogi et al. 2020, `get_average_and_joint_goal_accuracy`.
    """

    protocol: str = "sgd"

    name: ClassVar[str] = "joint_noncategorical_accuracy"
    categorical: ClassVar[bool] = False
