"""What a metric is: statistics of each item, then an aggregate of their sum, under a signature.

A metric turns one item (a turn, or a dialogue) into a short vector of sufficient statistics. Scores, per-domain scores,
bootstrap intervals and paired tests are all functions of sums of those vectors, so they cannot disagree:

    items ──statistics──▶ matrix (items × k) ──sum over items──▶ vector (k) ──aggregate──▶ score

`Metric.aggregate` works on the last axis of an array of any shape: 10,000 bootstrap sums are scored in one call.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Item_contra = TypeVar("Item_contra", contravariant=True)

SIGNATURE_VERSION = "0.2.0"
"""Version of the definitions in this package; it moves whenever any number could."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a number means: a mapping, printed as sacreBLEU prints it (``jga|protocol:tod_bench|norm:detok|v:0.2.0``).

    Attributes:
        metric: The metric's name.
        options: Everything that could change the number, in a fixed order.
        version: Version of the definitions that it was computed by; empty where none is known.
    """

    metric: str
    options: Mapping[str, str] = field(default_factory=dict)
    version: str = SIGNATURE_VERSION

    def __str__(self) -> str:
        options = {**self.options, **({"v": self.version} if self.version else {})}
        return "|".join([self.metric, *(f"{key}:{_escaped(value)}" for key, value in options.items())])

    def __hash__(self) -> int:
        return hash((self.metric, frozenset(self.options.items()), self.version))

    @classmethod
    def parse(cls, text: str) -> "Signature":
        """The signature that was printed as a text."""
        metric, *parts = re.split(r"(?<!\\)\|", text)
        options = {key: value.replace(r"\|", "|") for key, _, value in (part.partition(":") for part in parts)}
        version = options.pop("v", "")
        return cls(metric, options, version)

    def placed(self, **where: str | int) -> "Signature":
        """The same signature with corpus, split, n and the like put before the metric's own options."""
        return replace(self, options={**{key: str(value) for key, value in where.items()}, **self.options})

    def without(self, *names: str) -> "Signature":
        """The same signature without some options, to compare what two numbers mean."""
        return replace(self, options={key: value for key, value in self.options.items() if key not in names})


def _escaped(value: str) -> str:
    return value.replace("|", r"\|")


class Metric(Protocol[Item_contra]):
    """A metric over items of one type.

    Beside these attributes a class may have ``domain``, a field that restricts it to one domain (the harness then adds
    a row for every domain); ``denominator``, the column that counts the items that took part (all items where it is
    missing); ``needs``, names of what the harness must hand to the constructor (``database``); ``protocols``, the
    protocols it offers, the default first; ``resolved(items)``, which settles options left open (``auto``) before the
    signature is taken; and ``notes``, sentences that a reader needs beside the signature.

    Attributes:
        item: The record type of `tod_metrics.items` that it scores.
        name: Short name, unique among metrics (``jga``, ``slot_f1``).
        protocol: The protocol that it follows, as in ``jga@trade``.
        columns: Name of each sufficient statistic.
        percent: Whether `aggregate` gives a percentage, 0 to 100.
        higher_is_better: Direction; None where neither is (readability, say).
    """

    item: ClassVar[type]
    name: str
    protocol: str
    columns: tuple[str, ...]
    percent: ClassVar[bool]
    higher_is_better: ClassVar[bool | None]

    @property
    def signature(self) -> Signature:
        """The metric's part of the signature."""
        ...

    def statistics(self, items: Sequence[Item_contra]) -> FloatArray:
        """Sufficient statistics, shape (items, len(columns))."""
        ...

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Scores of summed statistics: shape (..., len(columns)) to (...). Undefined scores are NaN."""
        ...


def ratio(numerator: FloatArray, denominator: FloatArray, *, empty: float = float("nan")) -> FloatArray:
    """Element-wise ``numerator / denominator``, with `empty` where the denominator is 0."""
    safe = np.where(denominator == 0, 1.0, denominator)
    return np.where(denominator == 0, empty, numerator / safe)


def percentage(numerator: FloatArray, denominator: FloatArray, *, empty: float = float("nan")) -> FloatArray:
    """`ratio` times 100, with `empty` (on the scale of 100) where the denominator is 0."""
    return ratio(100.0 * numerator, denominator, empty=empty)
