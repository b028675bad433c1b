"""A script: the moves and states of a whole dialogue, before any words."""

from collections.abc import Mapping
from random import Random
from typing import Final, NamedTuple

from tod_bench.records import DomainGoal, Goal
from tod_bench.simulated.agenda import Task, draw_agenda
from tod_bench.simulated.database import CityDatabase
from tod_bench.simulated.moves import Move, States, updated
from tod_bench.simulated.ontology import BOOK_SLOTS, DONTCARE
from tod_bench.simulated.policy import Policy
from tod_bench.simulated.user import User

FEWEST, MOST = 4, 9
"""Turns a dialogue has at least and at most; scripts outside are drawn again."""

_ATTEMPTS: Final = 200


class Beat(NamedTuple):
    """One turn of a script: the moves of both sides and the state between them."""

    user: list[Move]
    system: list[Move]
    state: States


class Script(NamedTuple):
    """The turns of a dialogue, the goal that it pursued, and what only the agenda knew.

    Attributes:
        beats: The turns.
        goal: The goal.
        impossible: Domain -> the slot and value that were to be asked for first, and that nothing meets.
        places: Domain -> slot -> the earlier domain whose value it repeats.
    """

    beats: list[Beat]
    goal: Goal
    impossible: Mapping[str, tuple[str, str]]
    places: Mapping[str, Mapping[str, str]]


def draw_script(rng: Random, database: CityDatabase) -> Script:
    """Plays agendas against the policy until one gives a dialogue of the length wanted."""
    for _ in range(_ATTEMPTS):
        tasks = draw_agenda(rng, database)
        # The user crosses off in the agenda what has been said.
        impossible = {
            task.domain: (wish.slot, wish.distractor)
            for task in tasks
            for wish in task.search
            if wish.distraction == "nomatch"
        }
        places = {task.domain: {wish.slot: wish.source for wish in task.search if wish.source} for task in tasks}
        beats = _play(rng, tasks, database)
        if beats is not None:
            return Script(beats, _goal(tasks, beats[-1].state), impossible, places)
    raise AssertionError(f"no dialogue of {FEWEST} to {MOST} turns in {_ATTEMPTS} attempts")


def _play(rng: Random, tasks: list[Task], database: CityDatabase) -> list[Beat] | None:
    user, policy = User(rng, tasks, database), Policy(rng, database)
    state: States = {}
    beats: list[Beat] = []
    heard: list[Move] = []
    while len(beats) < MOST:
        said = user.speak(heard, state)
        state = updated(state, said)
        heard = policy.answer(said, state)
        beats.append(Beat(said, heard, state))
        if said[-1].kind == "bye":
            return beats if len(beats) >= FEWEST else None
    return None


def _goal(tasks: list[Task], state: Mapping[str, Mapping[str, str]]) -> Goal:
    """The goal as it was pursued: constraints that were told and stood to the end, and everything asked for."""
    return {task.domain: _domain_goal(task, state.get(task.domain, {})) for task in tasks}


def _domain_goal(task: Task, slots: Mapping[str, str]) -> DomainGoal:
    booking = BOOK_SLOTS[task.domain]
    wanted = {slot: value for slot, value in slots.items() if slot not in booking and value != DONTCARE}
    if not task.named:
        wanted.pop("name", None)
    book = {slot: slots[slot] for slot in booking if slot in slots}
    return DomainGoal(wanted, (*task.asked, "reference") if book else tuple(task.asked), book)
