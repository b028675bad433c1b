"""Normalised states as rows of an `Alignment`: the states themselves, and what each turn changes of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

import numpy as np

from tod_metrics.items import StateItem
from tod_metrics.state.alignment import Alignment
from tod_metrics.state.normalized_states import Key, States

Value = TypeVar("Value")
Groups: TypeAlias = Mapping[str, frozenset[str]]

Kind: TypeAlias = tuple[str, bool, bool, float, bool, bool]
"""What a row says of a slot: domain, gold has it, prediction has it, agreement, of the slot set, categorical."""


def align(items: Sequence[StateItem], states: States, groups: Groups) -> Alignment:
    """Lays out the slots of every item; with frames, only those of the item's services."""
    rows, frames = _Rows(), states.protocol.slots == "schema"
    framed: list[tuple[int, str]] = []
    known: dict[tuple[Key, tuple[str, ...] | None, str | None], int] = {}
    for number, (item, gold, predicted) in enumerate(zip(items, states.gold, states.predicted, strict=True)):
        keys: Collection[Key] = gold.keys() | predicted.keys()
        if frames:
            services = frozenset(item.services or (key[0] for key in keys))
            framed += [(number, service) for service in sorted(services)]
            # Sorted, because a product of real scores depends on the order in its last digit.
            keys = sorted(key for key in keys if key[0] in services)
        for key in keys:
            seen = (key, gold.get(key), predicted.get(key))
            if seen not in known:
                known[seen] = rows.kind(_compared(states, *seen))
            rows.kinds.append(known[seen])
        rows.lengths.append(len(keys))
    made = rows.alignment(items, states.slots, groups)
    if not frames:
        return made
    places = {domain: number for number, domain in enumerate(made.domains)}
    places.update((service, len(places)) for service in sorted({service for _, service in framed} - places.keys()))
    return replace(
        made,
        domains=tuple(places),
        slots=tuple(len(states.slots.get(domain, ())) for domain in places),
        frame_item=np.array([number for number, _ in framed], dtype=np.int64),
        frame_domain=np.array([places[service] for _, service in framed], dtype=np.int64),
    )


def _compared(states: States, key: Key, values: tuple[str, ...] | None, predicted: str | None) -> Kind:
    score = 0.0 if values is None or predicted is None else states.match(key, values, predicted)
    counted = values is not None or states.counts(key)
    return key[0], values is not None, predicted is not None, score, counted, states.categorical(key)


def align_changes(items: Sequence[StateItem], states: States, groups: Groups) -> Alignment:
    """Lays out what changed in each item; gold and prediction of a row say which side changed the slot."""
    rows = _Rows()
    for item, gold, predicted in zip(items, states.gold, states.predicted, strict=True):
        before, answered = states.gold_of(item.previous_gold), states.predicted_of(item.previous_predicted, item)
        wanted = {key for key in _differing(gold, before) if set(gold.get(key, ())).isdisjoint(before.get(key, ()))}
        made = _differing(predicted, answered)
        length = len(rows.kinds)
        for key in wanted | made:
            agreed = states.agreement(key, gold.get(key), predicted.get(key))
            added = (key in wanted and key in gold) or (key in made and key in predicted)
            kind = (key[0], key in wanted, key in made, agreed, added, states.categorical(key))
            rows.kinds.append(rows.kind(kind))
        rows.lengths.append(len(rows.kinds) - length)
    return rows.alignment(items, states.slots, groups)


class _Rows:
    """Rows under construction: most say the same of the same slot, so each is a number into the table of what was said.

    Attributes:
        kinds: The kind of each row, in item order.
        lengths: Number of rows of each item.
    """

    def __init__(self) -> None:
        self.kinds: list[int] = []
        self.lengths: list[int] = []
        self._numbers: dict[Kind, int] = {}

    def kind(self, said: Kind) -> int:
        """The number of a kind."""
        return self._numbers.setdefault(said, len(self._numbers))

    def alignment(self, items: Sequence[StateItem], slots: Mapping[str, tuple[str, ...]], groups: Groups) -> Alignment:
        """The rows as columns."""
        table = list(self._numbers)
        places = {domain: number for number, domain in enumerate(slots)}
        for said in table:
            places.setdefault(said[0], len(places))
        kinds = np.array(self.kinds, dtype=np.int64)
        return Alignment(
            items=len(self.lengths),
            domains=tuple(places),
            item=np.repeat(np.arange(len(self.lengths)), self.lengths),
            domain=np.array([places[said[0]] for said in table], dtype=np.int64)[kinds],
            gold=np.array([said[1] for said in table], dtype=np.bool_)[kinds],
            predicted=np.array([said[2] for said in table], dtype=np.bool_)[kinds],
            score=np.array([said[3] for said in table], dtype=np.float64)[kinds],
            counted=np.array([said[4] for said in table], dtype=np.bool_)[kinds],
            slots=tuple(len(slots.get(domain, ())) for domain in places),
            groups=groups,
            categorical=np.array([said[5] for said in table], dtype=np.bool_)[kinds],
            missing=np.array([item.missing for item in items], dtype=np.bool_),
        )


def _differing(now: Mapping[Key, Value], before: Mapping[Key, Value]) -> set[Key]:
    """The slots whose value is not what it was, among them those that are gone."""
    changed = {key for key, value in now.items() if before.get(key) != value}
    changed.update(key for key in before if key not in now)
    return changed
