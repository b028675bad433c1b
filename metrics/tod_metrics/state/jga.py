"""Joint goal accuracy: the share of turns whose whole state is right."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.items import StateItem
from tod_metrics.state.state_metric import StateMetric


class JGA(StateMetric):
    """Joint goal accuracy: share of turns (``sgd``: of frames, as a real number) whose state is entirely right, in %.

    An empty prediction for an empty gold state is right; a turn that was not predicted is wrong. Restricted to a
    service it takes the frames of that service, or the turns that have one; per-domain numbers over turns are
    `tod_metrics.state.domain_jga`. Source: Henderson et al. 2014; Wu et al. 2019; Rastogi et al. 2020 for frames.
    """

    name: ClassVar[str] = "jga"
    columns: ClassVar[tuple[str, ...]] = ("right", "counted")
    denominator: ClassVar[str] = "counted"

    @property
    def by_domain(self) -> bool:
        """Whether the harness adds a row for every service: where the protocol knows frames."""
        return self.rules.slots == "schema"

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 2): summed joint scores and number of units (one, or one a frame)."""
        aligned = self.aligned(items)
        if self.rules.unit == "frame":
            return np.column_stack(aligned.frame_joint(self.domain))
        counted = np.ones(aligned.items)
        if self.by_domain and self.domain:
            # A turn without a frame of the service says nothing of it.
            counted = (aligned.frame_joint(self.domain)[1] > 0).astype(np.float64)
        return np.column_stack([aligned.joint(self.domain) * counted, counted])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of units that are right; NaN for no units."""
        return percentage(sums[..., 0], sums[..., 1])
