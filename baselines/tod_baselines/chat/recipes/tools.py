"""The recipe ``tools``: domains are functions and slots their parameters, as FnCTOD asks (Li et al. 2024).

First the model names the domains that the user's utterance is about, then it calls the function of each. Where a server
takes ``tools``, the calls come as such; a model without them writes each as a text, which is read too:

    <tool_call>{"name": "find_hotel", "arguments": {"area": "north", "stars": ""}}</tool_call>

An argument adds a value to the state, or changes one; an empty one takes it away. `ToolsAsText` is for servers
that turn the field ``tools`` down.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from tod_baselines.chat.reading import (
    DONTCARE,
    changes_between,
    names_in_code,
    no_reply,
    spelled,
    state_answer,
    state_of_json,
    unread_answer,
)
from tod_baselines.chat.recipe import Answer, Conversation, Example, PlainState, Query, Recipe, Reply, Shown
from tod_bench.records import Schema, SlotSpec, TaskName

NONE = "none"
"""What the model answers where an utterance is about no domain, or calls no function."""

DOMAINS_TOKENS = 64
"""Longest list of domains."""

PREFIX = "find_"
"""What the name of a function has before its domain."""


class Tools(Recipe):
    """DST by function calls, after the domains of the turn."""

    name: ClassVar[str] = "tools"
    after: ClassVar[str] = "FnCTOD (Li et al., ACL 2024)"
    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst"})
    offered: ClassVar[bool] = True
    """Whether the functions are also sent in the request's field ``tools``; the prompt has them in any case."""

    def ask(self, shown: Shown) -> Conversation:
        """The domains first, then a call for each; see the module."""
        functions = names_in_code(shown.schema, function_name, self.name)
        reply = yield Query(
            self.render(shown, step="domains", domains_of=self._domains_of, nothing=NONE), max_tokens=DOMAINS_TOKENS
        )
        if problem := no_reply(reply):
            return unread_answer(shown.task, f"domains: {problem}")
        domains = read_domains(reply.text, shown.schema)
        if domains is None:
            return unread_answer(shown.task, f"domains: none is named in {reply.text.strip()[:60]!r}")
        if not domains:
            return state_answer(shown, {}, whole=self.whole_state)
        strange = [f"domains: {name!r} is no domain" for name in strange_names(reply.text, shown.schema)]
        chosen = {domain: shown.schema[domain] for domain in domains}
        tools = [tool_of(domain, chosen[domain]) for domain in domains]
        messages = self.render(shown, step="calls", chosen=chosen, tools=tools, nothing=NONE)
        reply = yield Query(messages, fields={"tools": tools} if self.offered else {})
        answer = self._read_calls(reply, shown, functions)
        return replace(answer, unread=(*strange, *answer.unread))

    def example_answer(self, task: TaskName, example: Example) -> str:  # noqa: ARG002
        """The calls of the example's state, or of its changes, as text."""
        calls = calls_of(example.state, {} if self.whole_state else example.previous)
        return "\n".join(f"<tool_call>{json.dumps(call, ensure_ascii=False)}</tool_call>" for call in calls) or NONE

    def rehearse(self, query: Query, shown: Shown, found: Example) -> Reply:  # noqa: ARG002
        """The domains in which something changes, or the calls."""
        if query.max_tokens == DOMAINS_TOKENS:
            return Reply(self._domains_of(found))
        return Reply(self.example_answer("dst", found))

    def _domains_of(self, example: Example) -> str:
        """The domains that an example's answer is about, as the model is to name them."""
        changed, removed = changes_between({} if self.whole_state else example.previous, example.state)
        return ", ".join(dict.fromkeys([*changed, *(domain for domain, _ in removed)])) or NONE

    def _read_calls(self, reply: Reply, shown: Shown, functions: Mapping[str, str]) -> Answer:
        if problem := no_reply(reply):
            return unread_answer(shown.task, f"calls: {problem}")
        calls = [(call.name, call.arguments) for call in reply.tool_calls] or written_calls(reply.text)
        if not calls and reply.text.strip().casefold() != NONE:
            return unread_answer(shown.task, f"calls: no call in {reply.text.strip()[:60]!r}")
        written: dict[str, dict[str, str]] = {}
        removed: list[tuple[str, str]] = []
        problems: list[str] = []
        for name, arguments in calls:
            domain = functions.get(name, name.removeprefix(PREFIX))
            slots = _arguments(arguments)
            if slots is None:
                return unread_answer(shown.task, f"calls: the arguments of {name} are no JSON object")
            removed += [(domain, slot) for slot, value in slots.items() if value == ""]
            state, wrong = state_of_json({domain: slots})
            problems += wrong
            written.setdefault(domain, {}).update(state.get(domain, {}))
        return state_answer(shown, written, removed, problems, whole=self.whole_state)


class ToolsAsText(Tools):
    """The same prompts without the request's field ``tools``: every call is written as a text."""

    name: ClassVar[str] = "tools_as_text"
    offered: ClassVar[bool] = False


def function_name(domain: str) -> str:
    """The name of a domain's function; the API takes letters, digits, ``_`` and ``-``, 64 at most."""
    return PREFIX + re.sub(r"[^A-Za-z0-9_-]", "_", domain)[: 64 - len(PREFIX)]


def tool_of(domain: str, slots: Mapping[str, SlotSpec]) -> dict[str, Any]:
    """A domain as the API describes a function; its parameters have the slots' own names."""
    properties: dict[str, Any] = {}
    for slot, spec in slots.items():
        properties[slot] = {"type": "string", **({"description": spec.description} if spec.description else {})}
        if spec.categorical and spec.values:
            properties[slot]["enum"] = [*spec.values, DONTCARE, ""]
    parameters = {"type": "object", "properties": properties, "required": []}
    described = f"Sets what the customer wants of the domain {domain}"
    return {
        "type": "function",
        "function": {"name": function_name(domain), "description": described, "parameters": parameters},
    }


def calls_of(state: PlainState, previous: PlainState) -> list[dict[str, Any]]:
    """The calls of what leads from one state to the next."""
    changed, removed = changes_between(previous, state)
    arguments = {domain: dict(slots) for domain, slots in changed.items()}
    for domain, slot in removed:
        arguments.setdefault(domain, {})[slot] = ""
    return [{"name": function_name(domain), "arguments": slots} for domain, slots in arguments.items()]


def read_domains(text: str, schema: Schema) -> tuple[str, ...] | None:
    """The domains that a text names, in its order; nothing where it says `NONE`; None where it says neither.

    A line that names several separates them by commas; a name stands by itself, so that a sentence about hotels names
    no domain.
    """
    written = _names_in(text)
    domains = [spelled(name, schema) for name in written]
    if written and all(name.casefold() == NONE for name in written):
        return ()
    known = tuple(dict.fromkeys(domain for domain in domains if domain is not None))
    return known or None


def strange_names(text: str, schema: Schema) -> tuple[str, ...]:
    """The names in a text, as `read_domains` takes it apart, that are those of no domain."""
    return tuple(name for name in _names_in(text) if spelled(name, schema) is None)


def _names_in(text: str) -> list[str]:
    names = [name.strip(" \t.-*'\"[]`") for name in re.split(r"[,\n;]", text)]
    return [name for name in names if name]


def written_calls(text: str) -> Sequence[tuple[str, Any]]:
    """Calls that a model wrote as text: (name, arguments) of each ``<tool_call>``, or of a JSON object or list.

    Half an answer is not taken for a whole one: where one call cannot be read, or is not closed, there is none.
    """
    marked = re.findall(r"<tool_call>(.*?)</tool_call>", text, re.DOTALL)
    if text.count("<tool_call>") != len(marked):
        return []
    calls: list[tuple[str, Any]] = []
    for part in marked or [text.strip().removeprefix("```json").strip("`")]:
        try:
            value = json.loads(part)
        except (ValueError, RecursionError):
            return []
        found = _calls_in(value if isinstance(value, list) else [value])
        if found is None:
            return []
        calls += found
    return calls


def _calls_in(values: Iterable[Any]) -> list[tuple[str, Any]] | None:
    """Name and arguments of each value that is a call; None where one is none."""
    calls = []
    for value in values:
        call = value.get("function", value) if isinstance(value, dict) else None
        if not isinstance(call, dict) or not isinstance(call.get("name"), str):
            return None
        calls.append((call["name"], call.get("arguments", call.get("parameters", {}))))
    return calls


def _arguments(arguments: Any) -> dict[str, Any] | None:
    """The arguments of a call, which may be JSON text; None where they are no object."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return None
    return arguments if isinstance(arguments, dict) else None
