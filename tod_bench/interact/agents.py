"""What an agent is: it hears a user, calls tools, and says something."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from tod_bench.corpora.base import Corpus
from tod_bench.interact.tools import Result
from tod_bench.interact.world import World
from tod_bench.records import Act

if TYPE_CHECKING:
    from tod_bench.llm.config import Access

Language = Literal["acts", "words"]
"""What user and agent exchange."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where an agent is to play.

    Attributes:
        corpus: The corpus of the goals; what a system of an agent learns, it learns from its training dialogues.
        world: What can be looked up and booked.
        seed: Seed of the run.
        language: Whether user and agent exchange acts or words.
        seconds: Time that an agent may take for a reply.
        folder: A folder that agents can keep things in, such as trained models; the episodes are beside it.
        access: How models behind a server are reached; None for a cache of answers in `folder` and no budget.
    """

    corpus: Corpus
    world: World
    seed: int
    language: Language
    seconds: float
    folder: Path
    access: "Access | None" = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What an agent is given.

    Attributes:
        episode: Name of the episode. It tells nothing of the goal, whose dialogue an agent could look up.
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


@dataclass(frozen=True, slots=True)
class Failed:
    """The agent failed, which ends the episode; it counts like any other.

    Attributes:
        reason: Why, as records have it under ``end``.
    """

    reason: str


def crash_of(error: BaseException) -> Failed:
    """The failure of an agent that raised an error."""
    return Failed(f"crash: {type(error).__name__}")


@dataclass(frozen=True, slots=True)
class Lost:
    """What stands between us and the agent failed, a server that does not answer, say.

    Nothing can be said of the agent: the episode is not kept, and is played again when the play goes on.

    Attributes:
        reason: Why.
    """

    reason: str


Reply: TypeAlias = Say | Call | Failed | Lost


class Talk(ABC):
    """One agent in one episode."""

    @abstractmethod
    def act(self, observation: Observation) -> Reply:
        """Says something, which ends the turn, or calls a tool."""

    @property
    def usage(self) -> Mapping[str, Any]:
        """What the agent has used so far, tokens say, as a JSON object without times; it is kept with the episode."""
        return {}


class Agent(ABC):
    """A system that can be played.

    Attributes:
        name: Its name in results.
        languages: What it can exchange with a user.
        side_by_side: How many episodes it is to have open at a time; see `act_many`.
        in_processes: Whether several processes can play it, each with an agent of its own.
        timed: Whether a reply is limited by the play; False where the agent keeps to a limit of its own.
    """

    name: str
    languages: ClassVar[frozenset[Language]] = frozenset({"acts", "words"})
    side_by_side: int = 1
    in_processes: ClassVar[bool] = True
    timed: ClassVar[bool] = True

    def prepare(self, stage: Stage) -> None:  # noqa: B027 - most agents have nothing to prepare
        """Makes ready for episodes: trains or loads models, say. It is called before `signature` and `talk`.

        Every process that plays calls it, one after the other where they share a machine.

        Args:
            stage: Where the agent is to play.

        Raises:
            UserError: Something is missing that the agent cannot play without.
        """

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

    def act_many(self, talks: Sequence[Talk], observations: Sequence[Observation]) -> Sequence[Reply]:
        """The next reply in each of several episodes, which must be what `Talk.act` gives one by one.

        Agents that answer many at once faster than one by one set `side_by_side`, and this.

        Args:
            talks: The agent in each episode.
            observations: What it is given there.
        """
        return [talk.act(observation) for talk, observation in zip(talks, observations, strict=True)]


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
