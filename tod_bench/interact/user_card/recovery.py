"""Whether the faults that are planted in users are the faults that are found."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

from tod_bench.interact.acts import REQMORE, request
from tod_bench.interact.agents import Agent, Observation, Say, Talk
from tod_bench.interact.episode import Environment, played
from tod_bench.interact.faults import faults_of
from tod_bench.interact.user_card.planting import FaultyUser
from tod_bench.interact.world import World
from tod_metrics.episode.outcomes import FAULTS

_Place: TypeAlias = tuple[int, str, int, str]
"""Agent, goal, turn, kind."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """How well one kind of fault is found; a fault is a kind in a turn.

    Attributes:
        kind: The kind; ``all`` for all together.
        planted: Faults planted.
        found: Faults found.
        both: Faults planted and found.
    """

    kind: str
    planted: int
    found: int
    both: int

    @property
    def precision(self) -> float | None:
        """Share of found faults that were planted, in %; None where none was found."""
        return 100 * self.both / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Share of planted faults that were found, in %; None where none was planted."""
        return 100 * self.both / self.planted if self.planted else None

    def to_json(self) -> dict[str, Any]:
        """Counts and shares as a JSON value."""
        counts = {"kind": self.kind, "planted": self.planted, "found": self.found, "both": self.both}
        return {**counts, "precision": self.precision, "recall": self.recall}


class AskingAgent(Agent):
    """Asks one thing after the other, at act level: a user that ignores questions or answers wrongly has to show."""

    name = "asking"

    @property
    def signature(self) -> Mapping[str, Any]:
        """The name."""
        return {"agent": self.name}

    def talk(self, world: World, rng: Random) -> Talk:
        """The agent at the start of an episode."""
        return _Asking(world, rng)


class _Asking(Talk):
    def __init__(self, world: World, rng: Random) -> None:
        self._world, self._rng = world, rng

    def act(self, observation: Observation) -> Say:
        """Asks for a slot of the domain that the user has spoken of last."""
        spoken = [act.domain for act in observation.acts or () if act.domain in self._world.tables]
        if not spoken:
            return Say(acts=(REQMORE,))
        table = self._world.tables[spoken[-1]]
        slots = (*table.search, *table.details)
        return Say(acts=(request(table.domain, slots[int(self._rng.random() * len(slots))]),))


def recovered(environment: Environment, agents: Iterable[Agent]) -> list[Recovery]:
    """Plays every goal with a user of planted faults, and looks for them.

    Args:
        environment: Where; its users' settings are `FaultySettings`.
        agents: Who is played, each over all goals.

    Returns:
        One a kind, and all together.
    """
    planted: set[_Place] = set()
    found: set[_Place] = set()
    for number, agent in enumerate(agents):
        for goal in environment.goals:
            episode = environment.reset(goal, 0)
            record = played(episode, environment, agent)
            if isinstance(episode.simulated, FaultyUser):
                planted |= {(number, goal.id, turn, kind) for turn, kind in episode.simulated.planted}
            found |= {(number, goal.id, fault.turn, fault.kind) for fault in faults_of(record, goal)}
    kinds = [_counted(kind, _of(planted, kind), _of(found, kind)) for kind in FAULTS]
    return [*kinds, _counted("all", planted, found)]


def _of(places: Set[_Place], kind: str) -> Set[_Place]:
    return {place for place in places if place[-1] == kind}


def _counted(kind: str, planted: Set[_Place], found: Set[_Place]) -> Recovery:
    return Recovery(kind, len(planted), len(found), len(planted & found))
