"""Whether the faults that are planted in users are the faults that are found."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any, TypeAlias

from tod_bench.interact.agents import Agent
from tod_bench.interact.episode import Environment, played
from tod_bench.interact.faults import faults_of
from tod_bench.interact.user_card.planting import FaultyUser
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
