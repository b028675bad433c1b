"""Slots said: the values that the system's acts say it tells, found in the response."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tod_metrics.base import Annotation, FloatArray, Metric, Signature, percentage
from tod_metrics.items import ActTuple, ResponseItem

NO_VALUES = frozenset(
    {"", "?", "yes", "no", "true", "false", "none", "not mentioned", "dontcare", "don't care", "unknown"}
)
"""Values of acts that nobody says as such; they are left out."""


@dataclass(frozen=True)
class SlotsSaid(Metric[ResponseItem]):
    """Slots said: share of the values of the turn's gold acts that the response says word for word, in %.

    Both are put into lower case with single blanks; a value is found only as whole words, and not inside of a number or
    a time ("4" in 4:15, 4.50 or 1,400). A value that is said in other words ("quarter past five" for 17:15) counts as
    not said. The values of a turn count once each.
    """

    item: ClassVar[type] = ResponseItem
    name: ClassVar[str] = "slots_said"
    columns: ClassVar[tuple[str, ...]] = ("said", "values", "turns")
    denominator: ClassVar[str] = "turns"
    annotations: ClassVar[tuple[Annotation, ...]] = ("responses", "acts")

    @property
    def signature(self) -> Signature:
        """How values are compared, and which are left out."""
        return Signature(
            self.name,
            {
                "acts": "gold",
                "norm": "lower+blanks",
                "match": "whole words and numbers",
                "count": "distinct values a turn",
                "without": "+".join(sorted(value or "empty" for value in NO_VALUES)),
            },
        )

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """Values said, values, and whether there is one; one row a turn."""
        return _statistics(items, [item.response for item in items])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of values; NaN where no act has one."""
        return percentage(sums[..., 0], sums[..., 1])

    def remarks(self, items: Sequence[ResponseItem]) -> tuple[str, ...]:
        """What the corpus's own responses say, and how many values there are."""
        own = _statistics(items, [item.reference for item in items]).sum(axis=0)
        if not own[1]:
            return ("no act has a value that could be said",)
        ceiling = float(self.aggregate(own))
        return (f"over all dialogues: {own[1]:.0f} values; the corpus's own responses say {ceiling:.1f}%",)


def values_of(acts: Sequence[ActTuple]) -> frozenset[str]:
    """The values of acts that can be said, normalised."""
    return frozenset(normalised(value) for _, _, _, value in acts) - NO_VALUES


def normalised(text: str) -> str:
    """A text in lower case, with single blanks."""
    return " ".join(text.lower().split())


def _statistics(items: Sequence[ResponseItem], texts: Sequence[str]) -> FloatArray:
    rows = np.zeros((len(items), 3))
    for row, item, text in zip(rows, items, texts, strict=True):
        values, said = values_of(item.acts), normalised(text)
        row[:] = sum(_says(said, value) for value in values), len(values), bool(values)
    return rows


def _says(text: str, value: str) -> bool:
    # A digit next to a mark next to a digit is one number, date or time.
    before = r"(?<!\d[:.,/-])" if value[0].isdigit() else ""
    after = r"(?![:.,/-]\d)" if value[-1].isdigit() else ""
    return re.search(rf"{before}(?<!\w){re.escape(value)}(?!\w){after}", text) is not None
