"""Act match: the share of turns whose set of acts is exactly right."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.act.act_metric import ActMetric
from tod_metrics.base import FloatArray, percentage
from tod_metrics.items import ActItem


class ActMatch(ActMetric):
    """Exact act match: share of turns whose predicted set of acts is the gold set, in %."""

    name: ClassVar[str] = "act_match"
    columns: ClassVar[tuple[str, ...]] = ("right", "counted")
    denominator: ClassVar[str] = "counted"

    def statistics(self, items: Sequence[ActItem]) -> FloatArray:
        """Shape (items, 2): 1 where every act is right, and 1 where the turn counts."""
        aligned = self.aligned(items)
        present = (aligned.count(aligned.rows(self.domain)) > 0) | ~aligned.given
        counted = present.astype(np.float64) if self.skips_empty else np.ones(aligned.items)
        return np.column_stack([aligned.joint(self.domain) * counted, counted])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of turns; NaN where no turn counts."""
        return percentage(sums[..., 0], sums[..., 1])
