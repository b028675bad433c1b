"""Belief states of gold and prediction under one protocol: every value normalised once, and when two agree.

`States` holds the normalised states. Values agree exactly, by partial ratio, or by SGD's rule for the kind of slot.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TypeAlias

from tod_metrics.dialogue.partial_ratio import partial_ratio
from tod_metrics.items import GoldState, PredictedState, StateItem
from tod_metrics.normalization import NORMALISERS, Normaliser, canonical_slot
from tod_metrics.normalization.pptod import by_mention, span_states
from tod_metrics.normalization.repairs import ABSENT, DONTCARE, NONE
from tod_metrics.normalization.values import strict
from tod_metrics.protocols import StateProtocol
from tod_metrics.state.slot_sets import LeftOut, Slots, beyond_multiwoz, is_multiwoz, scored_slots

Key: TypeAlias = tuple[str, str]
"""(domain, slot), in canonical spelling."""

Gold: TypeAlias = Mapping[Key, tuple[str, ...]]
Predicted: TypeAlias = Mapping[Key, str]

Match: TypeAlias = Callable[[Key, tuple[str, ...], str], float]
"""(domain, slot), acceptable values, predicted value -> agreement, 0 to 1."""

_NOT_A_WORD = re.compile(r"\W")
_NOT_ASCII = dict.fromkeys(range(128, 256))
"""What fuzzywuzzy takes out of a text before it compares: it calls it forcing to ASCII, and stops at Latin-1."""

FUZZY_ABOVE = 95.0
"""Partial ratio, 0 to 100, that a value must exceed to match (MultiWOZ_Evaluation, `get_dst`)."""


class States:
    """The states of items under one protocol, each normalised once.

    Attributes:
        protocol: The protocol.
        slots: Domain -> slots that count.
        gold: Gold state of each item: (domain, slot) -> acceptable values, none empty.
        predicted: Predicted state of each item: (domain, slot) -> value.
        match: (domain, slot), acceptable values, predicted value -> agreement, 0 to 1.
    """

    def __init__(
        self, items: Sequence[StateItem], protocol: StateProtocol, schema: Slots, left_out: LeftOut | None = None
    ) -> None:
        counted = scored_slots(schema, left_out)
        if protocol.slots == "span":
            _check_spans(protocol, counted)
        self.protocol = protocol
        self.slots = _slot_set(protocol, schema, left_out)
        self.match: Match = matcher(protocol, schema)
        self._schema = schema
        self._normalise = _normaliser(protocol, multiwoz=is_multiwoz(counted))
        self._golden: dict[tuple[str, str, tuple[str, ...]], tuple[Key, tuple[str, ...]]] = {}
        self._answered: dict[tuple[str, str, str], tuple[Key, str] | None] = {}
        self._seen_gold: dict[int, Gold] = {}
        self._seen_predicted: dict[int, Predicted] = {}
        self.gold: list[Gold] = []
        self.predicted: list[Predicted] = []
        if protocol.slots == "span":
            spans = by_mention(items) if protocol.order == "mention" else [(one.gold, one.predicted) for one in items]
            for written, answered in spans:
                gold, predicted = span_states(written, answered, bookings=protocol.bookings)
                self.gold.append(gold)
                self.predicted.append(predicted)
        else:
            self.gold = [self.gold_of(item.gold) for item in items]
            self.predicted = [self.predicted_of(item.predicted, item) for item in items]

    def gold_of(self, state: GoldState) -> Gold:
        """A gold state in comparable form. The same object is normalised once."""
        if id(state) in self._seen_gold:
            return self._seen_gold[id(state)]
        flat: dict[Key, tuple[str, ...]] = {}
        for domain, slots in state.items():
            for slot, listed in slots.items():
                raw = (domain, slot, tuple(listed))
                if raw not in self._golden:
                    self._golden[raw] = self._gold_slot(*raw)
                key, values = self._golden[raw]
                if values:
                    flat[key] = values
        self._seen_gold[id(state)] = flat
        return flat

    def predicted_slot(self, domain: str, slot: str, text: str) -> tuple[Key, str] | None:
        """A predicted slot and its value in comparable form; None where it does not count or is no value."""
        raw = (domain, slot, text)
        if raw not in self._answered:
            self._answered[raw] = self._predicted_slot(*raw)
        return self._answered[raw]

    def predicted_of(self, state: PredictedState, item: StateItem) -> Predicted:
        """A predicted state in comparable form; `item` is only for the message of an error.

        Raises:
            ValueError: A slot is predicted twice, under two spellings and with two values.
        """
        if id(state) in self._seen_predicted:
            return self._seen_predicted[id(state)]
        flat: dict[Key, str] = {}
        for domain, slots in state.items():
            for slot, text in slots.items():
                comparable = self.predicted_slot(domain, slot, text)
                if comparable is None:
                    continue
                key, value = comparable
                if flat.setdefault(key, value) != value:
                    raise ValueError(
                        f"dialogue {item.dialogue_id}, turn {item.turn}: {key[0]}-{key[1]} is predicted twice under "
                        f"different spellings, as {flat[key]!r} and as {value!r}; give it once"
                    )
        self._seen_predicted[id(state)] = flat
        return flat

    @cached_property
    def hallucinated(self) -> list[Key]:
        """Predicted slots that no schema has, each once, sorted."""
        if self.protocol.slots != "scored":
            return []
        return sorted({key for key in set().union(*self.predicted) if not self.counts(key)})

    def categorical(self, key: Key) -> bool:
        """Whether the schema has a closed list of values for a slot."""
        return bool(self._schema.get(key[0], {}).get(key[1], False))

    def agreement(self, key: Key, values: tuple[str, ...] | None, predicted: str | None) -> float:
        """How well a slot agrees, 0 to 1; absent against absent is 1."""
        if values is None or predicted is None:
            return float(values is None and predicted is None)
        return self.match(key, values, predicted)

    def _gold_slot(self, domain: str, slot: str, listed: tuple[str, ...]) -> tuple[Key, tuple[str, ...]]:
        """A gold slot in comparable form; without values where it does not count or has none."""
        rules, key = self.protocol, self._find(domain, slot)
        if key is None or not self.counts(key) or (rules.gold_dontcare == "drop" and _has_dontcare(listed)):
            return (domain, slot), ()
        chosen = listed if rules.values == "any" else listed[:1]
        values = tuple(self._normalise(*key, value) for value in chosen)
        dropped = (ABSENT, NONE) if rules.gold_none == "drop" else () if rules.norm == "verbatim" else (ABSENT,)
        return key, tuple(value for value in values if value not in dropped)

    def _predicted_slot(self, domain: str, slot: str, text: str) -> tuple[Key, str] | None:
        """A predicted slot in comparable form; None where it is ignored or is no value."""
        key = self._find(domain, slot)
        if key is None:
            return None
        value = self._normalise(*key, text)
        return None if self.protocol.predicted_none == "drop" and value in (ABSENT, NONE) else (key, value)

    def _find(self, domain: str, slot: str) -> Key | None:
        key = (domain, slot) if slot in self._schema.get(domain, ()) else canonical_slot(domain, slot)
        if self.counts(key):
            return key
        known = key[1] in self._schema.get(key[0], ()) or (key[0] in self._schema and not self.slots.get(key[0]))
        ignored = known or self._booking(key) or self.protocol.slots == "schema"
        return None if ignored else key

    def counts(self, key: Key) -> bool:
        """Whether a slot is of the slot set."""
        return not self._booking(key) and (self.protocol.slots == "file" or key[1] in self.slots.get(key[0], ()))

    def _booking(self, key: Key) -> bool:
        return not self.protocol.bookings and key[1].startswith("book ")


def _verbatim(domain: str, slot: str, value: str) -> str:  # noqa: ARG001
    return value


def _has_dontcare(listed: Sequence[str]) -> bool:
    return any(strict("", "", value) == DONTCARE for value in listed)


def _normaliser(protocol: StateProtocol, *, multiwoz: bool) -> Normaliser:
    """The protocol's normaliser; what it knows of MultiWOZ's values is kept from other corpora's domains."""
    chosen = NORMALISERS.get(protocol.norm, _verbatim)
    return chosen if multiwoz else lambda _domain, slot, value: chosen("", slot, value)


def _check_spans(protocol: StateProtocol, counted: Mapping[str, Sequence[str]]) -> None:
    """Raises a `ValueError` where slots count that PPTOD's parser would not see."""
    unread = beyond_multiwoz(counted)
    if unread:
        raise ValueError(
            f"the protocol {protocol.name!r} reads MultiWOZ's 30 slots only, and here {'-'.join(unread[0])} counts too"
            f"{f' ({len(unread)} such slots)' if len(unread) > 1 else ''}; take another protocol"
        )


def _slot_set(protocol: StateProtocol, schema: Slots, left_out: LeftOut | None) -> dict[str, tuple[str, ...]]:
    if protocol.slots == "scored":
        return scored_slots(schema, left_out, bookings=protocol.bookings)
    return {
        domain: tuple(slot for slot in slots if protocol.bookings or not slot.startswith("book "))
        for domain, slots in schema.items()
    }


def matcher(protocol: StateProtocol, schema: Slots) -> Match:
    """The matching rule of a protocol."""
    if protocol.match == "exact":
        return exact
    return partial if protocol.match == "partial_ratio" else sgd_rule(schema)


def exact(key: Key, values: tuple[str, ...], predicted: str) -> float:  # noqa: ARG001
    """1 where the value is one of those listed."""
    return 1.0 if predicted in values else 0.0


def partial(key: Key, values: tuple[str, ...], predicted: str) -> float:  # noqa: ARG001
    """1 where fuzzywuzzy's partial ratio with a value is above 95: ``5:15`` matches ``15:15``, ``no`` ``north``."""
    return 1.0 if any(_partial_ratio(value, predicted) > FUZZY_ABOVE for value in values) else 0.0


def sgd_rule(schema: Slots) -> Match:
    """SGD's rule: the first value exactly for categorical slots, else the best token-sort ratio / 100."""

    def match(key: Key, values: tuple[str, ...], predicted: str) -> float:
        if schema.get(key[0], {}).get(key[1], False):
            return 1.0 if values[0] == predicted else 0.0
        return max(_token_sort_ratio(value, predicted) for value in values)

    return match


@lru_cache(maxsize=1 << 16)
def _partial_ratio(value: str, predicted: str) -> float:
    if not value or not predicted:
        return 0.0
    return partial_ratio(predicted, value)


@lru_cache(maxsize=1 << 16)
def _token_sort_ratio(value: str, predicted: str) -> float:
    """The ratio as a whole percentage / 100, as fuzzywuzzy gives it; 1 for texts that have equal words."""
    from rapidfuzz import fuzz

    words, predicted_words = _sorted_words(value), _sorted_words(predicted)
    return 1.0 if words == predicted_words else round(fuzz.ratio(words, predicted_words)) / 100.0


def _sorted_words(text: str) -> str:
    plain = _NOT_A_WORD.sub(" ", text.translate(_NOT_ASCII)).lower()
    return " ".join(sorted(plain.split()))
