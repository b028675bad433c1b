"""What a language model is told of its task as an agent, and how its answers are read.

Two forms: calls of functions, where a server has them, or else one JSON object an answer:

    {"say": "How may I help you?"}
    {"call": {"name": "query", "arguments": {"domain": "hotel", "constraints": {"area": "north"}}}}
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from tod_bench.interact.agents import Call
from tod_bench.llm.records import ChatAnswer

Form = Literal["native", "json"]

_TASK: Final = (
    "You help a customer of a travel service by chat. Find out what the customer wants, look it up, offer one entry by "
    "its name, answer questions from what you looked up, and make bookings that the customer asks for. Say nothing "
    "that you did not look up. After a booking tell the reference number. Ask for what is missing. Keep to one or two "
    "short sentences."
)

_NATIVE: Final = (
    "Use the functions to look things up and to book; what you write without a call is said to the customer."
)

_JSON: Final = (
    "Every answer of yours is one JSON object and nothing else: either "
    '{{"say": "..."}}, which is said to the customer, or {{"call": {{"name": "...", "arguments": {{...}}}}}}, which '
    'calls a function and gets its result as the next message. A "thought" may stand before either. The functions:\n'
    "{functions}"
)


@dataclass(frozen=True, slots=True)
class Read:
    """What an answer says.

    Attributes:
        say: What is said to the user; None where something is called.
        calls: What is called, in order.
        problem: Why it could not be read, as a sentence for the model; empty where it could.
    """

    say: str | None = None
    calls: tuple[Call, ...] = ()
    problem: str = ""


def instructions(tools: Sequence[Mapping[str, Any]], form: Form) -> str:
    """The system message."""
    if form == "native":
        return f"{_TASK} {_NATIVE}"
    listed = "\n".join(json.dumps(tool["function"], ensure_ascii=False) for tool in tools)
    return f"{_TASK}\n\n{_JSON.format(functions=listed)}"


def answer_schema(tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The JSON schema of an answer."""
    thought = {"thought": {"type": "string"}}
    forms: list[dict[str, Any]] = [_object({**thought, "say": {"type": "string"}}, ["say"])]
    for tool in tools:
        function = tool["function"]
        call = _object(
            {"name": {"enum": [function["name"]]}, "arguments": function["parameters"]}, ["name", "arguments"]
        )
        forms.append(_object({**thought, "call": call}, ["call"]))
    return {"anyOf": forms}


def _object(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def read_answer(answer: ChatAnswer, form: Form) -> Read:
    """Reads an answer; half of one is not taken for a whole one."""
    if form == "native":
        if answer.tool_calls:
            return _calls([(call.name, call.arguments) for call in answer.tool_calls])
        return Read(say=answer.text.strip())
    try:
        return _object_of(json.loads(_without_fence(answer.text)))
    except (ValueError, RecursionError):
        return Read(problem="your answer is no JSON object")


def _object_of(value: Any) -> Read:
    """What an object of the form `json` says."""
    if not isinstance(value, dict) or ("say" in value) == ("call" in value):
        return Read(problem="the object must have either say or call")
    if "say" in value:
        said = value["say"]
        return Read(say=said) if isinstance(said, str) and said.strip() else Read(problem="say must be a text")
    call = value["call"]
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        return Read(problem="call must be an object with name and arguments")
    return _calls([(call["name"], call.get("arguments", {}))])


def _calls(called: Sequence[tuple[str, Any]]) -> Read:
    calls = []
    for name, arguments in called:
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments or "{}")  # noqa: PLW2901
            except (ValueError, RecursionError):
                arguments = None  # noqa: PLW2901
        if not isinstance(arguments, dict):
            return Read(problem=f"the arguments of {name} are no JSON object")
        calls.append(Call(name, arguments))
    return Read(calls=tuple(calls))


def _without_fence(text: str) -> str:
    """A text without the marks of a block of code around it."""
    lines = text.strip().splitlines()
    fenced = len(lines) > 1 and lines[0].startswith("```") and lines[-1].strip() == "```"
    return "\n".join(lines[1:-1]) if fenced else text.strip()
