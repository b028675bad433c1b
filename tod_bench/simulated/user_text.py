"""The user's moves in words."""

from collections.abc import Mapping, Sequence
from typing import Final

from tod_bench.simulated.draws import chance, pick
from tod_bench.simulated.marks import sentence, unmarked_value
from tod_bench.simulated.moves import Move, Slots
from tod_bench.simulated.ontology import DONTCARE
from tod_bench.simulated.realizer import Realizer
from tod_bench.simulated.styles import Style

SLOT_NAMES: Final = {
    "pricerange": "price range",
    "phone": "phone number",
    "book day": "day",
    "book people": "number of people",
    "book time": "time",
    "book stay": "number of nights",
    "leaveat": "time",
    "arriveby": "time",
    "stars": "number of stars",
}
"""What people call the slots whose names are not words."""

_CHUNKED: Final = frozenset(
    ("departure", "destination", "day", "leaveat", "arriveby", "book people", "book day", "book time", "book stay")
)
_SAME: Final = {"book day": "same_day", "day": "same_day", "book people": "same_people"}
_GREETS, _MOODY = 0.6, 0.12
"""How often a dialogue opens with a greeting, and a turn says something of the mood."""


def user_text(realizer: Realizer, style: Style, moves: Sequence[Move], heard: Sequence[Move]) -> str:
    """What the user says, with marks.

    Args:
        realizer: How it is worded.
        style: How the user talks.
        moves: What the user does.
        heard: The system's last moves, which decide how short an answer can be; empty at the start.
    """
    parts: list[str] = []
    if not heard and chance(realizer.rng, _GREETS):
        parts.append(pick(realizer.rng, style.greeting))
    for index, move in enumerate(moves):
        parts += _words(realizer, move, heard, first=not heard and not index)
    if style.mood and chance(realizer.rng, _MOODY):
        parts.append(pick(realizer.rng, style.mood))
    if not style.capitals:
        return ", ".join(parts).replace("?,", "?").replace("!,", "!")
    return " ".join(sentence(part) for part in parts)


def _words(  # noqa: PLR0911 (a kind of move, a return)
    realizer: Realizer, move: Move, heard: Sequence[Move], *, first: bool
) -> list[str]:
    """The sentences of one move."""
    match move.kind:
        case "open":
            return _open(realizer, move, "open" if first else "also")
        case "tell":
            return _tell(realizer, move, heard)
        case "change" | "relax":
            return [_revise(realizer, move)]
        case "pick":
            return [_pick(realizer, move)]
        case "ask":
            wanted = " and ".join(SLOT_NAMES.get(slot, slot) for slot, _ in move.slots)
            return [realizer.fill("ask", wanted=wanted)]
        case "book" | "rebook":
            return [realizer.fill(move.kind, chunks=_chunks(realizer, move.domain, move.slots, move.sources))]
        case "aside":
            slot, old = move.old[0]
            return [realizer.fill("aside", old=realizer.plain(move.domain, slot, old, "answer"))]
    return [realizer.fill(move.kind)]


def _open(realizer: Realizer, move: Move, key: str) -> list[str]:
    repaired = dict(move.old)
    slots: Slots = tuple((slot, repaired.get(slot, value)) for slot, value in move.slots if value != DONTCARE)
    if move.domain not in ("train", "taxi"):
        spelt = tuple(pair for pair in slots if pair[0] not in move.sources)
        carried = [_carried(realizer, slot, source) for slot, source in move.sources.items()]
        phrase = realizer.noun_phrase(move.domain, spelt, realizer.templates[f"heads_{move.domain}"], carried)
        text = realizer.fill(key, np=phrase)
    elif slots:
        chunks = _chunks(realizer, move.domain, slots, move.sources)
        text = realizer.fill(f"{key}_trip", vehicle=move.domain, chunks=chunks)
    else:
        text = realizer.fill(f"{key}_trip_bare", vehicle=move.domain)
    return [_unmarked(text, repaired), *_repairs(realizer, move), *_free(realizer, move)]


def _repairs(realizer: Realizer, move: Move) -> list[str]:
    """Puts right what was a slip of the tongue."""
    told = dict(move.slots)
    return [_fix(realizer, "repair", move.domain, slot, told[slot], old) for slot, old in move.old]


def _free(realizer: Realizer, move: Move) -> list[str]:
    """Says which slots do not matter."""
    free = [SLOT_NAMES.get(slot, slot) for slot, value in move.slots if value == DONTCARE]
    return [realizer.fill("free_slots" if len(free) > 1 else "free_slot", slot=" and ".join(free))] if free else []


def _unmarked(text: str, repaired: Mapping[str, str]) -> str:
    for slot, value in repaired.items():
        text = unmarked_value(text, slot, value)
    return text


def _chunks(realizer: Realizer, domain: str, slots: Slots, sources: Mapping[str, str]) -> str:
    words = []
    for slot, value in slots:
        if slot in sources:
            lead = {"departure": "from ", "destination": "to "}.get(slot, "")
            words.append(lead + _carried(realizer, slot, sources[slot]))
        else:
            words.append(realizer.value(domain, slot, value, "chunk"))
    return " ".join(words)


def _carried(realizer: Realizer, slot: str, source: str) -> str:
    """A value that is not spelt out, but taken over from an earlier domain."""
    if slot in ("departure", "destination"):
        return f"the {source}"
    return realizer.fill(_SAME.get(slot, f"same_{slot}"), the=f"the {source}")


def _fix(realizer: Realizer, kind: str, domain: str, slot: str, value: str, old: str) -> str:
    place = "chunk" if slot in _CHUNKED else "answer"
    if kind == "change" and place == "chunk":
        kind = "change_trip"
    return realizer.fill(
        kind, new=realizer.value(domain, slot, value, place), old=realizer.plain(domain, slot, old, place)
    )


def _tell(realizer: Realizer, move: Move, heard: Sequence[Move]) -> list[str]:
    asked = [slot for said in heard if said.kind == "request" for slot, _ in said.slots]
    if len(move.slots) == 1 and move.slots[0] == (asked[0] if len(asked) == 1 else "", DONTCARE):
        return [realizer.fill("free")]
    repaired = dict(move.old)
    told = [(slot, repaired.get(slot, value)) for slot, value in move.slots if value != DONTCARE]
    answers = [_answer(realizer, move, slot, value) for slot, value in told if slot not in _CHUNKED]
    chunked = tuple(pair for pair in told if pair[0] in _CHUNKED)
    parts = [realizer.fill("answer", answer=" and ".join(answers))] if answers else []
    if chunked:
        parts.append(realizer.fill("chunks", chunks=_chunks(realizer, move.domain, chunked, move.sources)))
    return [*(_unmarked(part, repaired) for part in parts), *_repairs(realizer, move), *_free(realizer, move)]


def _answer(realizer: Realizer, move: Move, slot: str, value: str) -> str:
    if slot in move.sources:
        return f"a place {_carried(realizer, slot, move.sources[slot])}"
    return realizer.value(move.domain, slot, value, "answer")


def _revise(realizer: Realizer, move: Move) -> str:
    (slot, value), (_, old) = move.slots[0], move.old[0]
    if value == DONTCARE:
        return realizer.fill("relax_free", slot=SLOT_NAMES.get(slot, slot))
    return _fix(realizer, move.kind, move.domain, slot, value, old)


def _pick(realizer: Realizer, move: Move) -> str:
    """Picks an option by what sets it apart, by name, or by its place."""
    for slot, value in move.old:
        if slot in ("area", "pricerange", "food", "stars"):
            return realizer.fill("pick_by", mark=realizer.plain(move.domain, slot, value, "post"))
    if chance(realizer.rng, 0.5):
        return realizer.fill("pick_name", name=realizer.value(move.domain, "name", move.slots[0][1], "answer"))
    return realizer.fill("pick_place", nth=("first", "second")[move.number - 1])
