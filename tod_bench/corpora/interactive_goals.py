"""Goals that a simulated user can pursue: what `records.Goal` says, with the order, what is asked for first, and links.

A `Goal` says what the user ends up with. To play it, a user must also know what to ask for first where that cannot be
had (an impossible wish, a booking that is refused), in which order to go, and which places a taxi joins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tod_bench.records import Database


@dataclass(frozen=True, slots=True)
class DomainWish:
    """What the user wants of one domain.

    Attributes:
        domain: The domain.
        inform: Constraints that the venue must meet in the end, slot -> value.
        first: Constraints that are asked for first, and that nothing in the database meets; empty where there are none.
        book: Booking details in the end, slot -> value; empty where nothing is to be booked.
        first_book: Details that are asked for first, and with which a booking is refused; only the slots that differ.
        request: Slots that the user wants to be told.
        places: Slot (``departure``, ``destination``) -> the domain whose venue it is to be.
        reference: Whether the user wants the reference number of the booking.
    """

    domain: str
    inform: Mapping[str, str] = field(default_factory=dict)
    first: Mapping[str, str] = field(default_factory=dict)
    book: Mapping[str, str] = field(default_factory=dict)
    first_book: Mapping[str, str] = field(default_factory=dict)
    request: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    reference: bool = False


@dataclass(frozen=True, slots=True)
class InteractiveGoal:
    """What a user wants of a whole dialogue.

    Attributes:
        id: Id of the dialogue that the goal is of.
        wishes: What is wanted, in the order in which it is asked for; one wish a domain.
        message: The goal in words, as people were given it; empty where the corpus has none.
    """

    id: str
    wishes: tuple[DomainWish, ...]
    message: tuple[str, ...] = ()

    def wish(self, domain: str) -> DomainWish | None:
        """The wish of a domain; None where nothing is wanted of it."""
        return next((wish for wish in self.wishes if wish.domain == domain), None)

    def to_json(self) -> dict[str, Any]:
        """The goal as a JSON value."""
        return {"id": self.id, "message": list(self.message), "wishes": [_plain(wish) for wish in self.wishes]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "InteractiveGoal":
        """The goal that `to_json` gave.

        Raises:
            KeyError, TypeError: It is none.
        """
        wishes = tuple(DomainWish(**{**wish, "request": tuple(wish["request"])}) for wish in value["wishes"])
        return cls(value["id"], wishes, tuple(value["message"]))


def impossible(database: Database, domain: str, constraints: Mapping[str, str]) -> bool:
    """Whether nothing in the database meets the constraints."""
    return not database.query(domain, constraints)


def _plain(wish: DomainWish) -> dict[str, Any]:
    return {
        "domain": wish.domain,
        "inform": dict(wish.inform),
        "first": dict(wish.first),
        "book": dict(wish.book),
        "first_book": dict(wish.first_book),
        "request": list(wish.request),
        "places": dict(wish.places),
        "reference": wish.reference,
    }
