"""What the metrics over predictions' notes share: means over turns, undefined where nothing is noted."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tod_metrics.base import Annotation, FloatArray, Metric, Signature, ratio
from tod_metrics.items import NotedItem


@dataclass(frozen=True)
class NotedMetric(Metric[NotedItem]):
    """A mean over turns of something that predictions note.

    Undefined where no prediction notes it: that nothing is noted does not say that there was nothing.
    """

    item: ClassVar[type] = NotedItem
    columns: ClassVar[tuple[str, ...]] = ("noted", "turns")
    denominator: ClassVar[str] = "turns"
    higher_is_better: ClassVar[bool | None] = False
    annotations: ClassVar[tuple[Annotation, ...] | None] = ()
    what: ClassVar[str]
    """What is noted, for the sentence that says that nothing is."""

    @property
    def batchable(self) -> bool:
        """Never: whether a turn without a note counts depends on all turns of the file."""
        return False

    @property
    def signature(self) -> Signature:
        """The name alone."""
        return Signature(self.name)

    @abstractmethod
    def noted(self, items: Sequence[NotedItem]) -> list[float | None]:
        """The value of each turn; None where it does not count."""

    def statistics(self, items: Sequence[NotedItem]) -> FloatArray:
        """Shape (items, 2): the value of the turn and 1, or zeros where it does not count."""
        values = self.noted(items)
        return np.array([(0.0, 0.0) if value is None else (value, 1.0) for value in values]).reshape(-1, 2)

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The mean; a percentage where it is a share."""
        return ratio((100.0 if self.percent else 1.0) * sums[..., 0], sums[..., 1])

    def remarks(self, items: Sequence[NotedItem]) -> tuple[str, ...]:
        """That nothing is noted, or for how many turns something is, where not for all."""
        answered = sum(item.answered for item in items)
        counted = sum(value is not None for value in self.noted(items))
        if not counted:
            return (f"no prediction notes {self.what}, so {self.name} is undefined",)
        if counted == answered:
            return ()
        return (f"{counted:,} of {answered:,} predicted turns note {self.what}; {self.name} is over those",)
