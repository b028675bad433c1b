"""Units that have a confidence and are right or wrong, pooled over dialogues: `ConfidencePool`.

Every metric of confidence is a function of two counts of each distinct confidence: how many units have it, and how many
of them are right. A dialogue that is drawn twice is counted twice, so a bootstrap draw is a product of a sparse matrix
with a column of counts, and no unit is ever copied:

    (confidences x dialogues) @ (dialogues x draws) = (confidences x draws)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tod_metrics.base import FloatArray, Pool
from tod_metrics.state.alignment import BoolArray, IntArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_CELLS = 4_000_000
"""Cells of a table of counts that are made at once: 32 MB of 64-bit numbers."""

OfCounts: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""Distinct confidences ascending, shape (v,); units of each and right ones of each, shape (v, draws) -> (draws,)."""


@dataclass(frozen=True, eq=False)
class ConfidencePool(Pool):
    """Units with a confidence.

    Attributes:
        confidence: Confidence of each unit, 0 to 1, shape (units,).
        right: Whether each is right.
        cluster: The dialogue of each.
        clusters: Number of dialogues.
        without: Units of the whole corpus that have no confidence and are left out.
    """

    confidence: FloatArray
    right: BoolArray
    cluster: IntArray
    clusters: int
    without: int = 0

    def __post_init__(self) -> None:
        """Refuses what is no probability.

        Raises:
            ValueError: A confidence is not a number from 0 to 1.
        """
        wrong = self.confidence[~((self.confidence >= 0) & (self.confidence <= 1))]
        if len(wrong):
            raise ValueError(f"a confidence must lie between 0 and 1, not {float(wrong[0])}")

    def __len__(self) -> int:
        return len(self.confidence)

    def only(self, places: Sequence[int]) -> "ConfidencePool":
        """The units of some dialogues, numbered anew in the order given."""
        numbers = np.full(self.clusters, -1, dtype=np.int64)
        numbers[list(places)] = np.arange(len(places))
        kept = numbers[self.cluster] >= 0
        return ConfidencePool(
            self.confidence[kept], self.right[kept], numbers[self.cluster[kept]], len(places), self.without
        )

    def beside(self, other: "ConfidencePool") -> "ConfidencePool":
        """The units of both, the dialogues of the other numbered after these."""
        return ConfidencePool(
            np.concatenate([self.confidence, other.confidence]),
            np.concatenate([self.right, other.right]),
            np.concatenate([self.cluster, other.cluster + self.clusters]),
            self.clusters + other.clusters,
            self.without + other.without,
        )

    def equals(self, other: "ConfidencePool") -> bool:
        """Whether both have the same units in the same dialogues."""
        pairs = [(self.confidence, other.confidence), (self.right, other.right), (self.cluster, other.cluster)]
        return self.clusters == other.clusters and all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    @cached_property
    def _tables(self) -> "tuple[FloatArray, csr_array[Any], csr_array[Any]]":
        """Distinct confidences, and the units and the right ones of each confidence and dialogue."""
        from scipy.sparse import csr_array

        values, number = np.unique(self.confidence, return_inverse=True)
        places, shape = (number, self.cluster), (len(values), self.clusters)
        ones = np.ones(len(self))
        return (
            values,
            csr_array((ones, places), shape=shape),
            csr_array((self.right.astype(np.float64), places), shape=shape),
        )

    def scores(self, counts: NDArray[Any], of_counts: OfCounts) -> FloatArray:
        """Scores of how often each dialogue is counted.

        Args:
            counts: Shape (draws, clusters).
            of_counts: The score of the counts of each confidence.

        Returns:
            Shape (draws,); NaN where no unit is counted.
        """
        if not len(self):
            return np.full(len(counts), np.nan)
        values, units, right = self._tables
        step = max(1, _CELLS // len(values))
        scores = np.empty(len(counts))
        for start in range(0, len(counts), step):
            weights = np.ascontiguousarray(counts[start : start + step].T, dtype=np.float64)
            scores[start : start + step] = of_counts(values, units @ weights, right @ weights)
        return scores

    @property
    def whole(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Distinct confidences ascending, and the units and the right ones of each, every dialogue counted once."""
        values, number = np.unique(self.confidence, return_inverse=True)
        return (
            values,
            np.bincount(number, minlength=len(values)).astype(np.float64),
            np.bincount(number, weights=self.right.astype(np.float64), minlength=len(values)).astype(np.float64),
        )
