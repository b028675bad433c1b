"""The rule policy on a tracked state: what a tracker is worth to a user, everything else being the best there is.

Wishes and booking details are those of the state. What states do not have, the user's questions, that something was
told again, and which domain is spoken of, is taken from its words by keywords.
"""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Final

from tod_bench.interact.acts import DONTCARE
from tod_bench.interact.rule_policy import NEEDED, ActSteps, Memory, RulePolicy, RuleTalk
from tod_bench.interact.world import Table, World
from tod_bench.records import Act

_ASKED: Final = 2
"""How often it asks for a slot; what the tracker has not understood by then it goes on without."""

PlainState = Mapping[str, Mapping[str, str]]
"""Domain -> slot -> value, without slots that have no value."""


class StatePolicy(RuleTalk):
    """The rule policy in one episode, on a state.

    Args:
        world: The world.
        rng: Where its choices come from.
    """

    def __init__(self, world: World, rng: Random) -> None:
        super().__init__(world, rng, RulePolicy())
        self._tracked: dict[str, dict[str, str]] = {}
        self._state: PlainState = {}
        self._about = ""
        self._times: dict[tuple[str, str], int] = {}

    def answer_state(self, state: PlainState, heard: Sequence[Act]) -> ActSteps:
        """The steps of a turn.

        Args:
            state: The state after what the user said.
            heard: What was understood of it by keywords, of which values count for nothing.
        """
        self._state = state
        return (yield from self.answer(heard))

    def _listen(self, heard: Iterable[Act]) -> list[str]:
        touched: dict[str, None] = {}
        for domain in self._world.tables:
            if self._take_over(domain, self._state.get(domain, {})):
                touched[domain] = None
        for one in heard:
            if one.domain in self._world.tables:
                touched[one.domain] = None
                self._note(self._memory.setdefault(one.domain, Memory()), one)
        # Something was said that neither understands: it goes on with what was spoken of.
        if not touched and self._about and not any(one.act in ("bye", "thank") for one in heard):
            touched[self._about] = None
            self._memory[self._about].looked_up = False
        self._about = next(reversed(touched), self._about)
        return list(touched)

    def _take_over(self, domain: str, slots: Mapping[str, str]) -> bool:
        """Makes a domain's wishes and details those of the state; whether they have changed."""
        before = self._tracked.get(domain, {})
        if slots == before:
            return False
        self._tracked[domain] = dict(slots)
        memory = self._memory.setdefault(domain, Memory())
        details = set(self._world.tables[domain].details) if not self._is_trip(domain) else set()
        if {slot: slots.get(slot) for slot in details} != {slot: before.get(slot) for slot in details}:
            memory.details = {slot: value for slot, value in slots.items() if slot in details}
            memory.to_book = True
        wishes = {slot: value for slot, value in slots.items() if slot not in details}
        if wishes != {slot: value for slot, value in before.items() if slot not in details}:
            memory.slots, memory.looked_up = wishes, False
        return True

    def _is_trip(self, domain: str) -> bool:
        return not self._world.tables[domain].key

    def _note(self, memory: Memory, heard: Act) -> None:
        if heard.act == "request":
            memory.questions.append(heard.slot)
        elif heard.act == "inform" and heard.slot.startswith("book "):
            memory.to_book = True
        elif heard.act == "inform" and heard.slot:
            memory.looked_up = False

    def _search(self, table: Table, memory: Memory) -> ActSteps:
        for slot in NEEDED.get(table.domain, ()):
            if slot not in memory.slots:
                times = self._times[table.domain, slot] = self._times.get((table.domain, slot), 0) + 1
                if times > _ASKED:
                    memory.slots[slot] = DONTCARE
                    continue
                break
        return (yield from super()._search(table, memory))
