"""Active intents and requested slots frame by frame: `FrameBatch`, which SGD's two metrics of them score.

The units are the frames of the reference, one service in one turn, also those of services that are not active.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, overload

import numpy as np

from tod_metrics.base import FloatArray, Signature, percentage
from tod_metrics.items import FrameItem

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
class FrameMetric:
    """A metric over frames.

    Attributes:
        protocol: ``sgd``, the only one.
        domain: Service, or group of services, that it is restricted to; empty for all.
    """

    protocol: str = "sgd"
    domain: str = ""

    item: ClassVar[type] = FrameItem
    name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    denominator: ClassVar[str] = "frames"
    percent: ClassVar[bool] = True
    higher_is_better: ClassVar[bool | None] = True
    by_domain: ClassVar[bool] = True
    protocols: ClassVar[tuple[str, ...]] = PROTOCOLS
    answered_by: ClassVar[str]
    """The field of a prediction that it scores."""

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"{self.name!r} has no protocol {self.protocol!r}; there is {', '.join(PROTOCOLS)}")

    @property
    def signature(self) -> Signature:
        """The protocol and the unit."""
        return Signature(self.name, {"protocol": self.protocol, "unit": "frame"})

    def score(self, item: FrameItem, service: str) -> float:
        """The score of one frame, 0 to 1; `item` has a prediction."""
        raise NotImplementedError

    def predicted(self, item: FrameItem) -> bool:
        """Whether the turn has a prediction of what is scored."""
        raise NotImplementedError

    def statistics(self, items: Sequence[FrameItem]) -> FloatArray:
        """Shape (items, 2): summed scores and number of frames; frames of turns that were not predicted score 0."""
        chosen = getattr(items, "groups", {}).get(self.domain, frozenset({self.domain}))
        rows = []
        for item in items:
            services = [service for service in item.intents if not self.domain or service in chosen]
            given = self.predicted(item)
            rows.append((sum(self.score(item, name) for name in services) if given else 0.0, float(len(services))))
        return np.array(rows, dtype=np.float64).reshape(-1, 2)

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Mean over frames in %; NaN where there are none."""
        return percentage(sums[..., 0], sums[..., 1])
