"""Belief states laid side by side under a protocol: `StateBatch`, which every state metric scores.

A batch normalises each distinct value once and aligns each protocol once, however many metrics ask:

    batch = StateBatch(items, schema)
    jga.statistics(batch), slot_f1.statistics(batch)   # the second call only counts
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import overload

from tod_metrics.items import StateItem
from tod_metrics.protocols import StateProtocol
from tod_metrics.state.alignment import Alignment
from tod_metrics.state.normalized_states import Key, States
from tod_metrics.state.slot_sets import LeftOut, Slots, scored_slots, slots_of
from tod_metrics.state.state_rows import align, align_changes


class StateBatch(Sequence[StateItem]):
    """Items of a corpus split, with what was computed of them.

    Args:
        items: The items; metrics do not depend on their order.
        schema: Domain -> slot -> whether it is categorical; None assumes MultiWOZ's where gold has no other slots,
            else the slots that gold mentions.
        left_out: Slots of the schema that do not count; see `tod_metrics.state.slot_sets.scored_slots` for None.
        groups: Names for several domains at once (``#seen``), which a metric's ``domain`` may then name.
    """

    def __init__(
        self,
        items: Sequence[StateItem],
        schema: Slots | None = None,
        left_out: LeftOut | None = None,
        groups: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._items = items
        self.groups = groups or {}
        self.schema = slots_of(items) if schema is None else schema
        self.left_out = left_out
        self._aligned: dict[tuple[str | bool, ...], Alignment] = {}
        self._changed: dict[tuple[str | bool, ...], Alignment] = {}
        self._states: dict[tuple[str | bool, ...], States] = {}

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
