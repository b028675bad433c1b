"""The seeded user's language, and the rule policy that has to understand it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from tod_bench.interact.agents import Language, Observation, Say, Steps, Talk, TalkInSteps
from tod_bench.interact.rule_policy import RulePolicy, RuleTalk
from tod_bench.interact.seeds import stream
from tod_bench.interact.words.phrases import phrases
from tod_bench.interact.words.speaking import Speaker
from tod_bench.interact.words.understanding import VERSION, AgentWords, UserWords
from tod_bench.interact.world import World
from tod_bench.records import Act


class OwnWords:
    """Templates of our own for the user, keywords for what it understands."""

    @property
    def signature(self) -> Mapping[str, Any]:
        """Versions of templates and understanding."""
        return {"templates": phrases().version, "understanding": VERSION}

    def voice(self, world: World, seed: str) -> "Voice":
        """The user's voice in one episode."""
        return Voice(agent_words(world), Speaker("user", stream(seed, "user language")))


class Voice:
    """A user's voice and ears in one episode.

    Args:
        understanding: What it understands by.
        speaker: How it speaks.
    """

    def __init__(self, understanding: AgentWords, speaker: Speaker) -> None:
        self._understanding, self._speaker = understanding, speaker
        self._about = ""

    def say(self, acts: tuple[Act, ...]) -> str:
        """What the user says."""
        self.follow(acts)
        return self._speaker.say(acts)

    def follow(self, acts: tuple[Act, ...]) -> None:
        """Takes note of what the user meant by words that are not the voice's own."""
        self._about = domain_of(acts) or self._about

    def hear(self, text: str) -> tuple[Act, ...]:
        """What it understands of an agent's answer."""
        return self._understanding.acts(text, self._about)


@dataclass(frozen=True)
class RulePolicyInWords(RulePolicy):
    """The rule policy, hearing and speaking words: what a user's language costs the best of agents."""

    name = "rule_words"
    languages: ClassVar[frozenset[Language]] = frozenset({"words"})

    @property
    def signature(self) -> Mapping[str, Any]:
        """As the rule policy, with its templates and understanding."""
        return {**super().signature, "templates": phrases().version, "understanding": VERSION}

    def talk(self, world: World, rng: Random) -> Talk:
        """The policy at the start of an episode."""
        return _TalkInWords(RuleTalk(world, rng, self), user_words(world), Speaker("agent", rng))


class _TalkInWords(TalkInSteps):
    def __init__(self, policy: RuleTalk, understanding: UserWords, speaker: Speaker) -> None:
        super().__init__()
        self._policy, self._understanding, self._speaker = policy, understanding, speaker
        self._about = ""

    def turn(self, observation: Observation) -> Steps:
        """Understands, acts and answers."""
        heard = self._understanding.acts(observation.text, self._about)
        self._about = domain_of(heard) or self._about
        acts = tuple((yield from self._policy.answer(heard)))
        return Say(self._speaker.say(acts, self._about), acts)


def domain_of(acts: Sequence[Act]) -> str:
    """The domain that was spoken of last; empty for none."""
    return next((act.domain for act in reversed(acts) if act.domain != "general"), "")


_USER_WORDS: dict[str, UserWords] = {}
_AGENT_WORDS: dict[str, AgentWords] = {}


def user_words(world: World) -> UserWords:
    """What an agent that goes by keywords understands in a world; made once."""
    if world.digest not in _USER_WORDS:
        _USER_WORDS[world.digest] = UserWords(world)
    return _USER_WORDS[world.digest]


def agent_words(world: World) -> AgentWords:
    """What users of a world understand of agents, made once."""
    if world.digest not in _AGENT_WORDS:
        _AGENT_WORDS[world.digest] = AgentWords(world)
    return _AGENT_WORDS[world.digest]
