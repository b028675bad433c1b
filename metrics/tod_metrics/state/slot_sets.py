"""Which slots count. The corpus says so: every slot of its schema, but for those that it leaves out.

MultiWOZ leaves out what the usual evaluation leaves out (hospital, police and bus), which makes its 30 slots. A corpus
is never taken for MultiWOZ because a domain of it has the same name: a restaurant's rating counts where the schema has
it. A slot that is left out is ignored on both sides; a predicted slot that no schema has is an invention of the system
and counts as wrong.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from tod_metrics.items import StateItem
from tod_metrics.normalization import MULTIWOZ_SLOTS, MULTIWOZ_UNSCORED, canonical_slot

Slots: TypeAlias = Mapping[str, Mapping[str, bool]]
"""Domain (or service) -> slot -> whether it is categorical."""

LeftOut: TypeAlias = Mapping[str, Collection[str]]
"""Domain -> slots of the schema that do not count."""


def scored_slots(
    schema: Slots, left_out: LeftOut | None = None, *, bookings: bool = True
) -> dict[str, tuple[str, ...]]:
    """The slots that count.

    Args:
        schema: Every slot that can be tracked.
        left_out: Slots of it that do not count; None for MultiWOZ's where the schema is MultiWOZ's, else for none.
        bookings: Whether the booking slots (``book day`` and the like) count.

    Returns:
        Domain -> slots, without the domains that are left out as a whole.
    """
    ignored = usually_left_out(schema) if left_out is None else left_out
    counted: dict[str, tuple[str, ...]] = {}
    for domain, slots in schema.items():
        kept = [slot for slot in slots if slot not in ignored.get(domain, ())]
        if kept:
            counted[domain] = tuple(slot for slot in kept if bookings or not slot.startswith("book "))
    return counted


def usually_left_out(schema: Slots) -> LeftOut:
    """What a schema leaves out where nobody says: of MultiWOZ's the domains that are not evaluated, else nothing."""
    if not is_multiwoz(schema):
        return {}
    return {domain: tuple(schema[domain]) for domain in MULTIWOZ_UNSCORED if domain in schema}


def is_multiwoz(slots: Mapping[str, Collection[str]]) -> bool:
    """Whether slots have all 30 of MultiWOZ (and perhaps more): then its protocols and repairs of values apply."""
    return all(set(names) <= set(slots.get(domain, ())) for domain, names in MULTIWOZ_SLOTS.items())


def beyond_multiwoz(slots: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
    """The (domain, slot) pairs that are not among MultiWOZ's 30, in order."""
    return [
        (domain, slot)
        for domain, names in slots.items()
        for slot in names
        if slot not in MULTIWOZ_SLOTS.get(domain, ())
    ]


def slots_of(items: Iterable[StateItem]) -> Slots:
    """The schema to assume where none was given: MultiWOZ's where gold has no other slots, else those of gold."""
    seen: dict[str, dict[str, bool]] = {}
    for item in items:
        for domain, slots in item.gold.items():
            seen.setdefault(domain, {}).update(dict.fromkeys(slots, False))
    # MultiWOZ 2.2 tracks the police's name, which its earlier releases do not.
    every = {**MULTIWOZ_SLOTS, **MULTIWOZ_UNSCORED, "police": ("name",)}
    foreign = (
        domain not in every or canonical_slot(domain, slot)[1] not in every[domain]
        for domain, slots in seen.items()
        for slot in slots
    )
    return seen if any(foreign) else {domain: dict.fromkeys(slots, False) for domain, slots in every.items()}
