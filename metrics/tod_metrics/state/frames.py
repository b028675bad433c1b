"""Active intents and requested slots frame by frame: `FrameBatch`, which SGD's two metrics of them score.

The units are the frames of the reference, one service in one turn, also those of services that are not active.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, overload

import numpy as np

from tod_metrics.base import FloatArray, Metric, Signature, percentage
from tod_metrics.items import FrameItem
from tod_metrics.normalization import canonical_slot

PROTOCOLS = ("sgd",)


class FrameBatch(Sequence[FrameItem]):
    """Items of a corpus split.

    Args:
        items: The items.
        groups: Names for several services at once, which a metric's ``domain`` may then name.
    """

    def __init__(self, items: Sequence[FrameItem], groups: Mapping[str, frozenset[str]] | None = None) -> None:
        self._items = items
        self.groups = groups or {}

    @overload
    def __getitem__(self, index: int) -> FrameItem: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FrameItem]: ...
    def __getitem__(self, index: int | slice) -> FrameItem | Sequence[FrameItem]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[FrameItem]:
        return iter(self._items)

    @property
    def domains(self) -> tuple[str, ...]:
        """The services that have a frame, sorted."""
        return tuple(sorted({service for item in self._items for service in item.intents}))


@dataclass(frozen=True)
class FrameMetric(Metric[FrameItem]):
    """A metric over frames.

    Attributes:
        protocol: ``sgd``, the only one.
        domain: Service, or group of services, that it is restricted to; empty for all.
    """

    protocol: str = "sgd"
    domain: str = ""

    item: ClassVar[type] = FrameItem
    denominator: ClassVar[str] = "frames"
    protocols: ClassVar[tuple[str, ...]] = PROTOCOLS
    answered_by: ClassVar[str]
    """The field of a prediction that it scores."""

    @property
    def by_domain(self) -> bool:
        """Whether a score sheet has a row for every service."""
        return True

    @property
    def signature(self) -> Signature:
        """The protocol and the unit."""
        return Signature(self.name, {"protocol": self.protocol, "unit": "frame"})

    @abstractmethod
    def frame_score(self, item: FrameItem, service: str) -> float:
        """The score of one frame, 0 to 1; `item` has a prediction."""

    @abstractmethod
    def predicted(self, item: FrameItem) -> bool:
        """Whether the turn has a prediction of what is scored."""

    def statistics(self, items: Sequence[FrameItem]) -> FloatArray:
        """Shape (items, 2): summed scores and number of frames; frames of turns that were not predicted score 0."""
        chosen = {self.domain}
        if isinstance(items, FrameBatch):
            chosen = {*items.groups.get(self.domain, chosen)}
        rows = []
        for item in items:
            services = [service for service in item.intents if not self.domain or service in chosen]
            given = self.predicted(item)
            total = sum(self.frame_score(item, service) for service in services) if given else 0.0
            rows.append((total, float(len(services))))
        return np.array(rows, dtype=np.float64).reshape(-1, 2)

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Mean over frames in %; NaN where there are none."""
        return percentage(sums[..., 0], sums[..., 1])


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
