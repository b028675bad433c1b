"""What an agent is: it hears a user, calls tools, and says something."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias

from tod_bench.interact.tools import Result
from tod_bench.interact.world import World
from tod_bench.records import Act


@dataclass(frozen=True, slots=True)
class Observation:
    """What an agent is given.

    Attributes:
        episode: Name of the episode, ``goal/trial``.
        turn: The turn, from 0.
        text: What the user said; empty at act level.
        acts: The user's acts; None in words, where an agent has to understand the text.
        result: What the agent's last call of this turn returned; None at the start of a turn.
    """

    episode: str
    turn: int
    text: str
    acts: tuple[Act, ...] | None
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """The end of an agent's turn.

    Attributes:
        text: What it says; not used at act level.
        acts: What it means to say, as acts; at act level, what the user hears.
    """

    text: str = ""
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool, whose result is in the next observation.

    Attributes:
        name: The tool.
        arguments: Its arguments.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


Reply: TypeAlias = Say | Call


class Talk(ABC):
    """One agent in one episode."""

    @abstractmethod
    def act(self, observation: Observation) -> Reply:
        """Says something, which ends the turn, or calls a tool."""


class Agent(ABC):
    """A system that can be played.

    Attributes:
        name: Its name in results.
    """

    name: str

    @property
    @abstractmethod
    def signature(self) -> Mapping[str, Any]:
        """Everything that could change what it says, as a JSON object."""

    @abstractmethod
    def talk(self, world: World, rng: Random) -> Talk:
        """The agent at the start of an episode.

        Args:
            world: What it may know of the world: tables, and what they can be asked. It must act through calls only.
            rng: Where its choices come from.
        """


Steps: TypeAlias = Generator[Call, Result, Say]
"""A turn as a program: it yields calls, is sent their results, and returns what to say."""


class TalkInSteps(Talk):
    """A talk whose turns are written as generators."""

    def __init__(self) -> None:
        self._steps: Steps | None = None

    @abstractmethod
    def turn(self, observation: Observation) -> Steps:
        """The steps of a turn."""

    def act(self, observation: Observation) -> Reply:
        """The next step of the turn."""
        try:
            if observation.result is None or self._steps is None:
                self._steps = self.turn(observation)
                return next(self._steps)
            return self._steps.send(observation.result)
        except StopIteration as end:
            said: Say = end.value
            return said
