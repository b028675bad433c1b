"""Canonical names for MultiWOZ: domains, slots and acts in the spellings of its releases.

States, acts, goals and spans of every release (2.0 to 2.4, ConvLab's) come out with the same names, so that they can
be compared: ``hotel-bookday``, ``Hotel-Inform Day`` and ``hotel/book/day`` are all ``("hotel", "book day")``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from tod_bench.records import Act, Schema, SlotSpec, State
from tod_metrics.normalization.slots import MULTIWOZ_SLOTS, MULTIWOZ_UNSCORED, canonical_slot
from tod_metrics.state.slot_sets import is_multiwoz

TRACKED: Mapping[str, tuple[str, ...]] = {**MULTIWOZ_SLOTS, **MULTIWOZ_UNSCORED}
"""Domain -> slots that a state can hold; the first five domains have the 30 slots of the usual evaluation."""

DOMAINS = tuple(TRACKED)

_IN_ACTS = {
    "addr": "address",
    "car": "type",
    "car type": "type",
    "entrance fee": "entrancefee",
    "fee": "entrancefee",
    "id": "trainid",
    "open": "openhours",
    "post": "postcode",
    "reference": "ref",
}
_IN_ACTS_OF = {("train", "price"): "price", ("train", "ticket"): "price", ("train", "time"): "duration"}
_BOOKED = ("day", "people", "stay", "time")


@cache
def canonical(domain: str, slot: str) -> str:
    """The canonical name of a slot in any spelling of states, acts and goals; empty for ``none``."""
    name = " ".join(slot.lower().split())
    if name in ("", "none"):
        return ""
    if (domain, name) in _IN_ACTS_OF:
        return _IN_ACTS_OF[domain, name]
    if domain == "booking" and (detail := name.removeprefix("book").strip()) in _BOOKED:
        return f"book {detail}"
    return _IN_ACTS.get(name) or canonical_slot(domain, name)[1]


def act_of(name: str, slot: str, value: str) -> Act:
    """The act of an annotation such as ``("Hotel-Inform", "Price", "cheap")``; ``none`` and ``?`` become empty."""
    domain, _, act = name.partition("-")
    domain = domain.lower()
    return Act(domain, act.lower(), canonical(domain, slot), "" if value.lower() in ("none", "?") else value)


def acts_of(raw: Mapping[str, Iterable[tuple[str, str]]]) -> tuple[Act, ...]:
    """The acts of ``{"Hotel-Inform": [["Area", "east"]]}``, in annotation order, each once."""
    return tuple(dict.fromkeys(act_of(name, slot, value) for name, pairs in raw.items() for slot, value in pairs))


def plain_id(name: str) -> str:
    """A dialogue's id as all releases have it, without ``.json``."""
    return name.strip().removesuffix(".json")


def active_domains(named: Iterable[str], state: State, earlier: State) -> tuple[str, ...]:
    """Domains that are active where no annotation says so: those named, or else those whose state has changed."""
    active = dict.fromkeys(domain for domain in named if domain in DOMAINS)
    return tuple(active or (domain for domain in state if state[domain] != earlier.get(domain)))


def without_unscored(schema: Schema) -> Schema:
    """The schema with hospital, police and bus marked as not scored, where it has the 30 slots that are.

    A corpus of one's own in MultiWOZ's layout, with other domains or slots, has all of its slots scored.
    """
    if not is_multiwoz(schema):
        return schema
    return {
        domain: {slot: replace(spec, scored=domain not in MULTIWOZ_UNSCORED) for slot, spec in slots.items()}
        for domain, slots in schema.items()
    }


def schema() -> Schema:
    """The schema of the trackable slots: closed lists of values where every release agrees on one."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    closed = {
        "area": ("centre", "east", "north", "south", "west"),
        "pricerange": ("cheap", "moderate", "expensive"),
        "book day": days,
        "day": days,
        "parking": ("yes", "no", "free"),
        "internet": ("yes", "no", "free"),
        "stars": ("0", "1", "2", "3", "4", "5"),
    }
    return without_unscored(
        {
            domain: {slot: SlotSpec(f"{slot} of the {domain}", slot in closed, closed.get(slot, ())) for slot in slots}
            for domain, slots in TRACKED.items()
        }
    )
