"""A language model with tools as an agent, asked through `tod_bench.llm`: cached, budgeted, resumed."""

import json
from collections.abc import Generator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from random import Random
from typing import Any, ClassVar, Final, Literal

from tod_bench.errors import UserError
from tod_bench.interact.agents import Call, Failed, Language, Lost, Observation, Reply, Say, Stage, Talk
from tod_bench.interact.asking import AskingAgent, AskingSteps, AskingTalk, Question
from tod_bench.interact.llm_models import Account, PlayedModel, no_word
from tod_bench.interact.llm_reading import Form, Read, answer_schema, instructions, read_answer
from tod_bench.interact.tools import Result, tool_schemas
from tod_bench.interact.words.language import RulePolicyInWords
from tod_bench.interact.world import World
from tod_bench.llm.records import ChatAnswer, ChatFailure, ChatRequest, Message, Outcome, ToolCall

VERSION: Final = "react1"
"""Moves whenever the prompt or the reading of answers changes."""

_PROBE: Final = "I am looking for something in the north. What do you have?"
_PER_SLOT: Final = 2
"""Episodes that are open for each request that may be under way."""


class LLMAgent(AskingAgent[ChatRequest, Outcome]):
    """A language model as an agent.

    Args:
        model: Its name, as the server knows it; ``scripted`` is the rule policy behind requests and answers.
        recipe: How it is asked; ``react``: it says something, or calls a tool and is shown the result.
        tools: ``native``: calls of functions; ``json``: one object an answer; ``auto``: native where the model calls a
            function when it is offered some, which is asked once, before the first episode.
        attempts: How often in a turn it is asked again after an answer that cannot be read.
        base_url: An OpenAI-compatible server; OpenAI's where left out.
        temperature: Sampling temperature; empty leaves it to the server.
        top_p: Nucleus sampling; left to the server where left out.
        max_tokens: Longest answer in tokens.
        others: As in `tod_bench.llm.config.ChatModel`: key_variable, seed, extra, limits, retry.

    Raises:
        UserError: A value cannot be used.
    """

    name = "llm"
    languages: ClassVar[frozenset[Language]] = frozenset({"words"})
    in_processes: ClassVar[bool] = False
    timed: ClassVar[bool] = False

    def __init__(
        self,
        model: str,
        recipe: Literal["react"] = "react",
        tools: Literal["auto", "native", "json"] = "auto",
        attempts: int = 2,
        base_url: str | None = None,
        temperature: float | None = 0.0,
        top_p: float | None = None,
        max_tokens: int = 512,
        key_variable: str | None = None,
        seed: int | None = None,
        extra: dict[str, Any] | None = None,
        limits: dict[str, Any] | None = None,
        retry: dict[str, Any] | None = None,
    ) -> None:
        if attempts < 0 or max_tokens < 1:
            raise UserError("agent llm: attempts must be at least 0, and max_tokens at least 1")
        settings = {"base_url": base_url, "key_variable": key_variable, "seed": seed, "extra": extra}
        sampling = {"temperature": temperature, "top_p": top_p, "max_tokens": max_tokens}
        more = {"limits": limits, "retry": retry}
        self.model = PlayedModel("agent llm", model, _rehearsed, sampling, {**settings, **more})
        self.recipe, self.tools, self.attempts = recipe, tools, attempts
        self.side_by_side = _PER_SLOT * self.model.chat_model.limits.concurrency
        self.form: Form = "json" if tools == "json" else "native"

    def prepare(self, stage: Stage) -> None:
        """Opens the client, and finds out whether the model calls functions where nobody says."""
        self.model.open(stage)
        if self.tools == "auto":
            self.form = "native" if self._calls_functions(stage.world) else "json"

    @property
    def signature(self) -> Mapping[str, Any]:
        """The model, how it is asked, and how it is sampled."""
        asked = {"recipe": VERSION, "tools": self.form, "attempts": self.attempts}
        return {"agent": self.name, **self.model.signature, **asked}

    def talk(self, world: World, rng: Random) -> "LLMTalk":
        """The model at the start of an episode."""
        return LLMTalk(self, world, rng)

    def answers(self, questions: Sequence[ChatRequest]) -> Sequence[Outcome]:
        """The server's outcomes; as many requests are under way as the limits allow."""
        return self.model.outcomes(questions)

    def request(self, messages: Sequence[Message], world: World, repeat: int, tag: str = "") -> ChatRequest:
        """The request of a step."""
        tools = tool_schemas(world)
        schema = answer_schema(tools) if self.form == "json" else None
        extra = {"tools": tools} if self.form == "native" else {}
        return self.model.request(messages, schema=schema, extra=extra, repeat=repeat, tag=tag)

    def _calls_functions(self, world: World) -> bool:
        """Whether the model calls a function when it is offered some."""
        self.form = "native"
        messages = [Message("system", instructions(tool_schemas(world), "native")), Message("user", _PROBE)]
        tag = json.dumps({"call": {"name": "query", "arguments": {}}})
        (outcome,) = self.answers([self.request(messages, world, 0, tag)])
        # Servers that do not have functions turn the request down.
        if isinstance(outcome, ChatFailure) and outcome.reason in ("transient", "missing"):
            raise UserError(f"agent llm: {self.model.chat_model.model} did not answer: {no_word(outcome)}")
        return isinstance(outcome, ChatAnswer) and bool(outcome.tool_calls)


class LLMTalk(AskingTalk[ChatRequest, Outcome]):
    """The model in one episode.

    Args:
        agent: The agent.
        world: The world.
        rng: Tells the requests of one episode from those of another, so that no two share an answer.
    """

    def __init__(self, agent: LLMAgent, world: World, rng: Random) -> None:
        super().__init__(agent)
        self._llm, self._world = agent, world
        scripted = agent.model.scripted
        self._rehearsal: Talk | None = RulePolicyInWords().talk(world, copy(rng)) if scripted else None
        self._repeat = rng.randrange(1, 2**31)
        self._messages = [Message("system", instructions(tool_schemas(world), agent.form))]
        self._calls = 0
        self._account = Account()

    @property
    def usage(self) -> Mapping[str, Any]:
        """Requests, tokens as far as the server counts all of them, and how often it was asked again."""
        return self._account.to_json()

    def turn(self, observation: Observation) -> AskingSteps:
        """Asks, calls and asks again until it says something."""
        self._messages.append(Message("user", observation.text))
        again, seen = 0, observation
        while True:
            outcome: Outcome = yield Question(self._request(seen))
            self._account.add(outcome)
            if lost := no_word(outcome):
                return Lost(lost)
            read = self._read(outcome)
            if read.problem:
                again += 1
                if again > self._llm.attempts or (isinstance(outcome, ChatFailure) and outcome.reason == "too_long"):
                    return Failed(f"llm: {outcome.reason if isinstance(outcome, ChatFailure) else 'unreadable'}")
                self._account.again()
                self._ask_again(outcome, read.problem)
            elif read.say is not None:
                self._messages.append(self._own(outcome))
                return Say(read.say)
            else:
                seen = yield from self._call(outcome, read, observation)

    def _call(
        self, outcome: Outcome, read: Read, observation: Observation
    ) -> Generator[Call | Question[Any], Result, Observation]:
        """Makes the calls of an answer and shows the results."""
        self._messages.append(self._own(outcome))
        result: Result = {}
        for call in read.calls:
            result = yield call
            if self._llm.form == "native":
                self._messages.append(Message("tool", json.dumps(result, ensure_ascii=False), answers=self._calls))
                self._calls += 1
            else:
                self._messages.append(Message("user", json.dumps({"result": result}, ensure_ascii=False)))
        return replace(observation, result=result)

    def _request(self, seen: Observation) -> ChatRequest:
        tag = _tag_of(self._rehearsal.act(seen)) if self._rehearsal else ""
        return self._llm.request(self._messages, self._world, self._repeat, tag)

    def _read(self, outcome: Outcome) -> Read:
        if isinstance(outcome, ChatFailure):
            return Read(problem=f"your answer was not taken ({outcome.reason})")
        return read_answer(outcome, self._llm.form)

    def _own(self, outcome: Outcome) -> Message:
        """The model's answer as a message of the conversation."""
        calls = _called(outcome) if self._llm.form == "native" else ()
        return Message("assistant", outcome.text, calls=calls, first_call=self._calls)

    def _ask_again(self, outcome: Outcome, problem: str) -> None:
        """Says what was wrong with an answer; calls that cannot be read are no part of the conversation."""
        written = outcome.text or "".join(f"{call.name} {call.arguments}" for call in _called(outcome))
        if written.strip():
            self._messages.append(Message("assistant", written))
        self._messages.append(Message("user", f"That cannot be used: {problem}. Answer again in the form asked for."))


def _called(outcome: Outcome) -> tuple[ToolCall, ...]:
    return outcome.tool_calls if isinstance(outcome, ChatAnswer) else ()


def _tag_of(reply: Reply) -> str:
    """The rule policy's reply as an answer of the scripted model."""
    if isinstance(reply, Call):
        return json.dumps({"call": {"name": reply.name, "arguments": dict(reply.arguments)}})
    return json.dumps({"say": reply.text if isinstance(reply, Say) else ""})


def _rehearsed(request: ChatRequest) -> str | tuple[ToolCall, ...]:
    """The scripted model's answer: what stands in the request's tag, in the form that is asked for."""
    answer = request.tag[request.tag.index("{") :]
    value = json.loads(answer)
    if "tools" not in request.extra:
        return answer
    if "call" in value:
        return (ToolCall(value["call"]["name"], json.dumps(value["call"]["arguments"])),)
    return str(value["say"])
