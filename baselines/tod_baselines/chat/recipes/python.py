"""The recipe ``python``: classes as schema, calls for what the turn changes, as RefPyDST asks (King & Flanigan 2023).

    agent.state.hotel = find_hotel(area="north", price_range=agent.state.restaurant.price_range, stars=None)

An attribute of the state stands for the value that it has, ``None`` takes a slot away, and ``pass`` says that nothing
changes. What the model writes is parsed, never run.
"""

import ast
import re
import warnings
from collections.abc import Iterable
from typing import ClassVar

from tod_baselines.chat.code_answers import CodeAnswer
from tod_baselines.chat.code_schemas import classes_of, python_name
from tod_baselines.chat.reading import (
    changes_between,
    code_in,
    in_schema,
    names_in_code,
    no_reply,
    unread_answer,
)
from tod_baselines.chat.recipe import Answer, Conversation, Example, PlainState, Query, Recipe, Reply, Selection, Shown
from tod_bench.records import Schema, TaskName

NOTHING = "pass"
"""The answer where a turn changes nothing."""

_FIRST_WORDS = re.compile(r"\s*(agent\.|find_\w+\(|pass\s*$)")


class Python(Recipe):
    """DST as calls with the turn's changes as arguments, given the state before and the last exchange."""

    name: ClassVar[str] = "python"
    after: ClassVar[str] = "RefPyDST (King & Flanigan, Findings of ACL 2023)"
    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst"})
    select: ClassVar[Selection] = "diverse"

    def ask(self, shown: Shown) -> Conversation:
        """One query; see the module."""
        names_in_code(shown.schema, python_name, self.name)
        for slots in shown.schema.values():
            names_in_code(slots, python_name, self.name)
        example = python_name(next(iter(shown.schema), ""))
        reply = yield Query(self.render(shown, calls_of=calls_of, nothing=NOTHING, class_name=example))
        return self.read(reply, shown)

    def describe(self, schema: Schema) -> str:
        """The schema as classes."""
        return classes_of(schema)

    def example_answer(self, task: TaskName, example: Example) -> str:  # noqa: ARG002
        """The calls of the example's state, or of its changes."""
        return calls_of(example.state, {} if self.whole_state else example.previous)

    def read(self, reply: Reply, shown: Shown) -> Answer:
        """The state of the calls in a reply."""
        problem = no_reply(reply)
        if problem:
            return unread_answer(shown.task, problem)
        statements = _statements(reply.text)
        if statements is None:
            return unread_answer(shown.task, "the answer is no Python code")
        found = _Found(shown)
        for statement in statements:
            found.add(statement)
        return found.answer(whole=self.whole_state)


def calls_of(state: PlainState, previous: PlainState) -> str:
    """The calls of what leads from one state to the next: of a whole state, where the previous one is empty."""
    changed, removed = changes_between(previous, state)
    arguments: dict[str, list[str]] = {}
    for domain, slots in changed.items():
        arguments[domain] = [f"{python_name(slot)}={value!r}" for slot, value in slots.items()]
    for domain, slot in removed:
        arguments.setdefault(domain, []).append(f"{python_name(slot)}=None")
    lines = [
        f"agent.state.{python_name(domain)} = find_{python_name(domain)}({', '.join(each)})"
        for domain, each in arguments.items()
    ]
    return "\n".join(lines) or NOTHING


def _statements(text: str) -> list[ast.stmt] | None:
    """The statements of a text, at least one of which is of a form that the recipe knows; None where there is none."""
    for code in code_in(text, _FIRST_WORDS):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about escapes in a model's text
                statements = ast.parse(code).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if any(_settings(each) is not None for each in statements):
            return statements
    return None


def _settings(statement: ast.stmt) -> list[tuple[str, str | None, ast.expr]] | None:
    """(domain, slot, value) of each thing that a statement sets, in Python's names; None where it is no such statement.

    Both ``agent.state.hotel = find_hotel(area="north")`` and ``agent.state.hotel.area = "north"`` set the area, and so
    does the call alone. An argument without a name has None for its slot.
    """
    if isinstance(statement, ast.Pass):
        return []
    path: list[str] = []
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        path = _path_in_state(statement.targets[0])
    value = statement.value if isinstance(statement, ast.Assign | ast.Expr) else None
    if len(path) == 2 and value is not None:
        return [(path[0], path[1], value)]
    if not isinstance(value, ast.Call):
        return None
    name = _last_name(value.func)
    domain = path[0] if path else name.removeprefix("find_") if name.startswith("find_") else ""
    if not domain:
        return None
    positional = [(domain, None, argument) for argument in value.args]
    return [*positional, *((domain, argument.arg, argument.value) for argument in value.keywords)]


class _Found(CodeAnswer):
    """What statements say."""

    def add(self, statement: ast.stmt) -> None:
        """Reads a statement; `pass`, and a call without arguments, say nothing."""
        settings = _settings(statement)
        if settings is None:
            self.problems.append(f"{_brief(statement)} sets no slot")
        for domain, slot, node in settings or ():
            text = self._text(node)
            if slot is None:
                self.problems.append(f"{_brief(node)} is an argument without a name")
                continue
            place = self._place(domain, slot)
            if isinstance(node, ast.Constant) and node.value is None:
                self.remove(place)
            elif text is None:
                self.problems.append(f"{domain} {slot}: {_brief(node)} is no value, or one that is not known yet")
            else:
                self.set(place, text)

    def _place(self, domain: str, slot: str) -> tuple[str, str]:
        """The domain and the slot that Python's names stand for."""
        state, schema = self.shown.previous, self.shown.schema
        domain = _named(domain, (*schema, *state))
        return in_schema(schema, domain, _named(slot, (*schema.get(domain, ()), *state.get(domain, ()))))

    def _text(self, node: ast.expr) -> str | None:
        """The text of a value: itself, or what an attribute of the state has; None where there is none."""
        match node:
            case ast.Constant(value=bool(value)):
                return "yes" if value else "no"
            case ast.Constant(value=str() | int() | float() as value):
                return str(value)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return f"-{value}"
            case ast.Attribute():
                path = _path_in_state(node)
                if len(path) == 2:
                    domain, slot = self._place(*path)
                    return self.known().get(domain, {}).get(slot)
        return None


def _named(word: str, names: Iterable[str]) -> str:
    """The first name that a word of Python stands for; the word where there is none."""
    return next((name for name in names if python_name(name) == word), word)


def _path_in_state(node: ast.expr) -> list[str]:
    """``hotel`` and ``area`` of ``agent.state.hotel.area``; nothing where a node is no part of the state."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    whole = [node.id, *parts] if isinstance(node, ast.Name) else []
    return whole[2:] if whole[:2] == ["agent", "state"] and len(whole) in (3, 4) else []


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _brief(node: ast.AST) -> str:
    return ast.unparse(node)[:60]
