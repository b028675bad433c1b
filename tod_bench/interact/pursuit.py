"""How far a user has come with one domain: what is wanted now, what has been told, heard, offered and booked."""

from collections.abc import Iterable, Sequence

from tod_bench.corpora.database import plain
from tod_bench.corpora.interactive_goals import DomainWish
from tod_bench.interact.acts import DONTCARE, act, inform, request
from tod_bench.interact.world import EITHER, TAXI, column
from tod_bench.records import Act


class Pursuit:
    """A user's pursuit of one wish.

    Args:
        wish: The wish.
        key: The slot that names an entity of the domain; empty for a taxi.

    Attributes:
        wanted: The constraints now: the first wish, then the final one.
        details: The booking details now: those asked for first, then the final ones.
        told: What has been told, slot -> value, of both.
        offer: The entity that was named last, not yet considered.
        venue: The entity that the user goes with.
        booked: Whether a booking was heard of.
        answers: What has been heard of the slots wanted, slot -> value.
        over: Whether the user is through with it: everything obtained, or given up.
        given_up: Whether it was given up.
    """

    def __init__(self, wish: DomainWish, key: str) -> None:
        self.wish, self.domain, self.key = wish, wish.domain, key
        self.wanted = dict(wish.first or wish.inform)
        self.details = {**wish.book, **wish.first_book}
        self.told: dict[str, str] = {}
        self.offer = self.venue = self.reference = ""
        self.answers: dict[str, str] = {}
        self.opened = self.booked = self.given_up = False
        self.not_found = self.refused = False
        self.asked_for: list[str] = []
        self._insisted = self._insisted_booking = False
        self._alternative = not wish.first
        self._requests = {column(slot): slot for slot in wish.request}
        self._named = ""

    @property
    def progress(self) -> int:
        """A number that rises whenever anything is obtained or told that was not before."""
        steps = len(self.told) + len(self.answers) + self._alternative + bool(self.venue) + bool(self.reference)
        return steps + self.opened + self.booked + (self.details == self.wish.book) + self.given_up

    def hear(self, heard: Act) -> None:
        """Takes note of what the agent says of the domain."""
        match heard.act:
            case "recommend" | "inform" | "select":
                slot = column(heard.slot)
                if self.names(heard):
                    self._hear_of(heard.value)
                if slot in self._requests:
                    self.answers[self._requests[slot]] = heard.value
            case "book":
                self.booked = True
                self.reference = heard.value or self.reference
            case "nooffer":
                self.not_found = True
            case "nobook":
                self.refused = True
            case "request":
                self.asked_for.append(heard.slot)

    def names(self, heard: Act) -> bool:
        """Whether an act names an entity of the domain."""
        return bool(self.key) and heard.act in ("recommend", "inform", "select") and column(heard.slot) == self.key

    def _hear_of(self, entity: str) -> None:
        """Takes note of an offer; what was told of another entity is no answer any more."""
        if self._named and plain(entity) != plain(self._named):
            self.answers = {}
        self._named = self.offer = entity

    def opening(self, count: int) -> list[Act]:
        """Begins with the first `count` constraints."""
        self.opened = True
        return self._tell(list(self.wanted)[:count]) or [inform(self.domain)]

    def react(self, *, together: bool) -> list[Act]:
        """What to say to what was heard; nothing where the user is through with the domain.

        Args:
            together: Whether questions and booking go in one turn, where there are both.
        """
        offer, self.offer = self.offer, ""
        asked, self.asked_for = self.asked_for, []
        said = self._object(offer)
        if said or self.given_up:
            return said
        untold = [slot for slot, value in self.wanted.items() if self.told.get(slot) != value]
        said = self._answer(asked) or self._tell(untold)
        if said:
            return said
        self.venue = offer or self.venue
        return self._proceed(together=together)

    def _object(self, offer: str) -> list[Act]:
        """What to say to bad news: nothing found, another name than the goal's, a booking refused."""
        not_found, refused = self.not_found, self.refused
        self.not_found = self.refused = False
        # With an offer beside it, "nothing matches" is a reason to take that or the alternative, not to insist.
        if not_found and not (offer and self._alternative):
            self._insisted = self._insisted or bool(offer)
            return self._insist_or_relax()
        if offer and "name" in self.wanted and plain(offer) != plain(self.wanted["name"]):
            return [act(self.domain, "negate", "", ""), *self._tell(["name"])]
        if not refused:
            return []
        if offer and plain(offer) != plain(self.venue) and self.details == self.wish.book:
            return []
        self.venue = offer or self.venue
        return self._change_booking()

    def late_answers(self) -> list[Act]:
        """Answers to questions about a domain that the user is through with."""
        asked, self.asked_for = self.asked_for, []
        return self._answer(asked)

    def _proceed(self, *, together: bool) -> list[Act]:
        """Asks and books once everything that is wanted is told."""
        if self.domain == TAXI and not (self.booked or self.answers):
            return [request(TAXI, self.wish.request[0] if self.wish.request else "type")]
        if self.key and not self.venue:
            return [request(self.domain, self.key)]
        open_questions = [slot for slot in self.wish.request if slot not in self.answers]
        questions = [request(self.domain, slot) for slot in open_questions]
        booking = [] if self.booked or not self.details else self._book()
        if questions and booking and not together:
            return questions
        if questions or booking:
            return [*questions, *booking]
        if self.wish.reference and not self.reference:
            return [request(self.domain, "ref")]
        return []

    def _book(self) -> list[Act]:
        """The details that have not been told, or else all of them: nothing was heard of them."""
        untold = [slot for slot, value in self.details.items() if self.told.get(slot) != value]
        return self._tell(untold or self.details)

    def _tell(self, slots: Iterable[str]) -> list[Act]:
        said = []
        for slot in slots:
            value = self.wanted[slot] if slot in self.wanted else self.details[slot]
            self.told[slot] = value
            said.append(inform(self.domain, slot, value))
        return said

    def _answer(self, asked: Sequence[str]) -> list[Act]:
        said: list[Act] = []
        for slot in dict.fromkeys(asked):
            other = EITHER[slot == EITHER[0]] if slot in EITHER else slot
            if slot in self.wanted or slot in self.details:
                said += self._tell([slot])
            elif other in self.wanted:
                said += self._tell([other])
            elif slot.startswith("book "):
                said.append(act(self.domain, "negate", "", ""))
            else:
                said.append(self._do_not_care(slot))
        return said

    def _insist_or_relax(self) -> list[Act]:
        """Insists once where nothing is said to match, then takes the alternative, or gives up."""
        if not self._insisted:
            self._insisted = True
            return self._tell(list(self.wanted)) or [inform(self.domain)]
        if self._alternative:
            self.given_up = True
            return []
        self._alternative, self._insisted = True, False
        before, self.wanted = self.wanted, dict(self.wish.inform)
        dropped = [slot for slot in before if slot not in self.wanted]
        changed = [slot for slot, value in self.wanted.items() if self.told.get(slot) != value]
        return [*self._tell(changed), *map(self._do_not_care, dropped)]

    def _do_not_care(self, slot: str) -> Act:
        self.told[slot] = DONTCARE
        return inform(self.domain, slot, DONTCARE)

    def _change_booking(self) -> list[Act]:
        """Takes the other details where a booking is refused; insists once where there are none, then gives up."""
        changed = [slot for slot, value in self.wish.book.items() if self.details.get(slot) != value]
        self.details = dict(self.wish.book)
        if changed:
            return self._tell(changed)
        if not self._insisted_booking and self.details:
            self._insisted_booking = True
            return self._tell(list(self.details))
        self.given_up = True
        return []
