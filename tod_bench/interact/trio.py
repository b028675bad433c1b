"""An agent made of systems of the harness: a tracker, and where named a policy and a system that words answers.

    user's text ─▶ dst ─▶ state ─▶ entries that match ─▶ policy ─▶ acts ─▶ response ─▶ text
                             │                             │                  │
                             └─▶ the rule policy, where no other is named     └─▶ templates, where none is named

The adapter (`tod_bench.interact.venues`) chooses an entry, books as soon as the details are complete, and puts the
entry's values where acts have none and texts have placeholders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, ClassVar, Final

from tod_bench.errors import UserError
from tod_bench.interact.agents import Language, Observation, Say, Stage
from tod_bench.interact.asking import AskingAgent, AskingSteps, AskingTalk, Question
from tod_bench.interact.state_policy import PlainState, StatePolicy
from tod_bench.interact.systems import PlayedSystem, SystemSection, section_of
from tod_bench.interact.venues import ActsAndWords, Venues
from tod_bench.interact.words.language import domain_of, user_words
from tod_bench.interact.words.phrases import phrases
from tod_bench.interact.words.speaking import Speaker
from tod_bench.interact.words.understanding import VERSION as UNDERSTANDING
from tod_bench.interact.world import World
from tod_bench.records import Act, Prediction, TaskName, as_state
from tod_bench.systems import Exchange, TurnInput

VERSION: Final = "1"
"""Moves whenever the same answers of systems would make another reply."""

_UNSET: Final = frozenset({"", "none", "not mentioned", "?"})
"""Values by which trackers say that a slot has none."""

Asked = tuple[TaskName, Sequence[TurnInput]]
"""A task, and the inputs of a dialogue's turns so far."""


class TrioAgent(AskingAgent[Asked, Prediction]):
    """Systems as an agent.

    Args:
        dst: Tracks the state: the name of a system, or its section (`tod_bench.interact.systems.SystemSection`).
        policy: Chooses acts from the state; the rule policy where left out.
        response: Words the answer; templates where left out.
        side_by_side: How many episodes are played at a time; systems with neural models answer their turns in batches.

    Raises:
        UserError: A section has errors.
    """

    name = "trio"
    languages: ClassVar[frozenset[Language]] = frozenset({"words"})

    def __init__(
        self,
        dst: str | dict[str, Any],
        policy: str | dict[str, Any] | None = None,
        response: str | dict[str, Any] | None = None,
        side_by_side: int = 32,
    ) -> None:
        if side_by_side < 1:
            raise UserError(f"agent trio: side_by_side must be at least 1, not {side_by_side!r}")
        given: dict[TaskName, Any] = {"dst": dst, "policy": policy, "response": response}
        self.side_by_side = side_by_side
        self.sections: Mapping[TaskName, SystemSection] = {
            task: section_of(section, f"agent trio: {task}") for task, section in given.items() if section is not None
        }
        self._systems: dict[TaskName, PlayedSystem] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Without models: every process loads its own."""
        return {**self.__dict__, "_systems": {}}

    def prepare(self, stage: Stage) -> None:
        """Trains what is not trained, and loads all; tasks with the same section share a system."""
        self._systems = {}
        for task, section in self.sections.items():
            if task not in self._systems:
                same = [other for other, its in self.sections.items() if its == section]
                self._systems |= dict.fromkeys(same, PlayedSystem(section, same, stage))

    @property
    def tracker(self) -> PlayedSystem:
        """The system that tracks the state; there once the agent was made ready."""
        return self._systems["dst"]

    @property
    def signature(self) -> Mapping[str, Any]:
        """The systems, and the versions of what is between them."""
        systems = {task: system.signature for task, system in self._systems.items()}
        words = {"templates": phrases().version, "understanding": UNDERSTANDING}
        return {"agent": self.name, "version": VERSION, **systems, **words}

    def talk(self, world: World, rng: Random) -> "TrioTalk":
        """The systems at the start of an episode."""
        return TrioTalk(self, world, rng)

    def answers(self, questions: Sequence[Asked]) -> Sequence[Prediction]:
        """The systems' answers; those that share a system are asked at once."""
        found: list[Prediction | None] = [None] * len(questions)
        for system in {id(system): system for system in self._systems.values()}.values():
            places = [place for place, (task, _) in enumerate(questions) if self._systems[task] is system]
            for place, answer in zip(places, system.predict([questions[place] for place in places]), strict=True):
                found[place] = answer
        return [answer for answer in found if answer is not None]


class TrioTalk(AskingTalk[Asked, Prediction]):
    """The systems in one episode.

    Args:
        agent: The agent.
        world: The world.
        rng: Where choices come from.
    """

    def __init__(self, agent: TrioAgent, world: World, rng: Random) -> None:
        super().__init__(agent)
        self._named, self._world = frozenset(agent.sections), world
        self._inputs: dict[TaskName, list[TurnInput]] = {task: [] for task in agent.sections}
        self._history: tuple[Exchange, ...] = ()
        self._words, self._about = user_words(world), ""
        self._rule, self._speaker = StatePolicy(world, rng), Speaker("agent", rng)
        self._venues = Venues(world, rng)

    def turn(self, observation: Observation) -> AskingSteps:
        """Tracks, acts and answers."""
        shown = TurnInput(observation.episode, observation.turn, self._history, observation.text)
        tracked: Prediction = yield self._question("dst", shown)
        state = _plain(tracked.state or {})
        heard = self._words.acts(observation.text, self._about)
        self._about = domain_of(heard) or self._about
        if self._named == {"dst"}:
            acts = tuple((yield from self._rule.answer_state(state, heard)))
            said = Say(self._speaker.say(acts, self._about), acts)
        else:
            said = yield from self._by_systems(replace(shown, state=as_state(state)), state, heard)
        self._history = (*self._history, Exchange(observation.text, said.text))
        return said

    def _by_systems(self, shown: TurnInput, state: PlainState, heard: Sequence[Act]) -> ActsAndWords:
        """What policy and response say, with the values of what the adapter found and booked."""
        yield from self._venues.look_up(state, heard)
        shown = replace(shown, db_entries=self._venues.entries)
        acts: tuple[Act, ...] | None = None
        if "policy" in self._named:
            chosen: Prediction = yield self._question("policy", shown)
            acts = chosen.acts or ()
        if "response" not in self._named:
            filled = yield from self._venues.filled_acts(acts or ())
            return Say(self._speaker.say(filled, self._venues.about), tuple(filled))
        counts = tuple(self._venues.counts.items())
        worded: Prediction = yield self._question("response", replace(shown, acts=acts, db_matches=counts))
        text, booked = yield from self._venues.filled_text(worded.response or "")
        more = self._speaker.say(booked, self._venues.about) if booked else ""
        return Say(" ".join(part for part in (text, more) if part), tuple(booked))

    def _question(self, task: TaskName, shown: TurnInput) -> Question[Asked]:
        self._inputs[task].append(shown)
        return Question((task, tuple(self._inputs[task])))


def _plain(state: Mapping[str, Mapping[str, str]]) -> PlainState:
    """A state without slots that have no value."""
    return {
        domain: kept
        for domain, slots in state.items()
        if (kept := {slot: value for slot, value in slots.items() if value.strip().lower() not in _UNSET})
    }
