"""Requested slots F1: of SGD's official set."""

from collections import Counter
from typing import ClassVar

from tod_metrics.items import FrameItem
from tod_metrics.normalization import canonical_slot
from tod_metrics.state.frames import FrameMetric


class RequestedSlotsF1(FrameMetric):
    """Requested slots F1: mean over frames of the F1 between gold and predicted requested slots, in %.

    A frame without any on either side is 1 (the script's description says that such turns are skipped; the script
    counts them). A turn that was not predicted is 0. Source: Rastogi et al. 2020, `get_requested_slots_f1`.
    """

    name: ClassVar[str] = "requested_slots_f1"
    columns: ClassVar[tuple[str, ...]] = ("f1", "frames")
    answered_by: ClassVar[str] = "requested"

    def frame_score(self, item: FrameItem, service: str) -> float:
        """The F1 of one frame."""
        gold = Counter(canonical_slot(service, slot)[1] for slot in item.requested.get(service, ()))
        answers = item.predicted_requested or {}
        predicted = Counter(canonical_slot(service, slot)[1] for slot in answers.get(service, ()))
        if not gold or not predicted:
            return float(not gold and not predicted)
        return 2.0 * (gold & predicted).total() / (gold.total() + predicted.total())

    def predicted(self, item: FrameItem) -> bool:
        """Whether the turn has predicted requested slots."""
        return item.predicted_requested is not None
