"""What came of an episode, domain by domain: the items of the episode metrics.

`tod_bench.interact.outcomes` makes them from a record, its goal and the database; metrics only count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

FAULTS: Final = ("not in goal", "repeated", "ignored", "wrong answer", "left early")
"""Faults of a simulated user, by kind."""

CAUSES: Final = ("language", "understanding", "policy")
"""Where a fault comes from: how acts were put into words, how the agent was understood, or the user itself."""


@dataclass(frozen=True, slots=True)
class DomainOutcome:
    """What came of one domain of a goal.

    Attributes:
        domain: The domain.
        matched: Whether the entity is among those that the goal's wish returns: that of the standing booking where the
            goal books, else the one named last. A taxi matches when every detail of its booking is right.
        wanted: Whether the goal books (a taxi, too).
        counted: Whether the booking counts in `book_rate` and `book_details`: all but taxis.
        booked: Whether a booking of the domain stands.
        details: Whether the entity matches and every detail of the booking is right.
        others: Standing bookings of the domain beside the one wanted.
        requested: Number of slots that the user wanted to be told, with the reference.
        answered: How many of them were told of the entity that counts: the one booked, else the one spoken of last; a
            reference is that of the booking.
        volunteered: Slots that were told and neither requested nor part of the wish.
        told: Values that were told and could be looked up.
        true: How many of those are true of the entity named.
        named: Whether an entity was named at all, or a booking made.
        consistent: Whether some entity meets the wish and has the requested values that were told (and is the one
            booked, where one is), as ConvLab-3 asks.
        unreferenced: Requested slots without the reference, and how many of them were told, of whatever entity.
        communicated: Requested slots, with the reference, whose true value was told at any time; none where the entity
            does not match.
    """

    domain: str
    matched: bool
    wanted: bool = False
    counted: bool = False
    booked: bool = False
    details: bool = False
    others: int = 0
    requested: int = 0
    answered: int = 0
    volunteered: int = 0
    told: int = 0
    true: int = 0
    named: bool = False
    consistent: bool = False
    unreferenced: tuple[int, int] = (0, 0)
    communicated: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the simulated user.

    Attributes:
        turn: The turn, from 0.
        kind: One of `FAULTS`.
        cause: One of `CAUSES`.
        what: What it is about, for people.
    """

    turn: int
    kind: str
    cause: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class EpisodeItem:
    """What came of an episode.

    Attributes:
        goal: Id of the goal.
        trial: The trial, from 0.
        domains: The domains of the goal.
        stray: Standing bookings in domains of which the goal wants none.
        turns: Turns that the agent answered.
        end: Why it ended.
        faults: Faults of the simulated user.
    """

    goal: str
    trial: int
    domains: tuple[DomainOutcome, ...]
    stray: int = 0
    turns: int = 0
    end: str = ""
    faults: tuple[Fault, ...] = ()

    def of(self, domain: str) -> Sequence[DomainOutcome]:
        """The outcomes of a domain; all for an empty name."""
        return [one for one in self.domains if domain in ("", one.domain)]

    @property
    def answered(self) -> bool:
        """Whether everything requested was told."""
        return all(one.answered == one.requested for one in self.domains)

    @property
    def success(self) -> bool:
        """Whether every domain matches and everything requested was told."""
        return self.answered and all(one.matched for one in self.domains)

    @property
    def strict(self) -> bool:
        """`success`, with right details, nothing told that is not true, and no other standing booking."""
        others = self.stray + sum(one.others for one in self.domains)
        exact = all(one.told == one.true and (one.details or not one.wanted) for one in self.domains)
        return self.success and exact and not others

    @property
    def completion(self) -> bool:
        """Whether everything was booked and answered, right or wrong."""
        return self.answered and all(one.booked if one.wanted else one.named for one in self.domains)
