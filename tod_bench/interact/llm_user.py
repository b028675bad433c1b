"""A user that a language model plays by prompt, held to the same goal as the seeded one.

The model is given the goal and the dialogue and says what it likes. Records have it as it was understood, by the
keywords by which agents' words are understood, so that faults are found in it by the same rules: what it said that the
goal does not have, what it did not answer.
"""

import json
import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final

from tod_bench.corpora.interactive_goals import DomainWish, InteractiveGoal
from tod_bench.errors import UserError
from tod_bench.interact.agents import Stage
from tod_bench.interact.episode import LOST
from tod_bench.interact.llm_models import Account, PlayedModel, no_word
from tod_bench.interact.seeds import stream
from tod_bench.interact.user import AgendaUser, UserSettings
from tod_bench.interact.words.language import OwnWords, domain_of, user_words
from tod_bench.interact.world import World
from tod_bench.llm.records import ChatAnswer, ChatRequest, Message
from tod_bench.records import Act

VERSION: Final = "llm1"
"""Moves whenever the prompt or the reading of answers changes."""

BROKE_OFF: Final = "user: "
"""What stands before the reason of an episode that its user broke off."""

_ENDS: Final = {"[done]": "done", "[gave up]": "gave_up"}
_MARK: Final = re.compile(r"\[(done|gave[ _]up)\]", re.IGNORECASE)
_ATTEMPTS: Final = 2

_TASK: Final = (
    "You are a customer who chats with the assistant of a travel service. Your goal is below. Go through it in order. "
    "Say one or two short sentences a turn, in your own words, and give values exactly as they stand. Say nothing that "
    "the goal does not have; where you are asked for something that it does not have, say that you do not mind. "
    "Start with a first wish or a first booking where there is one, and take the other only after you were told that "
    "it cannot be had. Do not invent names, numbers or references. When you have everything, thank the assistant and "
    "end with [done]. When something cannot be had at all, or the assistant does not help, end with [gave up]."
)


class LLMUsers:
    """Users that a language model plays.

    Args:
        model: Its name, as the server knows it; ``scripted`` is the seeded user behind requests and answers.
        base_url: An OpenAI-compatible server; OpenAI's where left out.
        temperature: Sampling temperature; empty leaves it to the server.
        top_p: Nucleus sampling; left to the server where left out.
        max_tokens: Longest answer in tokens.
        key_variable, seed, extra, limits, retry: As in `tod_bench.llm.config.ChatModel`.

    Raises:
        UserError: A value cannot be used.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        temperature: float | None = 0.0,
        top_p: float | None = None,
        max_tokens: int = 200,
        key_variable: str | None = None,
        seed: int | None = None,
        extra: dict[str, Any] | None = None,
        limits: dict[str, Any] | None = None,
        retry: dict[str, Any] | None = None,
    ) -> None:
        settings = {"base_url": base_url, "key_variable": key_variable, "seed": seed, "extra": extra}
        sampling = {"temperature": temperature, "top_p": top_p, "max_tokens": max_tokens}
        more = {"limits": limits, "retry": retry}
        self.model = PlayedModel("user.llm", model, _rehearsed, sampling, {**settings, **more})

    @property
    def signature(self) -> Mapping[str, Any]:
        """The model and how it is asked."""
        return {"user": VERSION, **self.model.signature}

    def prepare(self, stage: Stage) -> None:
        """Opens the client.

        Raises:
            UserError: Users would have to exchange acts.
        """
        if stage.language != "words":
            raise UserError("user.llm speaks in words; set `language: words`")
        self.model.open(stage)

    def user_of(self, goal: InteractiveGoal, world: World, seed: str) -> "LLMUser":
        """The user of an episode."""
        return LLMUser(self, goal, world, seed)


class LLMUser:
    """The model as the user of one episode.

    Args:
        users: The model.
        goal: The goal.
        world: The world, by whose values its words are understood.
        seed: The episode's seed.

    Attributes:
        end: How it ended; empty as long as it goes on.
    """

    def __init__(self, users: LLMUsers, goal: InteractiveGoal, world: World, seed: str) -> None:
        self.end = ""
        self._model, self._words, self._about = users.model, user_words(world), ""
        chance: Random = stream(seed, "user")
        self._messages = [Message("system", f"{_TASK}\n\n{goal_text(goal)}")]
        self._account = Account()
        self._rehearsal = _Rehearsal(goal, world, seed) if users.model.scripted else None
        self._repeat = chance.randrange(1, 2**31)

    @property
    def usage(self) -> Mapping[str, Any]:
        """Requests and tokens."""
        return self._account.to_json()

    def answer(self, text: str) -> tuple[tuple[Act, ...], str]:
        """What it says to the agent's text, and as which acts that is understood."""
        self._messages.append(Message("user", text or "Hello. How can I help you?"))
        tag = self._rehearsal.say(text) if self._rehearsal else ""
        reason = ""
        for attempt in range(1 + _ATTEMPTS):
            if attempt:
                self._account.again()
                self._messages.append(Message("user", "Answer as the customer, in one or two short sentences."))
            (outcome,) = self._model.outcomes([self._model.request(self._messages, repeat=self._repeat, tag=tag)])
            self._account.add(outcome)
            if lost := no_word(outcome):
                self.end = f"{LOST}{lost}"
                return (), ""
            if isinstance(outcome, ChatAnswer):
                return self._said(outcome.text)
            reason = outcome.reason
        self.end = f"{BROKE_OFF}{reason}"
        return (), ""

    def _said(self, written: str) -> tuple[tuple[Act, ...], str]:
        self._messages.append(Message("assistant", written))
        if mark := _MARK.search(written):
            self.end = _ENDS[mark[0].lower().replace("_", " ")]
        said = _MARK.sub("", written).strip()
        acts = self._words.acts(said, self._about)
        self._about = domain_of(acts) or self._about
        return acts, said


class _Rehearsal:
    """The seeded user, whose words the scripted model says."""

    def __init__(self, goal: InteractiveGoal, world: World, seed: str) -> None:
        self._user = AgendaUser(goal, world, stream(seed, "user"), UserSettings())
        self._voice = OwnWords().voice(world, seed)

    def say(self, text: str) -> str:
        """What is said next, as the tag of a request."""
        said = self._voice.say(self._user.speak(self._voice.hear(text) if text else ()))
        ends = {"done": " [done]", "gave_up": " [gave up]", "left": " [gave up]"}
        return json.dumps(said + ends.get(self._user.end, ""))


def _rehearsed(request: ChatRequest) -> str:
    """The scripted model's answer: what stands in the request's tag."""
    return str(json.loads(request.tag[request.tag.index('"') :]))


def goal_text(goal: InteractiveGoal) -> str:
    """A goal as the model is told it, a line a domain."""
    return "\n".join(f"{number}. {'; '.join(_wish(wish))}." for number, wish in enumerate(goal.wishes, 1))


def _wish(wish: DomainWish) -> Iterator[str]:
    yield f"{wish.domain}: you want {_pairs(wish.inform) or 'any'}"
    for slot, domain in wish.places.items():
        yield f"the {slot} is the {domain} that you have found"
    if wish.first:
        yield f"your first wish is {_pairs(wish.first)}"
    if wish.request:
        yield f"you want to be told the {', '.join(wish.request)}"
    if wish.book:
        yield f"you want a booking with {_pairs(wish.book)}"
    if wish.first_book:
        yield f"you try first {_pairs(wish.first_book)}"
    if wish.reference:
        yield "you want the reference number"


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{slot.removeprefix('book ')} {value}" for slot, value in values.items())
