"""PPTOD's comparison of belief spans (Su et al. 2022, `DST/dst.py` and `DST/compute_joint_acc.py`), flaws included.

The script writes a state as ``[domain] slot value slot value ...``, parses it back by looking for slot words, and
compares the sets of ``[domain] slot value``. On the way it strips characters (not words) from both ends of the span, so
that the last value loses its trailing letters s, o, b and e and the result depends on the order of slots; a value that
contains a slot word (``people``) is torn apart; and its table of typos is looked up by slot, so that it never applies.
"""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import TypeAlias

from tod_metrics.items import StateItem
from tod_metrics.normalization.repairs import BY_PART, BY_SLOT, NONE
from tod_metrics.normalization.slots import canonical_slot

_DOMAINS = ("taxi", "police", "hospital", "hotel", "attraction", "train", "restaurant")
DOMAINS = frozenset(f"[{name}]" for name in _DOMAINS)

SLOT_WORDS = frozenset(
    (
        *("car", "address", "postcode", "phone", "internet", "parking", "type", "pricerange", "food", "stars", "area"),
        *("reference", "time", "leave", "price", "arrive", "id", "stay", "day", "people", "name", "destination"),
        *("departure", "department"),
    )
)
"""Words that the parser takes for the beginning of a slot."""

_STRIPPED = "<>_beos"
"""The script strips ``<sos_b>`` and ``<eos_b>`` as sets of characters."""

_WORD = {"arriveby": "arrive", "leaveat": "leave"}
_FIXES: dict[str, dict[str, str]] = {}
for _place, _fixes in BY_SLOT.items():
    _FIXES.setdefault(_place.partition("-")[2], {}).update(_fixes)


Written: TypeAlias = Mapping[str, Mapping[str, str]] | Mapping[str, Mapping[str, Sequence[str]]]
"""A state in the order in which its span is written."""


def span_states(
    gold: Written, predicted: Written, *, bookings: bool = True
) -> tuple[dict[tuple[str, str], tuple[str, ...]], dict[tuple[str, str], str]]:
    """Gold and predicted state as the script sees them: (domain, slot) -> all values found, joined."""
    reference = parsed(span(gold, bookings=bookings)) if gold else {}
    answer = parsed(span(predicted, bookings=bookings)) if predicted else {}
    return {key: (value,) for key, value in reference.items()}, answer


def by_mention(items: Sequence[StateItem]) -> list[tuple[Written, Written]]:
    """Gold and predicted state of each item with domains and slots in the order in which the dialogue came to them.

    That is the turn whose state (gold and predicted apart) first has the domain or the slot; what comes up in one turn
    is in the order of its name. So the order of slots in a file has no say, which the script leaves to it.
    """
    found: list[tuple[Written, Written]] = [({}, {})] * len(items)
    seen: dict[tuple[bool, str, str], int] = {}
    dialogue = ""
    for place in sorted(range(len(items)), key=lambda number: (items[number].dialogue_id, items[number].turn)):
        item = items[place]
        if item.dialogue_id != dialogue:
            dialogue, seen = item.dialogue_id, {}
        found[place] = (_mentioned(item.gold, seen, item.turn), _mentioned(item.predicted, seen, item.turn, gold=False))
    return found


def _mentioned(state: Written, seen: dict[tuple[bool, str, str], int], turn: int, *, gold: bool = True) -> Written:
    def place(domain: str, slot: str = "") -> tuple[int, str]:
        return seen.setdefault((gold, domain, slot), turn), slot or domain

    return {
        domain: {slot: state[domain][slot] for slot in sorted(state[domain], key=lambda slot: place(domain, slot))}
        for domain in sorted(state, key=place)
    }


def span(state: Written, *, bookings: bool) -> str:
    """A state as PPTOD writes it, in the state's own order, with the first of several values."""
    words: list[str] = []
    for domain, slots in state.items():
        words.append(f"[{domain}]")
        for slot, value in slots.items():
            if bookings or not canonical_slot(domain, slot)[1].startswith("book "):
                first = value if isinstance(value, str) else value[0]
                words += [slot_word(domain, slot), first.lower()]
    return " ".join(words)


@cache
def slot_word(domain: str, slot: str) -> str:
    """The one word that PPTOD has for a slot: ``book day`` is ``day``, ``arriveby`` is ``arrive``."""
    name = canonical_slot(domain, slot)[1].removeprefix("book ")
    return _WORD.get(name, name)


@lru_cache(maxsize=1 << 14)
def parsed(text: str) -> dict[tuple[str, str], str]:
    """A span as the script reads it: (domain, slot) -> value; several values of a slot sorted and joined by ``|``."""
    words = text.strip(_STRIPPED).split()
    found: dict[tuple[str, str], set[str]] = {}
    domain = slot = ""
    value: list[str] = []
    for word in [*words, ""]:
        if word in DOMAINS or (domain and word in SLOT_WORDS) or not word:
            if slot:
                _keep(found, domain, slot, " ".join(value))
            domain, slot = (word, "") if word in DOMAINS else (domain, word)
            value = []
        elif slot:
            value.append(word)
    return {key: "|".join(sorted(values)) for key, values in found.items()}


def _keep(found: dict[tuple[str, str], set[str]], domain: str, slot: str, value: str) -> None:
    triple = f"{domain} {slot} {value}"
    if "none" in triple or "not mentioned" in triple:
        return
    # The script takes two words for the slot wherever "book" occurs, so that no repair applies.
    fixed = value if "book" in triple and value else repaired(slot, value)
    found.setdefault((domain.strip("[]"), slot), set()).add(fixed)


def repaired(slot: str, value: str) -> str:
    """TRADE's repairs of misplaced values, looked up by slot without its domain."""
    whole = _FIXES.get(slot, {})
    part = next((fixes for name, fixes in BY_PART.items() if name in slot), {})
    fixed = part.get(value, whole.get(value, value))
    return NONE if whole.get(fixed) == NONE else fixed
