"""System acts laid side by side: `ActBatch`, which every act metric scores.

An act is (domain, act, slot, value). Its unit is ``domain-act-slot``, or the whole act with its value; acts are sets,
so an act said twice counts once. Names are compared in lower case and canonical spelling, values as `detok` has them.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias, overload

import numpy as np

from tod_metrics.items import ActItem, ActTuple
from tod_metrics.normalization import canonical_slot, detok
from tod_metrics.state.alignment import Alignment

Unit: TypeAlias = Literal["slot", "value"]
"""What an act is compared by: domain, act and slot, or these and the value."""


class ActBatch(Sequence[ActItem]):
    """Items of a corpus split, with gold and prediction aligned once for each unit."""

    def __init__(self, items: Sequence[ActItem]) -> None:
        self._items = items
        self._aligned: dict[Unit, Alignment] = {}

    @overload
    def __getitem__(self, index: int) -> ActItem: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ActItem]: ...
    def __getitem__(self, index: int | slice) -> ActItem | Sequence[ActItem]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[ActItem]:
        return iter(self._items)

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains of the gold acts, sorted."""
        return tuple(
            sorted({canonical_slot(act[0].strip(), "")[0].lower() for item in self._items for act in item.gold})
        )

    def aligned(self, unit: Unit) -> Alignment:
        """One row for each unit that gold or prediction has; the score is 1 where both have it."""
        if unit not in self._aligned:
            self._aligned[unit] = _align(self._items, unit)
        return self._aligned[unit]


def comparable(act: ActTuple, unit: Unit, names: dict[ActTuple, ActTuple]) -> ActTuple:
    """An act as it is compared; `names` keeps what was found for acts seen before."""
    found = names.get(act)
    if found is None:
        domain, slot = canonical_slot(act[0].strip(), act[2].strip().lower())
        value = detok(domain, slot, act[3]) if unit == "value" else ""
        found = names[act] = (domain.lower(), act[1].strip().lower(), slot, value)
    return found


def _align(items: Sequence[ActItem], unit: Unit) -> Alignment:
    names: dict[ActTuple, ActTuple] = {}
    domains: dict[str, int] = {}
    rows: list[tuple[int, int, bool, bool]] = []
    for number, item in enumerate(items):
        gold = {comparable(act, unit, names) for act in item.gold}
        predicted = {comparable(act, unit, names) for act in item.predicted}
        rows += [
            (number, domains.setdefault(act[0], len(domains)), act in gold, act in predicted)
            for act in gold | predicted
        ]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 4
    gold_rows, predicted_rows = np.array(columns[2], dtype=np.bool_), np.array(columns[3], dtype=np.bool_)
    return Alignment(
        items=len(items),
        domains=tuple(domains),
        item=np.array(columns[0], dtype=np.int64),
        domain=np.array(columns[1], dtype=np.int64),
        gold=gold_rows,
        predicted=predicted_rows,
        score=(gold_rows & predicted_rows).astype(np.float64),
        counted=np.ones(len(rows), dtype=np.bool_),
        missing=np.array([item.missing for item in items], dtype=np.bool_),
    )
