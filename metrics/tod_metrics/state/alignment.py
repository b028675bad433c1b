"""Gold and prediction laid side by side as columns: one row for each unit that is in either of them.

Every metric over sets (slots of a state, acts of a turn) reads the same few columns with NumPy, so that normalising and
matching, the dear part, is done once for all metrics of a protocol.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tod_metrics.base import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Alignment:
    """Rows of units (slots or acts) over a sequence of items.

    Attributes:
        items: Number of items.
        domains: Names that `domain` indexes.
        item: Item of each row.
        domain: Domain of each row.
        gold: Whether gold has the unit.
        predicted: Whether the prediction has it.
        score: How well the two agree, 0 to 1; 0 where only one side has it.
        counted: Whether the unit is of the fixed slot set (a predicted slot that no schema knows is not).
        slots: Size of the slot set of each domain.
        frame_item: Item of each frame, for protocols whose unit is a frame; else empty.
        frame_domain: Domain of each frame.
        groups: Names that stand for several domains at once, e.g. ``#seen`` for SGD's seen services.
        categorical: Whether the unit's values come from a closed list; empty where no schema says.
        missing: Items for which nothing was predicted: no unit of theirs is right, and neither is having none.
    """

    items: int
    domains: tuple[str, ...]
    item: IntArray
    domain: IntArray
    gold: BoolArray
    predicted: BoolArray
    score: FloatArray
    counted: BoolArray
    slots: tuple[int, ...] = ()
    frame_item: IntArray | None = None
    frame_domain: IntArray | None = None
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    categorical: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    missing: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def rows(self, domain: str) -> BoolArray:
        """Which rows are of a domain; all of them for an empty name."""
        if not domain:
            return np.ones(len(self.item), dtype=np.bool_)
        return np.isin(self.domain, self.indices(domain))

    def indices(self, domain: str) -> list[int]:
        """Indices of a domain, or of the domains of a group; none where nothing has it."""
        members = self.groups.get(domain, frozenset({domain}))
        return [index for index, name in enumerate(self.domains) if not domain or name in members]

    def size(self, domain: str) -> int:
        """Size of the slot set of a domain."""
        return sum(self.slots[index] for index in self.indices(domain))

    def count(self, rows: BoolArray) -> FloatArray:
        """Number of chosen rows of each item."""
        return np.bincount(self.item[rows], minlength=self.items).astype(np.float64)

    def confusion(self, domain: str) -> tuple[FloatArray, FloatArray, FloatArray]:
        """True positives, false positives and false negatives of each item; a wrong value is one false each way."""
        rows = self.rows(domain)
        right = self.score == 1.0
        return (
            self.count(rows & self.gold & right),
            self.count(rows & self.predicted & ~right),
            self.count(rows & self.gold & ~right),
        )

    def joint(self, domain: str) -> FloatArray:
        """Product of the scores of each item: 1 where everything is right, also for no units; 0 where missing."""
        rows = self.rows(domain)
        product = self.given.astype(np.float64)
        np.multiply.at(product, self.item[rows], self.score[rows])
        return product

    @property
    def given(self) -> BoolArray:
        """Items for which something was predicted, be it empty."""
        return ~self.missing if len(self.missing) else np.ones(self.items, dtype=np.bool_)

    def frames(self, domain: str) -> tuple[IntArray, IntArray, BoolArray]:
        """The frames of a domain: the item of each, the frame of each row, and which rows are in one."""
        if self.frame_item is None or self.frame_domain is None:
            raise ValueError("this protocol compares turns, not frames")
        chosen = np.isin(self.frame_domain, self.indices(domain))
        width = max(1, len(self.domains))
        codes = self.frame_item[chosen] * width + self.frame_domain[chosen]
        order = np.argsort(codes, kind="stable")
        rows = self.rows(domain)
        position = np.searchsorted(codes[order], self.item[rows] * width + self.domain[rows])
        return self.frame_item[chosen], order[position], rows

    def frame_joint(self, domain: str) -> tuple[FloatArray, FloatArray]:
        """For each item the products of slot scores of its frames of a domain, summed, and how many frames it has."""
        frame_item, frame, rows = self.frames(domain)
        products = self.given[frame_item].astype(np.float64)
        np.multiply.at(products, frame, self.score[rows])
        right = np.bincount(frame_item, weights=products, minlength=self.items).astype(np.float64)
        return right, np.bincount(frame_item, minlength=self.items).astype(np.float64)

    def frame_domains(self, domain: str) -> IntArray:
        """The domain of each frame of `frames`, as an index of `domains`."""
        if self.frame_domain is None:
            raise ValueError("this protocol compares turns, not frames")
        return self.frame_domain[np.isin(self.frame_domain, self.indices(domain))]

    def present(self, domain: str) -> BoolArray:
        """Items whose gold has a unit of the domain."""
        return self.count(self.rows(domain) & self.gold) > 0
