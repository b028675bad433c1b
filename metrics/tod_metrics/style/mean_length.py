"""Mean length of responses in tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, ratio
from tod_metrics.items import ResponseItem
from tod_metrics.style.richness import RichnessMetric


@dataclass(frozen=True)
class MeanLength(RichnessMetric):
    """Mean number of tokens of a response; an empty one has none (under ``mwzeval`` it has one, as there)."""

    name: ClassVar[str] = "mean_length"
    columns: ClassVar[tuple[str, ...]] = ("tokens", "responses")

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """Number of tokens, and 1."""
        lengths = [len(tokens) for tokens in self.tokens(items)]
        return np.column_stack([np.array(lengths, dtype=float), np.ones(len(items))])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Tokens per response."""
        return ratio(sums[..., 0], sums[..., 1])
