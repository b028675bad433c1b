"""A rule policy that looks up, offers, tells and books: the ceiling of what acts and tools allow.

Faults can be planted in it, to see that metrics fall where they must and nowhere else.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar, Final, TypeAlias

from tod_bench.corpora.database import plain
from tod_bench.errors import UserError
from tod_bench.interact.acts import BYE, DONTCARE, REQMORE, act, inform, request
from tod_bench.interact.agents import Agent, Call, Language, Observation, Say, Steps, Talk, TalkInSteps
from tod_bench.interact.hearing import UNKNOWN
from tod_bench.interact.tools import Result
from tod_bench.interact.world import EITHER, TAXI, Entry, Table, World, column
from tod_bench.records import Act

VERSION: Final = "1"
ActSteps: TypeAlias = Generator[Call, Result, list[Act]]
"""Steps that end in acts."""

_MANY: Final = 5
"""Entries above which it asks for another constraint, once a domain."""
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {"train": ("departure", "destination", "day")}
"""Slots that it asks for before it looks anything up."""


@dataclass(frozen=True)
class RulePolicy(Agent):
    """The rule policy at act level.

    Attributes:
        wrong_venue: Share of offers, 0 to 1, that do not meet what was asked for.
        wrong_detail: Share of bookings with a wrong detail.
        lie: Share of answers that are not true of the entity.
    """

    wrong_venue: float = 0.0
    wrong_detail: float = 0.0
    lie: float = 0.0
    name = "rule"
    languages: ClassVar[frozenset[Language]] = frozenset({"acts"})

    def __post_init__(self) -> None:
        """Checks the shares."""
        for fault in ("wrong_venue", "wrong_detail", "lie"):
            if not 0 <= getattr(self, fault) <= 1:
                raise UserError(f"agent rule: {fault} must be a share, 0 to 1, not {getattr(self, fault)!r}")

    @property
    def signature(self) -> Mapping[str, Any]:
        """Version and planted faults."""
        planted = {name: getattr(self, name) for name in ("wrong_venue", "wrong_detail", "lie") if getattr(self, name)}
        return {"agent": self.name, "version": VERSION, **planted}

    def talk(self, world: World, rng: Random) -> Talk:
        """The policy at the start of an episode."""
        return RuleTalk(world, rng, self)


@dataclass
class Memory:
    """What the policy knows of a domain.

    Attributes:
        slots: The constraints told.
        details: The booking details told.
        entry: What it has offered.
        asked: Whether it has asked for another constraint.
        looked_up: Whether `entry` is what the constraints give.
        to_book: Whether the user wants a booking.
        questions: Slots that the user wants to be told.
    """

    slots: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    entry: Entry | None = None
    asked: bool = False
    looked_up: bool = False
    to_book: bool = False
    questions: list[str] = field(default_factory=list)


class RuleTalk(TalkInSteps):
    """The rule policy in one episode."""

    def __init__(self, world: World, rng: Random, faults: RulePolicy) -> None:
        super().__init__()
        self._world, self._rng, self._faults = world, rng, faults
        self._memory: dict[str, Memory] = {}

    def turn(self, observation: Observation) -> Steps:
        """Listens, acts and answers."""
        acts = yield from self.answer(observation.acts or ())
        return Say(acts=tuple(acts))

    def answer(self, heard: Sequence[Act]) -> ActSteps:
        """The steps of a turn, which end in acts."""
        touched = self._listen(heard)
        said: list[Act] = []
        for domain in touched:
            memory, table = self._memory[domain], self._world.tables[domain]
            said += yield from (self._taxi(memory) if domain == TAXI else self._venue(table, memory))
        if said:
            return said
        return [BYE] if BYE in heard else [REQMORE]

    def _listen(self, heard: Iterable[Act]) -> list[str]:
        """Remembers what was told; the domains that were spoken of, in order."""
        touched: dict[str, None] = {}
        for one in heard:
            if one.domain not in self._world.tables:
                continue
            touched[one.domain] = None
            memory = self._memory.setdefault(one.domain, Memory())
            if one.act == "request":
                memory.questions.append(one.slot)
            elif one.act == "inform" and one.slot.startswith("book "):
                memory.details[one.slot], memory.to_book = one.value, True
            elif one.act == "inform":
                memory.looked_up = False
                if one.slot:
                    memory.slots[one.slot] = one.value
        return list(touched)

    # Venues and trains

    def _venue(self, table: Table, memory: Memory) -> ActSteps:
        said: list[Act] = []
        if not memory.looked_up or memory.entry is None:
            said = yield from self._search(table, memory)
        if memory.entry is None:
            memory.questions.clear()
            return said
        said += self._tell(table, memory)
        if memory.to_book:
            said += yield from self._book(table, memory)
        return said

    def _search(self, table: Table, memory: Memory) -> ActSteps:
        domain = table.domain
        missing = [slot for slot in NEEDED.get(domain, ()) if slot not in memory.slots]
        if missing:
            return [request(domain, missing[0])]
        constraints = {slot: value for slot, value in memory.slots.items() if slot in table.search}
        result = yield Call("query", {"domain": domain, "constraints": constraints})
        entries = result.get("entries", ())
        memory.looked_up = True
        if not entries:
            memory.entry = None
            return [act(domain, "nooffer", slot, value) for slot, value in constraints.items()] or [
                act(domain, "nooffer", "", "")
            ]
        free = [slot for slot in table.search if slot not in memory.slots and slot not in (table.key, "name", *EITHER)]
        if result["count"] > _MANY and free and not memory.asked and not memory.questions:
            memory.asked = True
            return [request(domain, free[int(self._rng.random() * len(free))])]
        memory.entry = self._chosen(table, constraints, entries)
        return [act(domain, "recommend", table.key, memory.entry[table.key])]

    def _chosen(self, table: Table, constraints: Mapping[str, str], entries: Sequence[Entry]) -> Entry:
        if self._planted(self._faults.wrong_venue):
            every = [entry for named in table.entities.values() for entry in named]
            wrong = [entry for entry in every if not _fits(entry, constraints)]
            if wrong:
                return wrong[int(self._rng.random() * len(wrong))]
        return entries[int(self._rng.random() * len(entries))]

    def _tell(self, table: Table, memory: Memory) -> list[Act]:
        said = []
        entry = memory.entry or {}
        for slot in memory.questions:
            if slot == "ref":
                continue
            value = entry.get(column(slot), UNKNOWN)
            if column(slot) != table.key and self._planted(self._faults.lie):
                value = self._lie(table, column(slot), value)
            said.append(inform(table.domain, slot, value))
        memory.to_book = memory.to_book or "ref" in memory.questions
        memory.questions.clear()
        return said

    def _lie(self, table: Table, slot: str, true: str) -> str:
        values = {entry[slot] for named in table.entities.values() for entry in named if slot in entry}
        others = sorted(value for value in values if plain(value) != plain(true))
        return others[int(self._rng.random() * len(others))] if others else UNKNOWN

    def _book(self, table: Table, memory: Memory) -> ActSteps:
        missing = [slot for slot in table.details if slot not in memory.details]
        if missing or memory.entry is None:
            return [request(table.domain, slot) for slot in missing]
        memory.to_book = False
        details = {slot: memory.details[slot] for slot in table.details}
        if details and self._planted(self._faults.wrong_detail):
            details["book people"] = "9" if details["book people"] != "9" else "8"
        arguments = {"domain": table.domain, "entity": memory.entry[table.key], "details": details}
        result = yield Call("book", arguments)
        if "reference" in result:
            return [act(table.domain, "book", "ref", result["reference"])]
        slots = result.get("slots") or [""]
        return [act(table.domain, "nobook", slot, details.get(slot, "")) for slot in slots]

    # Taxis

    def _taxi(self, memory: Memory) -> ActSteps:
        table = self._world.tables[TAXI]
        told = {slot: value for slot, value in memory.slots.items() if value != DONTCARE}
        missing = [slot for slot in table.details if slot not in told]
        missing += [] if any(slot in told for slot in EITHER) else [EITHER[0]]
        if missing:
            return [request(TAXI, slot) for slot in missing]
        details = {slot: told[slot] for slot in table.search if slot in told}
        result = yield Call("book", {"domain": TAXI, "details": details})
        if "reference" not in result:
            return [act(TAXI, "nobook", "", "")]
        facts = [inform(TAXI, slot, result[slot]) for slot in ("type", "phone")]
        return [act(TAXI, "book", "ref", result["reference"]), *facts]

    def _planted(self, share: float) -> bool:
        return share > 0 and self._rng.random() < share


def _fits(entry: Entry, constraints: Mapping[str, str]) -> bool:
    asked = {slot: value for slot, value in constraints.items() if value != DONTCARE and slot not in EITHER}
    return all(plain(entry.get(column(slot), value)) == plain(value) for slot, value in asked.items())


@dataclass(frozen=True)
class DeafAgent(Agent):
    """An agent that hears nothing and always asks what else it can do: the floor."""

    name = "deaf"

    @property
    def signature(self) -> Mapping[str, Any]:
        """The name."""
        return {"agent": self.name}

    def talk(self, world: World, rng: Random) -> Talk:  # noqa: ARG002
        """The agent at the start of an episode."""
        return _Deaf()


class _Deaf(Talk):
    def act(self, observation: Observation) -> Say:  # noqa: ARG002
        """Asks what else it can do."""
        return Say("Is there anything else I can help you with?", (REQMORE,))
