"""Joint accuracy over categorical slots: of SGD's official set."""

from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.state.slot_kind_accuracy import SlotKindAccuracy


@dataclass(frozen=True)
class JointCategoricalAccuracy(SlotKindAccuracy):
    """Joint accuracy over the categorical slots of a frame (``sgd_turn``: of a turn), in %.

    Frames of services without such a slot are left out; a turn that was not predicted is wrong. Source: Rastogi et
    al. 2020, `get_average_and_joint_goal_accuracy`.
    """

    protocol: str = "sgd"

    name: ClassVar[str] = "joint_categorical_accuracy"
    categorical: ClassVar[bool] = True
