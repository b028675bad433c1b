"""The recipe ``python``: classes as schema, and calls for what the turn changes, as RefPyDST asks (King & Flanigan 2023).

    agent.state.hotel = find_hotel(area="north", price_range=agent.state.restaurant.price_range, stars=None)

An attribute of the state stands for the value that it has, ``None`` takes a slot away, and ``pass`` says that nothing
changes. What the model writes is parsed, never run.
"""

import ast
import keyword
import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from tod_baselines.chat.reading import apply_changes, changes_between, no_reply, state_answer, unread_answer
from tod_baselines.chat.recipe import Answer, Conversation, Example, PlainState, Query, Recipe, Reply, Shown
from tod_bench.records import TaskName

NOTHING = "pass"
"""The answer where a turn changes nothing."""


class Python(Recipe):
    """DST as calls with the turn's changes as arguments, given the state before and the dialogue."""

    name: ClassVar[str] = "python"
    after: ClassVar[str] = "RefPyDST (King & Flanigan, Findings of ACL 2023)"
    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst"})

    def ask(self, shown: Shown) -> Conversation:
        """One query; see the module."""
        reply = yield Query(self.render(shown, calls_of=calls_of, identifier=identifier, nothing=NOTHING))
        return self.read(reply, shown)

    def example_answer(self, task: TaskName, example: Example) -> str:  # noqa: ARG002
        """The calls of the example's state, or of its changes."""
        return calls_of(example.state, {} if self.whole_state else example.previous)

    def read(self, reply: Reply, shown: Shown) -> Answer:
        """The state of the calls in a reply."""
        if problem := no_reply(reply):
            return unread_answer(shown.task, problem)
        try:
            statements = ast.parse(_without_fence(reply.text)).body
            changes, removed = _Reader(shown).changes(statements)
        except (SyntaxError, ValueError, RecursionError, MemoryError, _NoCall) as error:
            return unread_answer(shown.task, f"no calls that can be read: {str(error).splitlines()[0]}")
        if not statements:
            return unread_answer(shown.task, "no call")
        return state_answer(shown, changes, removed, whole=self.whole_state)


class _NoCall(Exception):
    """A statement that is no call which sets a domain's slots."""


class _Reader:
    """Reads calls, given the names that the schema's domains and slots have in them."""

    def __init__(self, shown: Shown) -> None:
        self._previous = shown.previous
        self._domains = {identifier(domain): domain for domain in (*shown.previous, *shown.schema)}
        self._slots = {
            domain: {
                identifier(slot): slot for slot in (*shown.previous.get(domain, ()), *shown.schema.get(domain, ()))
            }
            for domain in self._domains.values()
        }

    def changes(self, statements: Iterable[ast.stmt]) -> tuple[dict[str, dict[str, str]], list[tuple[str, str]]]:
        """What the calls set, and what they take away."""
        changes: dict[str, dict[str, str]] = {}
        removed: list[tuple[str, str]] = []
        for statement in statements:
            for domain, slot, node in self._arguments(statement):
                if isinstance(node, ast.Constant) and node.value is None:
                    removed.append((domain, slot))
                else:
                    value = self._value(node, apply_changes(self._previous, changes, removed))
                    changes.setdefault(domain, {})[slot] = value
        return changes, removed

    def _arguments(self, statement: ast.stmt) -> Iterator[tuple[str, str, ast.expr]]:
        """(domain, slot, value) of each argument of a call; nothing of ``pass``."""
        if isinstance(statement, ast.Pass):
            return
        call = statement.value if isinstance(statement, ast.Assign | ast.Expr) else None
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and not call.args):
            raise _NoCall(f"{ast.unparse(statement)[:60]} is no call with named arguments")
        name = call.func.id.removeprefix("find_")
        domain = self._domains.get(name, name)
        for argument in call.keywords:
            if argument.arg is None:
                raise _NoCall(f"{ast.unparse(statement)[:60]} has an argument without a name")
            yield domain, self._slots.get(domain, {}).get(argument.arg, argument.arg), argument.value

    def _value(self, node: ast.expr, known: PlainState) -> str:
        """The text of a value: itself, or what an attribute of the state has."""
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            return "yes" if node.value else "no"
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
            return str(node.value)
        path = _path(node)
        if len(path) >= 3 and path[-3] == "state":
            domain = self._domains.get(path[-2], path[-2])
            slot = self._slots.get(domain, {}).get(path[-1], path[-1])
            if slot in known.get(domain, {}):
                return known[domain][slot]
            raise _NoCall(f"{'.'.join(path)} has no value so far")
        raise _NoCall(f"{ast.unparse(node)[:60]} is no value")


def calls_of(state: PlainState, previous: PlainState) -> str:
    """The calls of what leads from one state to the next."""
    changed, removed = changes_between(previous, state)
    arguments: dict[str, list[str]] = {}
    for domain, slots in changed.items():
        arguments[domain] = [f"{identifier(slot)}={value!r}" for slot, value in slots.items()]
    for domain, slot in removed:
        arguments.setdefault(domain, []).append(f"{identifier(slot)}=None")
    lines = [
        f"agent.state.{identifier(domain)} = find_{identifier(domain)}({', '.join(each)})"
        for domain, each in arguments.items()
    ]
    return "\n".join(lines) or NOTHING


def identifier(name: str) -> str:
    """A name as Python has it: ``price range`` is ``price_range``."""
    word = re.sub(r"\W", "_", name)
    return f"{word}_" if keyword.iskeyword(word) else word if word.isidentifier() else f"_{word}"


def _path(node: ast.expr) -> list[str]:
    """``agent.state.hotel.area`` as its parts; nothing where it is no such path."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return [node.id, *parts] if isinstance(node, ast.Name) else []


def _without_fence(text: str) -> str:
    """The text within a code fence, where there is one."""
    parts = text.split("```")
    if len(parts) >= 3:
        text = parts[1].removeprefix("python").removeprefix("py")
    return text.strip()
