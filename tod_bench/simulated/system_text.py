"""The system's moves in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tod_bench.simulated.draws import chance, pick
from tod_bench.simulated.marks import mark, sentence
from tod_bench.simulated.moves import Move, Slots
from tod_bench.simulated.realizer import Realizer
from tod_bench.simulated.user_text import SLOT_NAMES
from tod_bench.simulated.voices import Manner, Voice

_WELCOMES, _SYMPATHISES, _REMARKS = 0.8, 0.6, 0.5
"""How often the system welcomes the user, answers their mood, and says why an offer suits them."""

_SPELT: Final = {"area": "post", "pricerange": "pre", "stars": "answer"}
"""Details that are told in the words of the state's values, and where in a sentence those stand."""


def system_text(pen: Realizer, voice: Voice, moves: Sequence[Move], *, first: bool) -> str:
    """What the system says, with marks.

    Args:
        pen: How it is worded.
        voice: The voice of the user's persona, which the system answers in.
        moves: What the system does.
        first: Whether this is the system's first turn.
    """
    parts = _opening(pen, voice.manner) if first else []
    for move in moves:
        parts += _words(pen, move)
        parts += _personal(pen, voice.manner, move)
    return " ".join(sentence(part) for part in parts)


def _opening(pen: Realizer, manner: Manner) -> list[str]:
    welcome = [pick(pen.rng, manner.welcome)] if manner.welcome and chance(pen.rng, _WELCOMES) else []
    sympathy = [pick(pen.rng, manner.sympathy)] if manner.sympathy and chance(pen.rng, _SYMPATHISES) else []
    return welcome + sympathy


def _personal(pen: Realizer, manner: Manner, move: Move) -> list[str]:
    """A recommendation in terms of the user, after an offer."""
    remarks = manner.remark.get(move.domain, ()) if move.kind in ("offer", "offer_train") else ()
    return [pick(pen.rng, remarks)] if remarks and chance(pen.rng, _REMARKS) else []


def _words(pen: Realizer, move: Move) -> list[str]:
    """The sentences of one move."""
    if move.kind == "inform":
        return [pen.frame(f"tell_{slot}", v=_detail(pen, move.domain, slot, value)) for slot, value in move.slots]
    count = [pen.frame("count", count=str(move.number))] if move.number else []
    return [*count, _SENTENCES.get(move.kind, _set_phrase)(pen, move)]


def _request(pen: Realizer, move: Move) -> str:
    if len(move.slots) == 1:
        return pen.frame(f"ask_{move.slots[0][0].replace(' ', '_')}")
    one, two = (SLOT_NAMES.get(slot, slot) for slot, _ in move.slots)
    return pen.frame("ask_two", one=one, two=two)


def _offer(pen: Realizer, move: Move) -> str:
    described = tuple(pair for pair in move.slots if pair[0] not in ("name", "entrance fee"))
    name = pen.value(move.domain, "name", move.slots[0][1], "answer")
    offer = pen.frame("offer", name=name, np=_noun_phrase(pen, move, described))
    fee = dict(move.slots).get("entrance fee")
    if fee is None:
        return offer
    return offer + " " + pen.frame("tell_entrance fee", v=_detail(pen, move.domain, "entrance fee", fee))


def _options(pen: Realizer, move: Move) -> str:
    said = [pen.value(move.domain, "name", value, "answer") for slot, value in move.slots if slot == "name"]
    marks = [(slot, value) for slot, value in move.slots if slot != "name"]
    for index, (slot, value) in enumerate(marks):
        if slot == "type":
            said[index] = f"the {mark(move.domain, slot, value, f'<{value}>')} {said[index]}"
        else:
            said[index] += " " + pen.value(move.domain, slot, value, "post")
    return pen.frame("options", one=said[0], two=said[1])


def _no_offer(pen: Realizer, move: Move) -> str:
    if move.domain == "train":
        return pen.frame("nooffer_trip", chunks=pen.listed("train", move.slots, "chunk", " "))
    return pen.frame("nooffer", np=_noun_phrase(pen, move, move.slots))


def _hint(pen: Realizer, move: Move) -> str:
    return pen.frame("hint", np=_noun_phrase(pen, move, move.slots))


def _noun_phrase(pen: Realizer, move: Move, slots: Slots) -> str:
    return pen.noun_phrase(move.domain, slots, pen.frames[f"heads_{move.domain}"])


def _no_booking(pen: Realizer, move: Move) -> str:
    slot, value = move.slots[0]
    return pen.frame("nobook", chunk=pen.value(move.domain, slot, value, "chunk"), slot=SLOT_NAMES[slot])


def _shown(pen: Realizer, move: Move) -> str:
    return pen.frame(move.kind, **{slot: _detail(pen, move.domain, slot, value) for slot, value in move.slots})


def _set_phrase(pen: Realizer, move: Move) -> str:
    return pen.frame(move.kind)


def _detail(pen: Realizer, domain: str, slot: str, value: str) -> str:
    """A detail as it is shown, marked."""
    if slot in _SPELT:
        return pen.value(domain, slot, value, _SPELT[slot])
    if slot in ("postcode", "trainid"):
        return mark(domain, slot, value, f"<{value.upper()}>")
    return mark(domain, slot, value, f"<{value.title() if slot == 'address' else value}>")


_SENTENCES: Final[Mapping[str, Callable[[Realizer, Move], str]]] = {
    "request": _request,
    "offer": _offer,
    "options": _options,
    "nooffer": _no_offer,
    "hint": _hint,
    "nobook": _no_booking,
    "offer_train": _shown,
    "booked": _shown,
    "booked_taxi": _shown,
}
"""Kinds of move that are one sentence with something in it."""
