"""Belief states laid side by side under a protocol: `StateBatch`, which every state metric scores.

    items ──normalised (`States`)──▶ gold and predicted slots of each turn ──`align`──▶ `Alignment`: a row each slot

A batch normalises each distinct value once and aligns each protocol once, however many metrics ask:

    batch = StateBatch(items, schema)
    jga.statistics(batch), slot_f1.statistics(batch)   # the second call only counts
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeAlias, TypeVar, overload

import numpy as np

from tod_metrics.items import StateItem
from tod_metrics.protocols import StateProtocol
from tod_metrics.state.alignment import Alignment
from tod_metrics.state.normalized_states import Key, States
from tod_metrics.state.slot_sets import LeftOut, Slots, scored_slots, slots_of

Value = TypeVar("Value")
Groups: TypeAlias = Mapping[str, frozenset[str]]

Row: TypeAlias = tuple[str, bool, bool, float, bool, bool]
"""A slot of a turn: its domain, whether gold and the prediction have it, their agreement, whether it is of the slot
set, whether it is categorical."""


class StateBatch(Sequence[StateItem]):
    """Items of a corpus split, with what was computed of them.

    Args:
        items: The items; metrics do not depend on their order.
        schema: Domain -> slot -> whether it is categorical; None assumes MultiWOZ's where gold has no other slots,
            else the slots that gold mentions.
        left_out: Slots of the schema that do not count; see `tod_metrics.state.slot_sets.scored_slots` for None.
        groups: Names for several domains at once (``#seen``), which a metric's ``domain`` may then name.

    Attributes:
        kept: What metrics have computed of the batch for each other, by a key of theirs.
    """

    def __init__(
        self,
        items: Sequence[StateItem],
        schema: Slots | None = None,
        left_out: LeftOut | None = None,
        groups: Groups | None = None,
    ) -> None:
        self._items = items
        self.groups = groups or {}
        self.schema = slots_of(items) if schema is None else schema
        self.left_out = left_out
        self._aligned: dict[tuple[str | bool, ...], Alignment] = {}
        self._changed: dict[tuple[str | bool, ...], Alignment] = {}
        self._states: dict[tuple[str | bool, ...], States] = {}
        self.kept: dict[tuple[Any, ...], Any] = {}

    @overload
    def __getitem__(self, index: int) -> StateItem: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[StateItem]: ...
    def __getitem__(self, index: int | slice) -> StateItem | Sequence[StateItem]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[StateItem]:
        return iter(self._items)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The domains that have a row of their own: those of the slot set that gold mentions, in the schema's order."""
        mentioned = {domain for item in self._items for domain in item.gold}
        counted = scored_slots(self.schema, self.left_out)
        return tuple(domain for domain, slots in counted.items() if slots and domain in mentioned)

    @cached_property
    def uncounted(self) -> tuple[Key, ...]:
        """Slots of the schema that gold has a value for though the corpus leaves them out, sorted."""
        counted = scored_slots(self.schema, self.left_out)
        given = {(domain, slot) for item in self._items for domain, slots in item.gold.items() for slot in slots}
        left_out = {(domain, slot) for domain, slot in given if slot in self.schema.get(domain, ())}
        return tuple(sorted(key for key in left_out if key[1] not in counted.get(key[0], ())))

    def states(self, protocol: StateProtocol) -> States:
        """The normalised states under a protocol, and what matches what."""
        key = protocol.comparison
        if key not in self._states:
            self._states[key] = States(self._items, protocol, self.schema, self.left_out)
        return self._states[key]

    def aligned(self, protocol: StateProtocol) -> Alignment:
        """Gold and prediction side by side under a protocol."""
        key = protocol.comparison
        if key not in self._aligned:
            self._aligned[key] = align(self._items, self.states(protocol), self.groups)
        return self._aligned[key]

    def changed(self, protocol: StateProtocol) -> Alignment:
        """What gold and prediction change against the turn before, side by side: one row for each slot that changed.

        A row's score is 1 where both sides now agree (given up on both sides is agreement); `counted` tells the slots
        that have got a value from those that have only lost one.
        """
        key = protocol.comparison
        if key not in self._changed:
            self._changed[key] = align_changes(self._items, self.states(protocol), self.groups)
        return self._changed[key]

    @cached_property
    def order(self) -> list[int]:
        """Positions of the items, dialogue by dialogue, turns in order."""
        return sorted(range(len(self)), key=lambda place: (self._items[place].dialogue_id, self._items[place].turn))


def align(items: Sequence[StateItem], states: States, groups: Groups) -> Alignment:
    """Lays out the slots of every item; with frames, only those of the item's services."""
    table, by_frame = _RowTable(), states.protocol.slots == "schema"
    frames: list[tuple[int, str]] = []
    numbers: dict[tuple[Key, tuple[str, ...] | None, str | None], int] = {}
    for number, (item, gold, predicted) in enumerate(zip(items, states.gold, states.predicted, strict=True)):
        keys: Collection[Key] = gold.keys() | predicted.keys()
        if by_frame:
            services = frozenset(item.services or (key[0] for key in keys))
            frames += [(number, service) for service in sorted(services)]
            # Sorted, because a product of real scores depends on the order in its last digit.
            keys = sorted(key for key in keys if key[0] in services)
        for key in keys:
            slot = (key, gold.get(key), predicted.get(key))
            if slot not in numbers:
                numbers[slot] = table.number(_row(states, *slot))
            table.rows.append(numbers[slot])
        table.lengths.append(len(keys))
    aligned = table.alignment(items, states.slots, groups)
    if not by_frame:
        return aligned
    domains = {domain: number for number, domain in enumerate(aligned.domains)}
    domains.update((service, len(domains)) for service in sorted({service for _, service in frames} - domains.keys()))
    return replace(
        aligned,
        domains=tuple(domains),
        slots=tuple(len(states.slots.get(domain, ())) for domain in domains),
        frame_item=np.array([number for number, _ in frames], dtype=np.int64),
        frame_domain=np.array([domains[service] for _, service in frames], dtype=np.int64),
    )


def _row(states: States, key: Key, values: tuple[str, ...] | None, predicted: str | None) -> Row:
    score = 0.0 if values is None or predicted is None else states.match(key, values, predicted)
    counted = values is not None or states.counts(key)
    return key[0], values is not None, predicted is not None, score, counted, states.categorical(key)


def align_changes(items: Sequence[StateItem], states: States, groups: Groups) -> Alignment:
    """Lays out what changed in each item; gold and prediction of a row say which side changed the slot."""
    table = _RowTable()
    for item, gold, predicted in zip(items, states.gold, states.predicted, strict=True):
        gold_before, predicted_before = (
            states.gold_of(item.previous_gold),
            states.predicted_of(item.previous_predicted, item),
        )
        gold_changes = {
            key for key in _differing(gold, gold_before) if set(gold.get(key, ())).isdisjoint(gold_before.get(key, ()))
        }
        predicted_changes = _differing(predicted, predicted_before)
        changes = gold_changes | predicted_changes
        for key in changes:
            agreement = states.agreement(key, gold.get(key), predicted.get(key))
            added = (key in gold_changes and key in gold) or (key in predicted_changes and key in predicted)
            row = (key[0], key in gold_changes, key in predicted_changes, agreement, added, states.categorical(key))
            table.rows.append(table.number(row))
        table.lengths.append(len(changes))
    return table.alignment(items, states.slots, groups)


class _RowTable:
    """Rows under construction: most say the same of the same slot, so each is a number into the table of distinct ones.

    Attributes:
        rows: The number of each row, in item order.
        lengths: Number of rows of each item.
    """

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.lengths: list[int] = []
        self._numbers: dict[Row, int] = {}

    def number(self, row: Row) -> int:
        """The number of a row."""
        return self._numbers.setdefault(row, len(self._numbers))

    def alignment(self, items: Sequence[StateItem], slots: Mapping[str, tuple[str, ...]], groups: Groups) -> Alignment:
        """The rows as columns."""
        domains = {domain: number for number, domain in enumerate(slots)}
        for row in self._numbers:
            domains.setdefault(row[0], len(domains))
        rows = np.array(self.rows, dtype=np.int64)
        domain, gold, predicted, score, counted, categorical = (
            zip(*self._numbers, strict=True) if rows.size else [()] * 6
        )
        return Alignment(
            items=len(self.lengths),
            domains=tuple(domains),
            item=np.repeat(np.arange(len(self.lengths)), self.lengths),
            domain=np.array([domains[name] for name in domain], dtype=np.int64)[rows],
            gold=np.array(gold, dtype=np.bool_)[rows],
            predicted=np.array(predicted, dtype=np.bool_)[rows],
            score=np.array(score, dtype=np.float64)[rows],
            counted=np.array(counted, dtype=np.bool_)[rows],
            slots=tuple(len(slots.get(domain, ())) for domain in domains),
            groups=groups,
            categorical=np.array(categorical, dtype=np.bool_)[rows],
            missing=np.array([item.missing for item in items], dtype=np.bool_),
        )


def _differing(now: Mapping[Key, Value], before: Mapping[Key, Value]) -> set[Key]:
    """The slots whose value is not what it was, among them those that are gone."""
    changed = {key for key, value in now.items() if before.get(key) != value}
    changed.update(key for key in before if key not in now)
    return changed
