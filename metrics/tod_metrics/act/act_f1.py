"""Act F1: between the acts of each turn, averaged over turns (papers on policy call it entity F1), and micro."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tod_metrics.act.act_metric import ActMetric
from tod_metrics.base import FloatArray, percentage, ratio
from tod_metrics.items import ActItem


class ActF1(ActMetric):
    """Act F1, the "entity F1" of policy papers: mean over turns of the F1 between gold and predicted acts, in %.

    Source: PicPersona-TOD (NAACL 2025), Table 6, in its words. Restricted to a domain, turns in which neither side
    has an act of that domain count as empty. Not to be confused with entity F1 over responses (Eric and Manning 2017).
    """

    name: ClassVar[str] = "act_f1"
    columns: ClassVar[tuple[str, ...]] = ("f1", "counted")
    denominator: ClassVar[str] = "counted"

    def statistics(self, items: Sequence[ActItem]) -> FloatArray:
        """Shape (items, 2): F1 of the turn, and 1 where the turn counts."""
        aligned = self.aligned(items)
        right, wrong, missed = aligned.confusion(self.domain)
        total = 2 * right + wrong + missed
        counted = ((total > 0) | ~aligned.given).astype(np.float64) if self.skips_empty else np.ones(len(total))
        return np.column_stack([ratio(2 * right, total, empty=1.0) * counted * aligned.given, counted])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Mean F1 in %; NaN where no turn counts."""
        return percentage(sums[..., 0], sums[..., 1])


class ActF1Micro(ActMetric):
    """Act F1, micro over the corpus, in %: turns with many acts weigh more, turns without any weigh nothing."""

    name: ClassVar[str] = "act_f1_micro"
    columns: ClassVar[tuple[str, ...]] = ("true positives", "false positives", "false negatives")

    def statistics(self, items: Sequence[ActItem]) -> FloatArray:
        """Shape (items, 3): true positives, false positives, false negatives."""
        return np.column_stack(self.aligned(items).confusion(self.domain))

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """``2 TP / (2 TP + FP + FN)`` in %; NaN where there is no act."""
        return percentage(2 * sums[..., 0], 2 * sums[..., 0] + sums[..., 1] + sums[..., 2])
