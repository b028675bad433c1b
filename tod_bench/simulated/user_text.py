"""The user's moves in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tod_bench.simulated.draws import chance, pick
from tod_bench.simulated.marks import sentence, unmarked_value
from tod_bench.simulated.moves import Move, Slots
from tod_bench.simulated.ontology import DONTCARE
from tod_bench.simulated.realizer import Realizer
from tod_bench.simulated.voices import Voice

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


def user_text(pen: Realizer, voice: Voice, moves: Sequence[Move], heard: Sequence[Move]) -> str:
    """What the user says, with marks.

    Args:
        pen: How it is worded.
        voice: Whose voice it is.
        moves: What the user does.
        heard: The system's last moves, which decide how short an answer can be; empty at the start.
    """
    parts: list[str] = []
    if not heard and chance(pen.rng, _GREETS):
        parts.append(pick(pen.rng, voice.manner.greeting))
    for index, move in enumerate(moves):
        parts += _words(pen, move, heard, first=not heard and not index)
    if voice.manner.mood and chance(pen.rng, _MOODY):
        parts.append(pick(pen.rng, voice.manner.mood))
    if voice.lower:
        return ", ".join(parts).replace("?,", "?").replace("!,", "!")
    return " ".join(sentence(part) for part in parts)


def _words(pen: Realizer, move: Move, heard: Sequence[Move], *, first: bool) -> list[str]:
    """The sentences of one move."""
    if move.kind == "open":
        return _open(pen, move, "open" if first else "also")
    if move.kind == "tell":
        return _tell(pen, move, heard)
    return [_SENTENCES.get(move.kind, _set_phrase)(pen, move)]


def _open(pen: Realizer, move: Move, key: str) -> list[str]:
    slips = dict(move.old)
    slots: Slots = tuple((slot, slips.get(slot, value)) for slot, value in move.slots if value != DONTCARE)
    if move.domain in ("train", "taxi"):
        text = _open_trip(pen, move, slots, key)
    else:
        spelt = tuple(pair for pair in slots if pair[0] not in move.sources)
        carried = [_carried(pen, slot, source) for slot, source in move.sources.items()]
        phrase = pen.noun_phrase(move.domain, spelt, pen.frames[f"heads_{move.domain}"], carried)
        text = pen.frame(key, np=phrase)
    return [_without_slips(text, slips), *_fixes(pen, move), *_free(pen, move)]


def _open_trip(pen: Realizer, move: Move, slots: Slots, key: str) -> str:
    if not slots:
        return pen.frame(f"{key}_trip_bare", vehicle=move.domain)
    return pen.frame(f"{key}_trip", vehicle=move.domain, chunks=_chunks(pen, move.domain, slots, move.sources))


def _fixes(pen: Realizer, move: Move) -> list[str]:
    """Puts right what was a slip of the tongue."""
    told = dict(move.slots)
    return [_fix(pen, "slip", move.domain, slot, told[slot], old) for slot, old in move.old]


def _free(pen: Realizer, move: Move) -> list[str]:
    """Says which slots do not matter."""
    free = [SLOT_NAMES.get(slot, slot) for slot, value in move.slots if value == DONTCARE]
    return [pen.frame("free_slots" if len(free) > 1 else "free_slot", slot=" and ".join(free))] if free else []


def _without_slips(text: str, slips: Mapping[str, str]) -> str:
    for slot, value in slips.items():
        text = unmarked_value(text, slot, value)
    return text


def _chunks(pen: Realizer, domain: str, slots: Slots, sources: Mapping[str, str]) -> str:
    words = []
    for slot, value in slots:
        if slot in sources:
            lead = {"departure": "from ", "destination": "to "}.get(slot, "")
            words.append(lead + _carried(pen, slot, sources[slot]))
        else:
            words.append(pen.value(domain, slot, value, "chunk"))
    return " ".join(words)


def _carried(pen: Realizer, slot: str, source: str) -> str:
    """A value that is not spelt out, but taken over from an earlier domain."""
    if slot in ("departure", "destination"):
        return f"the {source}"
    return pen.frame(_SAME.get(slot, f"same_{slot}"), the=f"the {source}")


def _fix(pen: Realizer, kind: str, domain: str, slot: str, value: str, old: str) -> str:
    place = "chunk" if slot in _CHUNKED else "answer"
    if kind == "change" and place == "chunk":
        kind = "change_trip"
    return pen.frame(kind, new=pen.value(domain, slot, value, place), old=pen.plain(domain, slot, old, place))


def _tell(pen: Realizer, move: Move, heard: Sequence[Move]) -> list[str]:
    asked = [slot for said in heard if said.kind == "request" for slot, _ in said.slots]
    if len(move.slots) == 1 and move.slots[0] == (asked[0] if len(asked) == 1 else "", DONTCARE):
        return [pen.frame("free")]
    slips = dict(move.old)
    told = [(slot, slips.get(slot, value)) for slot, value in move.slots if value != DONTCARE]
    answers = [_answer(pen, move, slot, value) for slot, value in told if slot not in _CHUNKED]
    chunked = tuple(pair for pair in told if pair[0] in _CHUNKED)
    parts = [pen.frame("answer", answer=" and ".join(answers))] if answers else []
    if chunked:
        parts.append(pen.frame("chunks", chunks=_chunks(pen, move.domain, chunked, move.sources)))
    return [*(_without_slips(part, slips) for part in parts), *_fixes(pen, move), *_free(pen, move)]


def _answer(pen: Realizer, move: Move, slot: str, value: str) -> str:
    if slot in move.sources:
        return f"a place {_carried(pen, slot, move.sources[slot])}"
    return pen.value(move.domain, slot, value, "answer")


def _revise(pen: Realizer, move: Move) -> str:
    (slot, value), (_, old) = move.slots[0], move.old[0]
    if value == DONTCARE:
        return pen.frame("relax_free", slot=SLOT_NAMES.get(slot, slot))
    return _fix(pen, move.kind, move.domain, slot, value, old)


def _pick(pen: Realizer, move: Move) -> str:
    """Picks an option by what sets it apart, by name, or by its place."""
    for slot, value in move.old:
        if slot in ("area", "pricerange", "food", "stars"):
            return pen.frame("pick_by", mark=pen.plain(move.domain, slot, value, "post"))
    if chance(pen.rng, 0.5):
        return pen.frame("pick_name", name=pen.value(move.domain, "name", move.slots[0][1], "answer"))
    return pen.frame("pick_place", nth=("first", "second")[move.number - 1])


def _ask(pen: Realizer, move: Move) -> str:
    return pen.frame("ask", wanted=" and ".join(SLOT_NAMES.get(slot, slot) for slot, _ in move.slots))


def _book(pen: Realizer, move: Move) -> str:
    return pen.frame(move.kind, chunks=_chunks(pen, move.domain, move.slots, move.sources))


def _aside(pen: Realizer, move: Move) -> str:
    slot, old = move.old[0]
    return pen.frame("aside", old=pen.plain(move.domain, slot, old, "answer"))


def _set_phrase(pen: Realizer, move: Move) -> str:
    return pen.frame(move.kind)


_SENTENCES: Final[Mapping[str, Callable[[Realizer, Move], str]]] = {
    "change": _revise,
    "relax": _revise,
    "pick": _pick,
    "ask": _ask,
    "book": _book,
    "rebook": _book,
    "aside": _aside,
}
"""Kinds of move that are one sentence with something in it."""
