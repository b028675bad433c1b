"""Mean segmental type-token ratio."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.items import ResponseItem
from tod_metrics.style.richness import RichnessMetric

SEGMENT = 50
"""Tokens of a segment."""


@dataclass(frozen=True)
class MSTTR(RichnessMetric):
    """Mean segmental type-token ratio: distinct words in segments of 50 tokens, on average, in % (Johnson 1944).

    ``tod_bench`` cuts each dialogue's responses into segments and drops what is left over, so that the order of
    dialogues does not matter; ``mwzeval`` cuts all responses of the corpus as one text, in the order given. A text
    shorter than a segment counts as one under ``mwzeval``, as there, and not at all under ``tod_bench``.
    """

    name: ClassVar[str] = "msttr"
    columns: ClassVar[tuple[str, ...]] = ("ratios", "segments")
    denominator: ClassVar[str] = "segments"
    percent: ClassVar[bool] = True

    @property
    def batchable(self) -> bool:
        """Whether statistics of batches of whole dialogues add up; segments of the whole corpus do not."""
        return not self.is_mwzeval

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """Ratios and number of the segments that end in each response."""
        rows = np.zeros((len(items), 2))
        open_segments: dict[str, list[str]] = {}
        for place, (item, tokens) in enumerate(zip(items, self.tokens(items), strict=True)):
            segment = open_segments.setdefault("" if self.is_mwzeval else item.dialogue_id, [])
            for token in tokens:
                segment.append(token)
                if len(segment) == SEGMENT:
                    rows[place] += len(set(segment)) / SEGMENT, 1.0
                    segment.clear()
        if self.is_mwzeval and items and not rows[:, 1].any():
            rest = open_segments[""]
            rows[-1] = len(set(rest)) / len(rest), 1.0
        return rows

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Mean ratio over segments, in %."""
        return percentage(sums[..., 0], sums[..., 1])
