"""Answers that could not be read, and answers that name what the schema does not have.

A system notes what happened, and mostly not what did not: where any turn of a file has such a note, a turn without one
counts as 0. Where none has, the rate is undefined.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from tod_metrics.items import NotedItem
from tod_metrics.noted.noted_metric import NotedMetric


class UnreadRate(NotedMetric):
    """Share of predicted turns whose answer could not be read at all, in %; undefined if no turn notes whether it was.

    Such a turn is scored as an empty answer, or as whatever the system put in its place.
    """

    name: ClassVar[str] = "unread_rate"
    what: ClassVar[str] = "whether an answer could be read"

    def noted(self, items: Sequence[NotedItem]) -> list[float | None]:
        """1 for a turn that could not be read."""
        return _settled(items, lambda item: None if item.unreadable is None else float(item.unreadable))


class UnreadPieces(NotedMetric):
    """Mean number of pieces of an answer that could not be read, by predicted turn; undefined if no turn notes any.

    A turn whose answer could not be read at all has at least one. Systems that read their text piece by piece (a slot,
    an act) note pieces only.
    """

    name: ClassVar[str] = "unread_pieces"
    percent: ClassVar[bool] = False
    what: ClassVar[str] = "what could not be read"

    def noted(self, items: Sequence[NotedItem]) -> list[float | None]:
        """Number of pieces of each turn."""
        return _settled(items, lambda item: None if item.unread is None else float(item.unread))


class UnknownRate(NotedMetric):
    """Share of predicted turns that name a slot or value outside of the schema, in %; undefined if none notes any."""

    name: ClassVar[str] = "unknown_rate"
    what: ClassVar[str] = "what is outside of the schema"

    def noted(self, items: Sequence[NotedItem]) -> list[float | None]:
        """1 for a turn that names anything unknown."""
        return _settled(items, lambda item: None if item.unknown is None else float(item.unknown > 0))


def _settled(items: Sequence[NotedItem], value: Callable[[NotedItem], float | None]) -> list[float | None]:
    """The value of each predicted turn, 0 where it has none and another turn has; None for all where no turn has."""
    values = [value(item) for item in items]
    if all(one is None for one in values):
        return values
    return [(one or 0.0) if item.answered else None for item, one in zip(items, values, strict=True)]
