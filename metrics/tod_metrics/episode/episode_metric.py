"""What the episode metrics share: shares of counts of episodes, also of one domain."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tod_metrics.base import Annotation, FloatArray, Metric, Signature, percentage
from tod_metrics.episode.outcomes import EpisodeItem


@dataclass(frozen=True)
class EpisodeMetric(Metric[EpisodeItem]):
    """A share of what episodes count, in %.

    Attributes:
        domain: Domain that it is restricted to; empty for all.
    """

    domain: str = ""

    item: ClassVar[type] = EpisodeItem
    columns: ClassVar[tuple[str, ...]] = ("hits", "of")
    denominator: ClassVar[str] = "of"
    annotations: ClassVar[tuple[Annotation, ...] | None] = ()

    @property
    def by_domain(self) -> bool:
        """Whether there is a row for every domain."""
        return True

    @property
    def signature(self) -> Signature:
        """The protocol, and the domain where it is restricted to one."""
        options = {"protocol": self.protocol, **({"domain": self.domain} if self.domain else {})}
        return Signature(self.name, options)

    @abstractmethod
    def counts(self, item: EpisodeItem) -> tuple[float, ...]:
        """The statistics of an episode, one a column."""

    def statistics(self, items: Sequence[EpisodeItem]) -> FloatArray:
        """Shape (items, len(columns))."""
        return np.array([self.counts(item) for item in items], dtype=float).reshape(-1, len(self.columns))

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The first column in % of the second."""
        return percentage(sums[..., 0], sums[..., 1])
