"""The simulated user: works through an agenda, reacting to what the system says."""

from collections.abc import Mapping, Sequence, Set
from random import Random
from typing import Final

from tod_bench.simulated.agenda import DINNER, TRAVEL, Task, Wish
from tod_bench.simulated.database import CityDatabase
from tod_bench.simulated.draws import chance, pick, shuffled
from tod_bench.simulated.moves import Move, Slots, States, updated
from tod_bench.simulated.ontology import DAYS, DONTCARE, NIGHTS

_PROBES: Final = {
    "restaurant": ("area", "pricerange", "address"),
    "hotel": ("area", "pricerange", "stars", "address"),
    "attraction": ("area", "entrance fee"),
}
_SOURCE_SLOTS: Final = {
    "departure": ("name",),
    "destination": ("name",),
    "arriveby": ("book time",),
    "book day": ("book day", "day"),
    "day": ("book day", "day"),
}
"""Slots of an earlier domain that a slot can repeat, where they are not the slot itself."""

_REBOOKED: Final = {"book time": DINNER, "book day": DAYS, "book stay": NIGHTS}
_EITHER: Final = frozenset({"leaveat", "arriveby"})
"""A trip is bound by one of these; asked for one, the user may answer with the other."""


class User:
    """An agenda-driven user.

    Args:
        rng: Where the choices come from.
        tasks: The agenda; the user crosses off what has been said in it.
        database: Used only to tell which entry the system means by a name.
    """

    def __init__(self, rng: Random, tasks: list[Task], database: CityDatabase) -> None:
        self._rng, self._tasks, self._database = rng, tasks, database
        self._index = 0

    def speak(self, heard: Sequence[Move], state: States) -> list[Move]:
        """The user's next moves.

        Args:
            heard: The system's last moves; empty at the start.
            state: What the user has told so far.
        """
        task = self._tasks[self._index]
        if not task.opened:
            return self._open(task, state)
        return self._react(task, heard, state) or self._go_on(state)

    def _go_on(self, state: States) -> list[Move]:
        """The next task, or the end."""
        if self._index + 1 == len(self._tasks):
            return [Move("bye", "general")]
        self._index += 1
        return self._open(self._tasks[self._index], state)

    def _react(self, task: Task, heard: Sequence[Move], state: States) -> list[Move]:
        for move in heard:
            moves = self._answered(task, move, heard, state)
            if moves:
                return moves
        if not task.taken and task.probed:
            return self._take(task, _accept(task, task.probed), state)
        moves = self._proceed(task, state)
        if not moves and heard[-1].kind == "offerbook":
            return [Move("decline", task.domain), *self._go_on(state)]
        return moves

    def _answered(self, task: Task, move: Move, heard: Sequence[Move], state: States) -> list[Move]:
        """The answer to a move that wants one; nothing for any other move."""
        match move.kind:
            case "request":
                return self._answer(task, move, state)
            case "nooffer":
                return [self._relax(task, heard, state)]
            case "nobook":
                return [self._rebook(task, move)]
            case "offer" | "options" | "offer_train":
                return self._consider(task, move, state)
        return []

    # Telling what is wanted

    def _tell(self, kind: str, task: Task, wishes: Sequence[Wish], state: States, also: Slots = ()) -> list[Move]:
        """A move that tells wishes, and asides about them; `also` are further slots to tell."""
        slots: list[tuple[str, str]] = []
        sources: dict[str, str] = {}
        repaired: list[tuple[str, str]] = []
        asides: list[Move] = []
        for wish in wishes:
            self._settle(wish, state, sources)
            slots.append((wish.slot, wish.distractor if wish.distraction in ("nomatch", "change") else wish.value))
            if wish.distraction == "repair":
                repaired.append((wish.slot, wish.distractor))
            elif wish.distraction == "aside":
                asides.append(Move("aside", task.domain, old=((wish.slot, wish.distractor),)))
        return [Move(kind, task.domain, (*slots, *also), sources, tuple(repaired)), *asides]

    def _settle(self, wish: Wish, state: States, sources: dict[str, str]) -> None:
        """Marks a wish as told; one that repeats a value of an earlier domain takes the value that was told there."""
        wish.told = True
        known = state.get(wish.source, {})
        for slot in _SOURCE_SLOTS.get(wish.slot, (wish.slot,)):
            if known.get(slot, DONTCARE) != DONTCARE:
                wish.value, wish.distractor, wish.distraction = known[slot], "", ""
                sources[wish.slot] = wish.source
                return
        if not wish.value:
            wish.value = pick(self._rng, TRAVEL)

    def _open(self, task: Task, state: States) -> list[Move]:
        task.opened = True
        wishes = task.search
        if task.domain in ("train", "taxi"):
            wishes = [wish for wish in wishes if wish.source or chance(self._rng, 0.72)]
        elif len(wishes) > 1 and chance(self._rng, 0.6):
            wishes = wishes[: 1 + int(self._rng.random() * (len(wishes) - 1))]
        return self._tell("open", task, wishes, state)

    def _answer(self, task: Task, move: Move, state: States) -> list[Move]:
        asked = {slot for slot, _ in move.slots}
        wanted = asked | _EITHER if asked & _EITHER else asked
        wishes = [wish for wish in (*task.search, *task.book) if wish.slot in wanted]
        others = [wish for wish in task.search if not wish.told and wish not in wishes]
        if others and not task.taken and chance(self._rng, 0.3):
            wishes.append(others[0])
        known = {wish.slot for wish in wishes}
        free = tuple((slot, DONTCARE) for slot, _ in move.slots if slot not in known | _other(slot, known))
        moves = self._tell("tell", task, wishes, state, free)
        return [*moves, *self._changed(task, 0.5, but=known)]

    def _changed(self, task: Task, probability: float, but: Set[str] = frozenset()) -> list[Move]:
        """A change of mind, if one is planned for what has been told already."""
        for wish in (*task.search, *task.book):
            planned = wish.told and wish.distraction == "change" and wish.slot not in but
            if planned and chance(self._rng, probability):
                return [_revised(task, wish, "change", wish.value)]
        return []

    def _relax(self, task: Task, heard: Sequence[Move], state: States) -> Move:
        """Takes what the system suggests instead, or names another value, or lets the slot go."""
        hint = next((move for move in heard if move.kind == "hint"), None)
        if hint and chance(self._rng, 0.55):
            slot, value = hint.slots[0]
            for wish in task.search:
                if wish.slot == slot:
                    wish.value, wish.distractor, wish.distraction, wish.told = value, "", "", True
            return Move("take_hint", task.domain, hint.slots)
        told = [wish for wish in task.search if wish.told and state[task.domain].get(wish.slot) != DONTCARE]
        wrong = next((wish for wish in told if wish.distraction in ("nomatch", "change")), None)
        if wrong and chance(self._rng, 0.75):
            return _revised(task, wrong, "relax", wrong.value)
        return _revised(task, wrong or pick(self._rng, told), "relax", DONTCARE)

    # Reacting to offers

    def _consider(self, task: Task, move: Move, state: States) -> list[Move]:
        change = self._changed(task, 1.0)
        if change:
            return change
        task.known |= {slot for slot, _ in move.slots}
        if task.domain == "train":
            return self._take(task, Move("accept", "train"), state)
        names = [value for slot, value in move.slots if slot == "name"]
        fitting = [name for name in names if self._fits(task, name)]
        if not fitting:
            return self._tell("tell", task, [wish for wish in task.search if not wish.told][:2], state)
        if move.kind == "options":
            return self._take(task, self._pick(move, names, pick(self._rng, fitting)), state)
        return self._doubt(task, move, state) or self._take(task, _accept(task, names[0]), state)

    def _doubt(self, task: Task, move: Move, state: States) -> list[Move]:
        """Asks for another offer or for a detail of this one, once a task at the most; mostly nothing."""
        if move.number > 1 and not task.rejected and chance(self._rng, 0.45):
            task.rejected = True
            task.known.clear()
            return [Move("reject", task.domain)]
        free = [slot for slot in _PROBES[task.domain] if slot not in task.known and slot not in state[task.domain]]
        if free and not task.probed and chance(self._rng, 0.12):
            task.probed = dict(move.slots)["name"]
            return [_ask(task, [pick(self._rng, free)])]
        return []

    def _fits(self, task: Task, name: str) -> bool:
        entry = self._database.matches(task.domain, {"name": name})[0]
        return all(_meets(entry, wish) for wish in task.search if not wish.told)

    def _pick(self, move: Move, names: Sequence[str], name: str) -> Move:
        """Picks one of two options: by its name or place, or by what sets it apart from the other."""
        old: Slots = tuple(("name", other) for other in names if other != name)
        marks = [(slot, value) for slot, value in move.slots if slot != "name"]
        if marks and chance(self._rng, 0.5):
            old = (*old, marks[names.index(name)])
        return Move("pick", move.domain, (("name", name),), old=old, number=1 + names.index(name))

    def _take(self, task: Task, move: Move, state: States) -> list[Move]:
        task.taken = True
        said = [move, *self._proceed(task, state, 0.94)]
        if len(said) == 1 and self._index + 1 < len(self._tasks) and chance(self._rng, 0.8):
            said += self._go_on(updated(state, said))
        return said

    # Booking and asking

    def _proceed(self, task: Task, state: States, eagerness: float = 1.0) -> list[Move]:
        """Books what is to be booked, else asks what is to be asked."""
        moves: list[Move] = []
        if task.book and not any(wish.told for wish in task.book) and chance(self._rng, eagerness):
            keep = len(task.book) if chance(self._rng, 0.55) else 1 + int(self._rng.random() * len(task.book))
            moves = self._tell("book", task, shuffled(self._rng, task.book)[:keep], state)
        waiting = [slot for slot in task.requests if slot not in task.asked and slot not in task.known]
        if waiting and chance(self._rng, 0.25 if moves else eagerness):
            moves.append(_ask(task, waiting))
        return moves

    def _rebook(self, task: Task, move: Move) -> Move:
        slot, old = move.slots[0]
        wish = next(wish for wish in task.book if wish.slot == slot)
        value = pick(self._rng, [other for other in _REBOOKED[slot] if other != old])
        return _revised(task, wish, "rebook", value)


def _other(slot: str, known: Set[str]) -> Set[str]:
    return {slot} if slot in _EITHER and known & _EITHER else set()


def _accept(task: Task, name: str) -> Move:
    return Move("accept", task.domain, (("name", name),))


def _ask(task: Task, slots: Sequence[str]) -> Move:
    task.asked += slots
    return Move("ask", task.domain, tuple((slot, "") for slot in slots))


def _revised(task: Task, wish: Wish, kind: str, value: str) -> Move:
    """Gives a told wish another value."""
    old = wish.distractor if wish.distraction in ("nomatch", "change") else wish.value
    wish.value, wish.distractor, wish.distraction = value, "", ""
    return Move(kind, task.domain, ((wish.slot, value),), old=((wish.slot, old),))


def _meets(entry: Mapping[str, str], wish: Wish) -> bool:
    wanted = wish.distractor if wish.distraction in ("nomatch", "change") else wish.value
    return wanted == DONTCARE or entry.get(wish.slot) == wanted
