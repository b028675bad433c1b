"""What the gold dialogue had booked by each turn: as annotated, or told from its own references.

Whether a booking succeeds is not in the database, so a system is credited with a reference only where the corpus's own
system had booked by then. MultiWOZ_Evaluation reads that from a file made of the corpus's ``booked`` fields, and so
does `bookings_of`. The 2.2 layout lacks them; where no release that has them lies beside it, `booked_domains` tells
bookings from what every release has: an act with a reference, or a code in the text.
"""

from collections.abc import Mapping, Sequence

from tod_metrics.items import DialogueTurn
from tod_metrics.response.delexicalise import REFERENCE_CODE, SpanTuple

BOOKABLE = ("hotel", "restaurant", "train")


def bookings_of(turns: Sequence[DialogueTurn]) -> list[frozenset[str]]:
    """Domains booked up to and including each turn: the annotated ones, or else those of `booked_domains`."""
    if is_annotated(turns):
        return [frozenset(turn.booked or ()) for turn in turns]
    return booked_domains(turns)


def is_annotated(turns: Sequence[DialogueTurn]) -> bool:
    """Whether the corpus says what the dialogue has booked."""
    return any(turn.booked is not None for turn in turns)


def booked_domains(turns: Sequence[DialogueTurn]) -> list[frozenset[str]]:
    """Domains booked up to and including each turn, told from the references that the gold responses give.

    A reference whose act names no domain (``booking``), or that stands in the text alone, belongs to a domain with
    booking details in the gold state that is not booked yet; of several, to the one whose state changed last.
    """
    booked: frozenset[str] = frozenset()
    booked_by_turn, latest, before = [], frozenset[str](), dict[str, Mapping[str, Sequence[str]]]()
    for turn in turns:
        changed = frozenset(domain for domain in BOOKABLE if turn.gold_state.get(domain, {}) != before.get(domain, {}))
        latest = changed or latest
        before = dict(turn.gold_state)
        for source in _sources(turn):
            if source in BOOKABLE:
                booked = booked | {source}
            else:
                booked = booked | _candidates(turn, booked, latest, with_trains=source != "booking")
        booked_by_turn.append(booked)
    return booked_by_turn


def spans_with_domains(turns: Sequence[DialogueTurn]) -> list[tuple[SpanTuple, ...]]:
    """Each turn's spans with the annotation's pseudo-domain ``booking`` replaced by the domain that is booked.

    That is the domain whose reference is given in the turn, or else the one that the turn's services name first.
    """
    spans_by_turn, before = [], frozenset[str]()
    for turn, booked in zip(turns, booked_domains(turns), strict=True):
        new = sorted(booked - before) or [domain for domain in turn.services if domain in BOOKABLE]
        domain = new[0] if new else "booking"
        spans_by_turn.append(tuple((domain if span[0] == "booking" else span[0], *span[1:]) for span in turn.spans))
        before = booked
    return spans_by_turn


def _sources(turn: DialogueTurn) -> list[str]:
    """Domains of the acts that give a reference; an empty text for a code that no act mentions."""
    domains = sorted({domain for domain, _, slot, _ in turn.gold_acts if slot in ("ref", "reference")})
    return domains or ([""] if REFERENCE_CODE.search(turn.reference) else [])


def _candidates(
    turn: DialogueTurn, booked: frozenset[str], latest: frozenset[str], *, with_trains: bool
) -> frozenset[str]:
    waiting = [
        domain
        for domain in BOOKABLE
        if (with_trains or domain != "train")
        and domain not in booked
        and any(slot.startswith("book") for slot in turn.gold_state.get(domain, {}))
    ]
    return frozenset(([domain for domain in waiting if domain in latest] or waiting)[:1])
