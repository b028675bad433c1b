"""A program in place of a model: no key, no network, for small variants and tests. Its numbers are a program's.

It looks for the schema's values in what the user said, and answers in the recipe's own format. It replies through the
request's tag, which is neither sent anywhere nor part of a key, so that a recipe of any number of steps is rehearsed by
the same code that asks a server.
"""

import json
import re
from collections.abc import Iterator

from tod_baselines.chat.recipe import Example, PlainState, Reply, Shown
from tod_bench.llm.records import ChatFailure, ChatRequest, Outcome, ToolCall
from tod_bench.llm.scripted import ScriptedClient
from tod_bench.records import Act, Schema, first_values

SHORTEST_VALUE = 3
"""Shorter values are mostly numbers, which stand for too many things."""


def scripted_client() -> ScriptedClient:
    """A client whose answers the tags of the requests hold."""
    return ScriptedClient(_answer)


def in_tag(reply: Reply) -> str:
    """A reply as the tag of the request that is to be answered with it."""
    return json.dumps({"text": reply.text, "calls": [[call.name, call.arguments] for call in reply.tool_calls]})


def rehearsed_outcome(request: ChatRequest) -> Outcome:
    """What the program answers to a request whose tag holds its reply."""
    ((_, outcome),) = scripted_client().complete([request])
    return outcome


def _answer(request: ChatRequest) -> str | tuple[ToolCall, ...] | ChatFailure:
    reply = json.loads(request.tag[request.tag.index("{") :])
    if reply["calls"]:
        return tuple(ToolCall(*call) for call in reply["calls"])
    return str(reply["text"]) if reply["text"].strip() else ChatFailure("empty", "the program found nothing to say")


def found(shown: Shown, *, whole: bool) -> Example:
    """What the program finds in a turn, as an example of it.

    Args:
        shown: The turn.
        whole: Whether the state is read off the whole dialogue, and not added to the one of the turn before.
    """
    turn = shown.input
    said = " ".join([*(each.user for each in turn.history), turn.user])
    state = {domain: dict(slots) for domain, slots in ({} if whole else shown.previous).items()}
    for domain, slot, value in _values(shown.schema, said if whole else turn.user, _named(shown.schema, said, state)):
        state.setdefault(domain, {})[slot] = value
    known = state if shown.task == "dst" else first_values(turn.state or {})
    return Example(
        dialogue_id=turn.dialogue_id,
        turn=turn.turn,
        history=turn.history,
        user=turn.user,
        previous={} if whole else shown.previous,
        state=state,
        acts=_acts(shown.schema, known),
        response=_response(shown, known),
        services=tuple(state),
    )


def _named(schema: Schema, said: str, state: PlainState) -> list[str]:
    """Domains whose name was said (``Hotels_2`` by "hotel"), or that the state has."""
    stems = {domain: re.split(r"[_\d]", domain)[0].lower().removesuffix("s") for domain in schema}
    lowered = said.lower()
    return [domain for domain, stem in stems.items() if domain in state or (stem and stem in lowered)]


def _values(schema: Schema, said: str, domains: list[str]) -> Iterator[tuple[str, str, str]]:
    """Domain, slot and value of the schema's values that stand in a text, the last of each slot."""
    lowered = said.lower()
    for domain in domains:
        for slot, spec in schema[domain].items():
            places = {value: _last_place(value.lower(), lowered) for value in spec.values}
            last = max(places, key=lambda value: (places[value], len(value)), default="")
            if last and places[last] >= 0:
                yield domain, slot, last


def _last_place(value: str, text: str) -> int:
    """Where a value stands last in a text as words of their own; -1 where it does not."""
    place = text.rfind(value) if len(value) >= SHORTEST_VALUE else -1
    while place >= 0:
        before, after = text[place - 1 : place], text[place + len(value) : place + len(value) + 1]
        if not (before.isalnum() or after.isalnum()):
            return place
        place = text.rfind(value, 0, place + len(value) - 1)
    return -1


def _acts(schema: Schema, state: PlainState) -> tuple[Act, ...]:
    """The first slot of each domain that the state lacks is asked for."""
    unfilled = {domain: [slot for slot in schema.get(domain, {}) if slot not in state[domain]] for domain in state}
    return tuple(Act(domain, "request", slots[0], "") for domain, slots in unfilled.items() if slots)


def _response(shown: Shown, state: PlainState) -> str:
    """A sentence on what the program would ask next, or on how many entries it was shown."""
    entries = shown.input.db_entries or {}
    parts = [f"I found {len(rows)} entries for {domain}." for domain, rows in entries.items()]
    parts += [f"Which {act.slot} would you like for {act.domain}?" for act in _acts(shown.schema, state)]
    return " ".join(parts) or "How can I help?"
