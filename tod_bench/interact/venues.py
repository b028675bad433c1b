"""What stands between systems that know states, acts and words, and a world that has entries and takes bookings.

States are looked up; an entry is chosen and kept as long as the state allows it, or is the one that an answer named;
a booking is tried as soon as its details are complete and the user knows the entry's name, and again when they change.
What was booked, or refused, is said, since systems that never saw a reference cannot say it.
"""

import re
from collections.abc import Generator, Mapping, Sequence
from random import Random
from typing import Any, Final, TypeAlias

from tod_bench.interact.acts import BYE, DONTCARE, REQMORE, act, inform, request
from tod_bench.interact.agents import Call, Say
from tod_bench.interact.hearing import UNKNOWN
from tod_bench.interact.tools import Result
from tod_bench.interact.words.language import agent_words, domain_of
from tod_bench.interact.world import EITHER, TAXI, Entry, Table, World, column
from tod_bench.records import Act

ActsAndWords: TypeAlias = Generator[Any, Any, Say]
"""Steps that end in what is said."""

_LOOKED_UP: Final = 6
"""Tables that are looked up in a turn at the most, so that bookings have room among its calls."""

_PLACEHOLDER: Final = re.compile(r"\[([a-z]+(?:[ _][a-z]+)*)\]", re.IGNORECASE)
_OTHER_NAMES: Final = {
    "reference": "ref",
    "id": "trainid",
    "leave": "leaveat",
    "arrive": "arriveby",
    "post": "postcode",
    "fee": "entrancefee",
    "car": "type",
}
_BOOKED: Final = ("people", "day", "time", "stay")
_NO_SLOT: Final = ("", "none", "choice", "any")


class Venues:
    """The adapter in one episode.

    Args:
        world: The world; it is acted in through calls only.
        rng: Where the choice of an entry comes from.

    Attributes:
        about: The domain that is spoken of.
        entries: Domain -> the entries that its state matches, ten at the most.
        counts: Domain -> how many match.
    """

    def __init__(self, world: World, rng: Random) -> None:
        self._world, self._rng = world, rng
        self._words = agent_words(world)
        self._state: Mapping[str, Mapping[str, str]] = {}
        self._asked: dict[str, dict[str, str]] = {}
        self._chosen: dict[str, Entry] = {}
        self._known: set[str] = set()
        self._tried: dict[str, tuple[str, Mapping[str, str]]] = {}
        self._booked: dict[str, Result] = {}
        self.about = ""
        self.entries: dict[str, Sequence[Entry]] = {}
        self.counts: dict[str, int] = {}

    def look_up(self, state: Mapping[str, Mapping[str, str]], heard: Sequence[Act]) -> Generator[Call, Result, None]:
        """Looks up what the state matches where it has changed.

        Args:
            state: The state, without slots that have no value.
            heard: What was understood of the user by keywords: the domain, where the state does not change.
        """
        changed = [domain for domain in state if state[domain] != self._state.get(domain)]
        self._state = state
        self.about = domain_of(tuple(heard)) or next(reversed(changed), self.about)
        for domain in changed[-_LOOKED_UP:]:
            table = self._world.tables.get(domain)
            if table is None or not table.key:
                continue
            asked = {slot: value for slot, value in state[domain].items() if slot in table.search}
            if asked == self._asked.get(domain):
                continue
            result = yield Call("query", {"domain": domain, "constraints": asked})
            self._asked[domain] = asked
            self.entries[domain] = result.get("entries", ())
            self.counts[domain] = result.get("count", 0)
            # What was offered before is kept only where it still is what the user wants.
            if self._chosen.get(domain) not in self.entries[domain]:
                self._chosen.pop(domain, None)
                self._known.discard(domain)
            if "name" in asked and asked["name"] != DONTCARE and self.entries[domain]:
                self._known.add(domain)

    def filled_acts(self, acts: Sequence[Act]) -> Generator[Call, Result, list[Act]]:
        """A policy's acts with the values of the entry chosen, and what came of bookings."""
        said: dict[Act, None] = {}
        wants_booking = False
        for one in acts:
            domain = one.domain if one.domain in self._world.tables else self.about
            wants_booking |= one.act == "book" or one.slot == "ref"
            said |= dict.fromkeys(self._filled(one, domain))
            if any(each.slot == self._key(domain) for each in said if each.domain == domain):
                self._known.add(domain)
        if wants_booking:
            said = {**dict.fromkeys(self._named(self.about)), **said}
        said |= dict.fromkeys((yield from self._bookings()))
        if wants_booking and "reference" in self._booked.get(self.about, {}):
            said[act(self.about, "book", "ref", self._booked[self.about]["reference"])] = None
        return list(said) or [REQMORE]

    def filled_text(self, text: str) -> Generator[Call, Result, tuple[str, list[Act]]]:
        """An answer with its placeholders filled.

        Returns:
            The text, and as acts what came of bookings and does not stand in it.
        """
        wanted = [self._slot(match[1]) for match in _PLACEHOLDER.finditer(text)]
        named = self._filled_text(text)
        for heard in self._words.acts(named, self.about):
            table = self._world.tables.get(heard.domain)
            if table and table.key and heard.slot == table.key and table.named(heard.value):
                self._chosen[heard.domain] = self._entry_of(table, heard.value)
                self._known.add(heard.domain)
        booked = yield from self._bookings(*(domain for domain, slot in wanted if slot == "ref"))
        filled = self._filled_text(text)
        return filled, [one for one in booked if one.act == "nobook" or one.value not in filled]

    # Choosing

    def _venue(self, domain: str) -> Entry:
        """The entry chosen of a domain; empty where nothing matches."""
        if domain not in self._chosen and (entries := self.entries.get(domain)):
            self._chosen[domain] = entries[int(self._rng.random() * len(entries))]
        return self._chosen.get(domain, {})

    def _entry_of(self, table: Table, name: str) -> Entry:
        """The entry of a name, one that matches if any does."""
        named = table.named(name)
        return next((entry for entry in named if entry in self.entries.get(table.domain, ())), named[0])

    def _key(self, domain: str) -> str:
        table = self._world.tables.get(domain)
        return table.key if table else ""

    def _named(self, domain: str) -> list[Act]:
        """Names the entry that is to be booked, where the user does not know it."""
        key = self._key(domain)
        if domain in self._known or not key or not self._venue(domain):
            return []
        self._known.add(domain)
        return [act(domain, "recommend", key, self._venue(domain)[key])]

    # Acts and placeholders

    def _filled(self, one: Act, domain: str) -> list[Act]:
        """An act of a corpus as acts that users hear."""
        kind, slot = one.act, column(one.slot) if one.slot else ""
        if kind in ("reqmore", "bye"):
            return [REQMORE if kind == "reqmore" else BYE]
        if domain not in self._world.tables:
            return []
        if kind in ("nooffer", "nobook"):
            return [act(domain, kind, "", "")]
        if slot in _NO_SLOT or kind == "book":
            return []
        return self._about_slot(kind, slot, one.value, self._world.tables[domain])

    def _about_slot(self, kind: str, slot: str, said: str, table: Table) -> list[Act]:
        """A question about a slot, an offer, or what is told."""
        domain = table.domain
        if kind == "request":
            booking = f"book {slot}" in table.details and slot not in table.search
            return [request(domain, f"book {slot}" if booking else slot)]
        if slot in (table.key, "name") and table.key:
            if said and table.named(said):
                self._chosen[domain] = self._entry_of(table, said)
            venue = self._venue(domain)
            return [act(domain, "recommend", table.key, venue[table.key])] if venue else []
        value = self._value(domain, slot)
        return [inform(domain, slot, value)] if value and slot != "ref" else []

    def _value(self, domain: str, slot: str) -> str:
        """The value of a slot: of the booking, of the entry chosen, or of the state; empty where there is none."""
        booked = self._booked.get(domain, {})
        if slot == "ref":
            return str(booked.get("reference", ""))
        if domain == TAXI:
            return str(booked.get(slot, "")) or self._state.get(domain, {}).get(slot, "")
        if slot in ("choice", "count"):
            return str(self.counts.get(domain, ""))
        if slot in _BOOKED and f"book {slot}" in self._state.get(domain, {}):
            return self._state[domain][f"book {slot}"]
        venue = self._venue(domain)
        return venue.get(slot, UNKNOWN) if venue else self._state.get(domain, {}).get(slot, "")

    def _slot(self, name: str) -> tuple[str, str]:
        """Domain and slot of a placeholder: ``hotel_phone``, ``value_phone``, ``phone``."""
        first, _, rest = name.lower().replace(" ", "_").partition("_")
        domain = first if first in self._world.tables else self.about
        slot = rest if rest and first in (*self._world.tables, "value", "booking") else f"{first}{rest}"
        slot = slot.replace("_", "")
        slot = _OTHER_NAMES.get(slot, slot)
        return domain, self._key(domain) or slot if slot == "name" else slot

    def _filled_text(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: self._value(*self._slot(match[1])) or match[0], text)

    # Bookings

    def _bookings(self, *wanted: str) -> Generator[Call, Result, list[Act]]:
        """Books what is complete: of the domain spoken of, and of those whose reference is wanted."""
        said: list[Act] = []
        for domain in dict.fromkeys([*wanted, self.about]):
            table = self._world.tables.get(domain)
            details = self._details(table) if table else {}
            if table is None or not details or (table.key and domain not in self._known and domain not in wanted):
                continue
            entity = self._venue(domain).get(table.key, "") if table.key else ""
            if (table.key and not entity) or self._tried.get(domain) == (entity, details):
                continue
            self._tried[domain] = (entity, details)
            result = yield Call("book", {"domain": domain, "entity": entity, "details": details})
            self._booked[domain] = result
            said += self._told(domain, result, details)
        return said

    def _details(self, table: Table) -> dict[str, str]:
        """The details of a booking; none where they are not complete."""
        state = {slot: value for slot, value in self._state.get(table.domain, {}).items() if value != DONTCARE}
        known = (*table.details, *(EITHER if table.either else ()))
        if not table.details or any(slot not in state for slot in table.details):
            return {}
        if table.either and not any(slot in state for slot in EITHER):
            return {}
        return {slot: state[slot] for slot in known if slot in state}

    def _told(self, domain: str, result: Result, details: Mapping[str, str]) -> list[Act]:
        if "reference" not in result:
            return [act(domain, "nobook", slot, details.get(slot, "")) for slot in result.get("slots") or [""]]
        facts = [inform(domain, slot, result[slot]) for slot in ("type", "phone") if slot in result]
        return [act(domain, "book", "ref", result["reference"]), *facts]
