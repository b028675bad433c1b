"""The system's moves in words."""

from collections.abc import Sequence
from typing import Final

from tod_bench.simulated.draws import chance, pick
from tod_bench.simulated.marks import mark, sentence
from tod_bench.simulated.moves import Move, Slots
from tod_bench.simulated.realizer import Realizer
from tod_bench.simulated.styles import Style
from tod_bench.simulated.user_text import SLOT_NAMES

_WELCOMES, _SYMPATHISES, _REMARKS = 0.8, 0.6, 0.5
"""How often the system welcomes the user, answers their mood, and says why an offer suits them."""

_SPELT: Final = {"area": "post", "pricerange": "pre", "stars": "answer"}
"""Details that are told in the words of the state's values, and where in a sentence those stand."""


def system_text(realizer: Realizer, style: Style, moves: Sequence[Move], *, first: bool) -> str:
    """What the system says, with marks.

    Args:
        realizer: How it is worded.
        style: The style of the user's persona, which the system answers in.
        moves: What the system does.
        first: Whether this is the system's first turn.
    """
    parts = []
    if first and style.welcome and chance(realizer.rng, _WELCOMES):
        parts.append(pick(realizer.rng, style.welcome))
    if first and style.sympathy and chance(realizer.rng, _SYMPATHISES):
        parts.append(pick(realizer.rng, style.sympathy))
    for move in moves:
        if move.number:
            parts.append(realizer.fill("count", count=str(move.number)))
        parts += _words(realizer, move)
        remarks = style.remarks.get(move.domain, ()) if move.kind in ("offer", "offer_train") else ()
        if remarks and chance(realizer.rng, _REMARKS):
            parts.append(pick(realizer.rng, remarks))
    return " ".join(sentence(part) for part in parts)


def _words(realizer: Realizer, move: Move) -> list[str]:  # noqa: PLR0911 (a kind of move, a return)
    """The sentences of one move."""
    domain, slots = move.domain, move.slots
    match move.kind:
        case "inform":
            return [realizer.fill(f"tell_{slot}", v=_detail(realizer, domain, slot, value)) for slot, value in slots]
        case "request" if len(slots) == 1:
            return [realizer.fill(f"ask_{slots[0][0].replace(' ', '_')}")]
        case "request":
            one, two = (SLOT_NAMES.get(slot, slot) for slot, _ in slots)
            return [realizer.fill("ask_two", one=one, two=two)]
        case "offer":
            return _offer(realizer, move)
        case "options":
            return [_options(realizer, move)]
        case "nooffer" if domain == "train":
            return [realizer.fill("nooffer_trip", chunks=realizer.listed("train", slots, "chunk", " "))]
        case "nooffer" | "hint":
            return [realizer.fill(move.kind, np=_noun_phrase(realizer, move, slots))]
        case "nobook":
            slot, value = slots[0]
            chunk = realizer.value(domain, slot, value, "chunk")
            return [realizer.fill("nobook", chunk=chunk, slot=SLOT_NAMES[slot])]
        case "offer_train" | "booked" | "booked_taxi":
            details = {slot: _detail(realizer, domain, slot, value) for slot, value in slots}
            return [realizer.fill(move.kind, **details)]
    return [realizer.fill(move.kind)]


def _offer(realizer: Realizer, move: Move) -> list[str]:
    described = tuple(pair for pair in move.slots if pair[0] not in ("name", "entrance fee"))
    name = realizer.value(move.domain, "name", move.slots[0][1], "answer")
    offer = realizer.fill("offer", name=name, np=_noun_phrase(realizer, move, described))
    fee = dict(move.slots).get("entrance fee")
    if fee is None:
        return [offer]
    # One text, so that the sentence about the fee keeps the case of its first letter.
    return [offer + " " + realizer.fill("tell_entrance fee", v=_detail(realizer, move.domain, "entrance fee", fee))]


def _options(realizer: Realizer, move: Move) -> str:
    said = [realizer.value(move.domain, "name", value, "answer") for slot, value in move.slots if slot == "name"]
    marks = [(slot, value) for slot, value in move.slots if slot != "name"]
    for index, (slot, value) in enumerate(marks):
        if slot == "type":
            said[index] = f"the {mark(move.domain, slot, value, f'<{value}>')} {said[index]}"
        else:
            said[index] += " " + realizer.value(move.domain, slot, value, "post")
    return realizer.fill("options", one=said[0], two=said[1])


def _noun_phrase(realizer: Realizer, move: Move, slots: Slots) -> str:
    return realizer.noun_phrase(move.domain, slots, realizer.templates[f"heads_{move.domain}"])


def _detail(realizer: Realizer, domain: str, slot: str, value: str) -> str:
    """A detail as it is shown, marked."""
    if slot in _SPELT:
        return realizer.value(domain, slot, value, _SPELT[slot])
    if slot in ("postcode", "trainid"):
        return mark(domain, slot, value, f"<{value.upper()}>")
    return mark(domain, slot, value, f"<{value.title() if slot == 'address' else value}>")
