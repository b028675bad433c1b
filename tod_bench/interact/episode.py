"""Episodes: the turns between a user and an agent, the rules that end them, and their record.

episode = environment.reset(goal, trial)
observation = episode.user()
while observation is not None:
    observation = episode.agent(talk.act(observation)) or episode.user()
episode.record()
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice
from typing import Any, Final, Protocol, cast, runtime_checkable

import msgspec

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.errors import UserError
from tod_bench.interact.acts import as_lists
from tod_bench.interact.agents import Agent, Call, Failed, Lost, Observation, Say, Talk, crash_of
from tod_bench.interact.hangs import Hang, Watch
from tod_bench.interact.seeds import episode_seed, name_of, stream
from tod_bench.interact.tools import Result, Tools
from tod_bench.interact.user import UserSettings
from tod_bench.interact.world import World
from tod_bench.records import Act

RECORD: Final = 2
"""Version of the record of an episode."""

CALLS: Final = 10
"""Calls of a turn at the most."""

TURNS: Final = 40
"""Turns of an episode at the most."""

CHARACTERS: Final = 10_000
"""Characters that an agent can say in a turn, and put into the arguments of a call."""

TURN_LIMIT, CALL_LIMIT, LENGTH_LIMIT, NO_REPLY, HANG = "turns", "calls", "length", "no reply", "hang"
"""Ends that are the agent's: too many turns, too many calls in one, too long a text, nothing that is a reply, none."""

LOST: Final = "lost: "
"""What stands before the reason of an episode that is not to be kept (see `tod_bench.interact.agents.Lost`)."""


class Voice(Protocol):
    """How one user speaks and understands."""

    def say(self, acts: tuple[Act, ...]) -> str:
        """What the user says."""
        ...

    def hear(self, text: str) -> tuple[Act, ...]:
        """What the user understands of what an agent says."""
        ...

    def follow(self, acts: tuple[Act, ...]) -> None:
        """Takes note of what the user meant by words that are not the voice's own."""
        ...


class User(Protocol):
    """The user of an episode."""

    @property
    def end(self) -> str:
        """How it ended; empty as long as it goes on."""
        ...

    def speak(self, heard: Sequence[Act]) -> tuple[Act, ...]:
        """What it means to say next, to what it understood of the agent's answer."""
        ...


@runtime_checkable
class SpeakingUser(Protocol):
    """A user with words of its own."""

    @property
    def end(self) -> str:
        """How it ended; empty as long as it goes on."""
        ...

    def answer(self, text: str) -> tuple[tuple[Act, ...], str]:
        """What it says to the agent's text (empty at the start), and as which acts that is understood."""
        ...

    @property
    def usage(self) -> Mapping[str, Any]:
        """What it has used so far, as a JSON object without times."""
        ...


class Users(Protocol):
    """How users behave."""

    @property
    def signature(self) -> Mapping[str, Any]:
        """Everything that decides what users do."""
        ...

    def user_of(self, goal: InteractiveGoal, world: World, seed: str) -> User | SpeakingUser:
        """The user of an episode."""
        ...


class Language(Protocol):
    """How users speak and understand."""

    @property
    def signature(self) -> Mapping[str, Any]:
        """Versions of templates and understanding."""
        ...

    def voice(self, world: World, seed: str) -> Voice:
        """The voice of the user of an episode."""
        ...


@dataclass(frozen=True)
class Environment:
    """A corpus's goals, world and users.

    Attributes:
        corpus: The corpus.
        split: Whose goals.
        seed: Seed of everything random.
        user: How users behave.
        language: How they speak; None at act level.
        limit: Number of goals; None for all.
        seconds: Time that an agent may take for a reply; longer is a hang, which ends the episode.
    """

    corpus: Corpus
    split: str = "test"
    seed: int = 1
    user: Users = field(default_factory=UserSettings)
    language: Language | None = None
    limit: int | None = None
    seconds: float = 60.0

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens world and goals itself."""
        return Environment, (self.corpus, self.split, self.seed, self.user, self.language, self.limit, self.seconds)

    @cached_property
    def world(self) -> World:
        """The world of the corpus's database."""
        return World(self.corpus)

    @cached_property
    def goals(self) -> tuple[InteractiveGoal, ...]:
        """The goals, in the order of the split.

        Raises:
            UserError: The corpus has none, or there are fewer than `limit`.
        """
        goals = tuple(islice(self.corpus.interactive_goals(self.split), self.limit))
        if not goals or (self.limit is not None and len(goals) < self.limit):
            raise UserError(f"{self.corpus.name} {self.split} has {len(goals)} goals, not {self.limit or 'any'}")
        return goals

    @cached_property
    def signature(self) -> Mapping[str, Any]:
        """Everything beside the agent, the goal and the trial that decides an episode."""
        return {
            "record": RECORD,
            "corpus": self.corpus.name,
            "split": self.split,
            "world": self.world.digest[:16],
            "seconds": self.seconds,
            **self.user.signature,
            "language": dict(self.language.signature) if self.language else "acts",
        }

    def with_users(self, user: UserSettings, language: Language | None) -> "Environment":
        """The same goals and world with other users; neither is read again."""
        other = replace(self, user=user, language=language)
        vars(other).update(world=self.world, goals=self.goals)
        return other

    def reset(self, goal: InteractiveGoal, trial: int) -> "Episode":
        """A new episode."""
        return Episode(self, goal, trial)


class Episode:
    """One dialogue between a user with a goal and an agent.

    Args:
        environment: Where it takes place.
        goal: The user's goal.
        trial: Which trial of the goal, from 0.

    Attributes:
        end: Why it ended; empty as long as it goes on.
        simulated: The user.
    """

    def __init__(self, environment: Environment, goal: InteractiveGoal, trial: int) -> None:
        self.goal, self.trial, self.end = goal, trial, ""
        self.seed = episode_seed(environment.seed, goal.id, trial)
        self._environment = environment
        refused = {wish.domain: wish.first_book for wish in goal.wishes if wish.first_book}
        self._ledger = environment.world.bookings(self.seed, refused)
        self._tools = Tools(environment.world, self._ledger)
        self.simulated = environment.user.user_of(goal, environment.world, self.seed)
        # Asked once: a protocol's `isinstance` looks every member up, which a turn would feel.
        self._speaking = self.simulated if isinstance(self.simulated, SpeakingUser) else None
        language = environment.language
        self._voice = language.voice(environment.world, self.seed) if language else None
        self._heard: tuple[Act, ...] = ()
        self._turns: list[dict[str, Any]] = []
        self._open = False
        self.name = name_of(self.seed)

    def user(self) -> Observation | None:
        """The user's next turn; None where the episode has ended.

        Raises:
            RuntimeError: The agent has not answered the last one.
        """
        if self._open:
            raise RuntimeError("the agent has not answered yet")
        if self.end:
            return None
        if len(self._turns) >= TURNS:
            self.end = TURN_LIMIT
            return None
        acts, text = self._spoken()
        if self.simulated.end.startswith(LOST):
            self.end = self.simulated.end
            return None
        self._turns.append({"user": {"text": text, "acts": as_lists(acts)}})
        if self.simulated.end:
            self.end = self.simulated.end
            return None
        self._open = True
        return Observation(self.name, len(self._turns) - 1, text, None if self._voice else acts)

    def _spoken(self) -> tuple[tuple[Act, ...], str]:
        """What the user means, and what it says."""
        if self._speaking is not None:
            acts, text = self._speaking.answer(self._turns[-1]["agent"]["text"] if self._turns else "")
            if self._voice:
                self._voice.follow(acts)
            return acts, text
        acts = cast("User", self.simulated).speak(self._heard)
        return acts, self._voice.say(acts) if self._voice else ""

    def agent(self, reply: object) -> Observation | None:
        """Takes an agent's reply.

        Returns:
            What to answer next, after a call; None where the turn is over.

        Raises:
            RuntimeError: It is not the agent's turn.
        """
        if not self._open:
            raise RuntimeError("it is not the agent's turn")
        if isinstance(reply, Call):
            return self._call(reply)
        if isinstance(reply, Failed | Lost):
            self.stop(reply.reason if isinstance(reply, Failed) else f"{LOST}{reply.reason}")
            return None
        if not isinstance(reply, Say) or not _is_said(reply):
            self.stop(NO_REPLY)
            return None
        if len(reply.text) > CHARACTERS or sum(map(len, chain(*as_lists(reply.acts)))) > CHARACTERS:
            self.stop(LENGTH_LIMIT)
            return None
        self._heard = self._voice.hear(reply.text) if self._voice else tuple(reply.acts)
        self._turns[-1] |= {"agent": {"text": reply.text, "acts": as_lists(reply.acts)}, "heard": as_lists(self._heard)}
        self._open = False
        return None

    def stop(self, reason: str) -> None:
        """Ends the episode in the middle of a turn of the agent."""
        self.end, self._open = reason, False

    def _call(self, call: Call) -> Observation | None:
        calls = self._turns[-1].setdefault("calls", [])
        if len(calls) >= CALLS:
            self.stop(CALL_LIMIT)
            return None
        written = _written(call)
        if not written or len(written) > CHARACTERS:
            self.stop(LENGTH_LIMIT if written else NO_REPLY)
            return None
        # A copy: an agent may go on changing what it gave, and ledger and record are to stay what they were.
        name, arguments = msgspec.json.decode(written)
        result = self._tools.call(name, arguments)
        calls.append({"name": name, "arguments": arguments, "result": _brief(result)})
        turn = len(self._turns) - 1
        user = self._turns[-1]["user"]
        acts = None if self._voice else tuple(Act(*one) for one in user["acts"])
        return Observation(self.name, turn, user["text"], acts, result)

    def record(self, agent: Agent, usage: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The record of the episode, a JSON object without times.

        Args:
            agent: The agent that took part.
            usage: What it used; see `tod_bench.interact.agents.Talk.usage`.
        """
        return {
            "goal": self.goal.to_json(),
            "trial": self.trial,
            "seed": self._environment.seed,
            "versions": self._environment.signature,
            "agent": agent.signature,
            "turns": self._turns,
            "ledger": [booking.to_json() for booking in self._ledger.bookings],
            "end": self.end,
            **({"usage": dict(usage)} if usage else {}),
            **({"user_usage": dict(self._speaking.usage)} if self._speaking is not None else {}),
        }


def play_episode(environment: Environment, agent: Agent, goal: InteractiveGoal, trial: int) -> dict[str, Any]:
    """Plays an episode to its end and returns its record.

    What goes wrong inside of the agent ends the episode, with the error's kind as the reason.
    """
    return played(environment.reset(goal, trial), environment, agent)


def played(episode: Episode, environment: Environment, agent: Agent) -> dict[str, Any]:
    """Plays an episode that has begun to its end and returns its record."""
    observation, talk = episode.user(), None
    try:
        with Watch(environment.seconds if agent.timed else None) as watch:
            while observation is not None:
                watch.begin()
                try:
                    talk = talk or talk_of(environment, agent, episode)
                    reply = talk.act(observation)
                except UserError:
                    raise
                except (Exception, SystemExit) as error:  # noqa: BLE001 - what a system raises is its own failure
                    reply = crash_of(error)
                finally:
                    watch.end()
                observation = episode.agent(reply) or episode.user()
    except Hang:
        episode.stop(HANG)
    return episode.record(agent, talk.usage if talk else None)


def talk_of(environment: Environment, agent: Agent, episode: Episode) -> Talk:
    """The agent at the start of an episode, with the chance that is its own there."""
    return agent.talk(environment.world, stream(episode.seed, "agent"))


def _is_said(reply: Say) -> bool:
    """Whether text and acts are what they are to be, and can be written down."""
    if not isinstance(reply.acts, Sequence) or not all(isinstance(one, Act) for one in reply.acts):
        return False
    return all(isinstance(part, str) and _is_unicode(part) for part in chain([reply.text], *as_lists(reply.acts)))


def _is_unicode(text: str) -> bool:
    """Whether a text has no lone surrogates, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _written(call: Call) -> bytes:
    """Name and arguments of a call as JSON; empty where they are none."""
    try:
        return msgspec.json.encode([call.name, call.arguments])
    except (TypeError, ValueError, RecursionError):
        return b""


def _brief(result: Result) -> Result:
    """A result without the entries' columns: the world has them, and a record is to be small."""
    if "entries" not in result:
        return result
    return {"count": result["count"], "entities": [_name(entry) for entry in result["entries"]]}


def _name(entry: Mapping[str, str]) -> str:
    return entry.get("name") or entry.get("trainid") or next(iter(entry.values()), "")
