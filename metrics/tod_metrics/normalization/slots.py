"""One name for each slot of MultiWOZ, whatever a corpus release or a system calls it.

``hotel-bookday``, ``hotel-book day``, ``hotel/book/day`` and DAMD's ``[hotel] day`` are all ``("hotel", "book day")``.
Slots of other schemas (SGD's services) keep their names.
"""

from collections.abc import Mapping
from functools import cache

MULTIWOZ_SLOTS: Mapping[str, tuple[str, ...]] = {
    "restaurant": ("food", "area", "pricerange", "name", "book day", "book people", "book time"),
    "hotel": (
        *("area", "pricerange", "name", "type", "parking", "internet", "stars"),
        *("book day", "book people", "book stay"),
    ),
    "attraction": ("area", "name", "type"),
    "train": ("day", "departure", "destination", "arriveby", "leaveat", "book people"),
    "taxi": ("departure", "destination", "arriveby", "leaveat"),
}
"""The 30 slots of five domains that DST on MultiWOZ is scored on (Wu et al. 2019), in canonical spelling."""

MULTIWOZ_UNSCORED: Mapping[str, tuple[str, ...]] = {
    "hospital": ("department",),
    "police": (),
    "bus": ("day", "departure", "destination", "arriveby", "leaveat", "book people"),
}
"""Domains of MultiWOZ's annotation that the usual evaluation leaves out."""

_SPELLINGS = {
    "arrive": "arriveby",
    "arrive by": "arriveby",
    "leave": "leaveat",
    "leave at": "leaveat",
    "depart": "departure",
    "dest": "destination",
    "price": "pricerange",
    "price range": "pricerange",
}
_BOOKING = ("day", "people", "stay", "time")


@cache
def canonical_slot(domain: str, slot: str) -> tuple[str, str]:
    """The canonical (domain, slot) of MultiWOZ for any spelling in use.

    Args:
        domain: A domain, in any case.
        slot: A slot in any spelling, with or without its domain in front (``hotel-bookday``).

    Returns:
        The canonical pair; for domains that are not MultiWOZ's, the pair as it came.
    """
    where = domain.strip().lower()
    slots = MULTIWOZ_SLOTS.get(where) or MULTIWOZ_UNSCORED.get(where)
    if slots is None:
        return domain, slot
    name = " ".join(slot.lower().replace("_", " ").replace("/", " ").split())
    name = name.removeprefix(f"{where}-").removeprefix("semi ").strip()
    if name.startswith("book"):
        name = f"book {name[4:].strip(' -')}"
    elif name in _BOOKING and name not in slots and f"book {name}" in slots:
        name = f"book {name}"
    return where, _SPELLINGS.get(name, name)
