"""Active intent accuracy: of SGD's official set."""

from typing import ClassVar

from tod_metrics.items import FrameItem
from tod_metrics.state.frames import FrameMetric


class ActiveIntentAccuracy(FrameMetric):
    """Active intent accuracy: share of frames whose active intent is predicted, ``NONE`` included, in %.

    A service for which the prediction names no intent is wrong, as is a turn that was not predicted. Source: Rastogi
    et al. 2020, `get_active_intent_accuracy`.
    """

    name: ClassVar[str] = "active_intent_accuracy"
    columns: ClassVar[tuple[str, ...]] = ("right", "frames")
    answered_by: ClassVar[str] = "active_intent"

    def frame_score(self, item: FrameItem, service: str) -> float:
        """1 where the intent is the gold one."""
        return float((item.predicted_intents or {}).get(service) == item.intents[service])

    def predicted(self, item: FrameItem) -> bool:
        """Whether the turn has predicted intents."""
        return item.predicted_intents is not None
