"""The recipe ``pipeline``: the domain, its state, the database, the response, as Hudeček & Dušek (2023) ask.

DST takes two queries, the domain of the turn and that domain's slots (as a JSON object); the slots of other domains
stay as they were. A response is written with the state and the database entries that the harness shows; there is no
policy in between. Its text is that of a person; the template ``pipeline_delexicalised`` asks for placeholders such as
``[hotel_name]`` instead.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar, Literal

from tod_baselines.chat.reading import (
    apply_changes,
    changes_between,
    fit_to_schema,
    json_object,
    no_reply,
    state_of_json,
    unread_answer,
)
from tod_baselines.chat.recipe import Answer, Conversation, Example, Query, Recipe, Reply, Shown
from tod_baselines.chat.recipes.tools import NONE, read_domains, strange_names
from tod_bench.errors import UserError
from tod_bench.records import TaskName

DELEXICALISED = "pipeline_delexicalised"
"""The template that asks for placeholders."""

ENTRIES_SHOWN = 3
"""Database entries of a domain that a prompt shows."""


class Pipeline(Recipe):
    """DST domain by domain, and responses grounded in the database."""

    name: ClassVar[str] = "pipeline"
    after: ClassVar[str] = "Hudeček & Dušek (SIGDIAL 2023)"
    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst", "response"})
    skips: ClassVar[str] = "Hudeček & Dušek go from the state and the database entries straight to the response"

    def __init__(self, *, prompt: str | None = None, state: Literal["changes", "whole"] | None = None) -> None:
        if state == "whole":
            raise UserError("the recipe pipeline asks for one domain a turn, so it takes no state: whole; leave it out")
        super().__init__(prompt=prompt, state=state)

    def ask(self, shown: Shown) -> Conversation:
        """Two queries for a state, one for a response; see the module."""
        if shown.task == "response":
            return (yield from self._respond(shown))
        reply = yield Query(self.render(shown, step="domain", nothing=NONE, domain_of=domain_of), max_tokens=64)
        if problem := no_reply(reply):
            return unread_answer(shown.task, f"domain: {problem}")
        domains = read_domains(reply.text, shown.schema)
        if domains is None:
            return unread_answer(shown.task, f"domain: none is named in {reply.text.strip()[:60]!r}")
        if not domains:
            return Answer(state=shown.previous)
        domain, *others = domains
        strange = [f"domain: {name!r} is no domain" for name in strange_names(reply.text, shown.schema)]
        strange += [f"domain: {name} is named after {domain}, which alone is asked about" for name in others]
        slots = shown.schema[domain]
        reply = yield Query(
            self.render(shown, step="state", domain=domain, slots=slots, state_of=state_of),
            json_schema=_object_of(slots),
        )
        answer = self._read_state(reply, shown, domain)
        return replace(answer, unread=(*strange, *answer.unread))

    def example_answer(self, task: TaskName, example: Example) -> str:
        """The slots of the example's domain, or its response."""
        if task == "response":
            return example.response
        return state_of(example, domain_of(example))

    def rehearse(self, query: Query, shown: Shown, found: Example) -> Reply:
        """The domain in which something changes, then its slots."""
        if shown.task == "response" or query.json_schema is not None:
            return Reply(self.example_answer(shown.task, found))
        return Reply(domain_of(found))

    def _respond(self, shown: Shown) -> Conversation:
        if self.template.name == DELEXICALISED and shown.examples:
            raise UserError(
                f"prompt: {DELEXICALISED} asks for placeholders, and examples show responses as people wrote them; set "
                "shots: 0, or leave prompt out (Inform and Success delexicalise such responses themselves)"
            )
        entries = {
            domain: {"count": len(rows), "shown": [dict(row) for row in rows[:ENTRIES_SHOWN]]}
            for domain, rows in (shown.input.db_entries or {}).items()
        }
        reply = yield Query(self.render(shown, step="response", entries=entries))
        if problem := no_reply(reply):
            return unread_answer(shown.task, problem)
        return Answer(response=" ".join(reply.text.split()))

    def _read_state(self, reply: Reply, shown: Shown, domain: str) -> Answer:
        if problem := no_reply(reply):
            return unread_answer(shown.task, f"state: {problem}")
        written = json_object(reply.text)
        if written is None:
            return unread_answer(shown.task, f"state: no JSON object in {reply.text.strip()[:60]!r}")
        inner = written[domain] if isinstance(written.get(domain), dict) else written
        state, problems = state_of_json({domain: inner})
        fitted, unknown = fit_to_schema(shown.schema, state)
        kept = {name: slots for name, slots in shown.previous.items() if name != domain}
        return Answer(state=apply_changes(kept, fitted), unread=problems, unknown=unknown)


def domain_of(example: Example) -> str:
    """The domain that an example's turn is about: the first in which something changes, or `NONE`."""
    changed, removed = changes_between(example.previous, example.state)
    return next(iter([*changed, *(domain for domain, _ in removed)]), NONE)


def state_of(example: Example, domain: str) -> str:
    """The slots of one domain of an example's state as JSON."""
    return json.dumps(dict(example.state.get(domain, {})), ensure_ascii=False)


def _object_of(slots: Iterable[str]) -> dict[str, object]:
    """JSON schema of an object whose members are a domain's slots, null where there is no value.

    Strict servers take a schema only where every member is required.
    """
    properties = {slot: {"type": ["string", "null"]} for slot in slots}
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": list(properties)}
