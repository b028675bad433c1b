"""Answers as JSON: the slots that the last utterance updated, as Heck et al. (ACL 2023) ask ChatGPT for them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tod_baselines.chat.reading import DONTCARE, apply_changes, changes_between, fit_to_schema, json_object
from tod_baselines.chat.recipe import Answer, Conversation, Example, PlainState, Query, Recipe, Reply, Shown
from tod_bench.records import Act, Schema, TaskName

NOT_READ = "the answer holds no JSON object"


class Json(Recipe):
    """JSON with a list of updates (``{"domain": "hotel", "slot": "area", "value": "north"}``), or of the whole state.

    In updates a value of null removes a slot.
    """

    name = "json"
    after = "Heck et al. 2023"
    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst", "policy", "response"})

    def ask(self, shown: Shown) -> Conversation:
        """One query a turn."""
        schema = {"dst": lambda: state_schema(shown.schema), "policy": acts_schema}.get(shown.task, lambda: None)()
        reply = yield Query(self.render(shown), schema)
        match shown.task:
            case "dst":
                return self._read_state(reply, shown)
            case "policy":
                return _read_acts(reply)
            case _:
                return _read_response(reply)

    def example_answer(self, task: TaskName, example: Example) -> str:
        """The same JSON, or the response as it is."""
        if task == "response":
            return example.response
        if task == "policy":
            acts = [{"domain": a.domain, "act": a.act, "slot": a.slot, "value": a.value} for a in example.acts]
            return json_line({"acts": acts})
        if self.whole_state:
            return json_line({"slots": _entries(example.state)})
        changed, removed = changes_between(example.previous, example.state)
        gone = [{"domain": domain, "slot": slot, "value": None} for domain, slot in removed]
        return json_line({"slots": [*_entries(changed), *gone]})

    def _read_state(self, reply: Reply, shown: Shown) -> Answer:
        value = json_object(reply.text)
        if value is None or not isinstance(value.get("slots"), list | dict):
            return Answer(state={}, unread=(NOT_READ if value is None else 'there is no "slots"',), readable=False)
        state, removed, unread = read_slots(value["slots"])
        fitted, unknown = fit_to_schema(shown.schema, state)
        if not self.whole_state:
            gone, strange = fit_to_schema(shown.schema, _nested(removed))
            unknown = (*unknown, *strange)
            fitted = apply_changes(shown.previous, fitted, [(d, s) for d, slots in gone.items() for s in slots])
        return Answer(state=fitted, unread=unread, unknown=unknown)


def state_schema(schema: Schema) -> dict[str, Any]:
    """The JSON schema of a list of slots, in the form that strict servers take."""
    slots = sorted({slot for slots in schema.values() for slot in slots})
    properties = {
        "domain": {"type": "string", "enum": list(schema)},
        "slot": {"type": "string", "enum": slots},
        "value": {"type": ["string", "null"]},
    }
    return _listed("slots", properties)


def acts_schema() -> dict[str, Any]:
    """The JSON schema of a list of acts."""
    return _listed("acts", {name: {"type": "string"} for name in ("domain", "act", "slot", "value")})


def _listed(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    item = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    whole = {name: {"type": "array", "items": item}}
    return {"type": "object", "properties": whole, "required": [name], "additionalProperties": False}


def read_slots(slots: Any) -> tuple[dict[str, dict[str, str]], list[tuple[str, str]], tuple[str, ...]]:
    """Values, removed slots and a sentence for each entry that is neither.

    Args:
        slots: A list of objects with domain, slot and value; or an object domain -> slot -> value, which models write
            where they are not held to a schema.
    """
    if isinstance(slots, dict):
        nested = {domain: inner if isinstance(inner, dict) else {"": inner} for domain, inner in slots.items()}
        slots = [{"domain": d, "slot": s, "value": v} for d, inner in nested.items() for s, v in inner.items()]
    state: dict[str, dict[str, str]] = {}
    removed: list[tuple[str, str]] = []
    unread: list[str] = []
    for entry in slots:
        domain, slot, value = (
            (entry.get(n) for n in ("domain", "slot", "value")) if isinstance(entry, dict) else ("",) * 3
        )
        text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if not (isinstance(domain, str) and isinstance(slot, str) and domain and slot):
            unread.append(f"{json_line(entry)[:80]} names no slot")
        elif text is None:
            removed.append((domain, slot))
        elif isinstance(text, str) and text.strip():
            state.setdefault(domain, {})[slot] = text
        else:
            unread.append(f"{domain} {slot}: {json_line(value)[:80]} is no value")
    return state, removed, tuple(unread)


def _read_acts(reply: Reply) -> Answer:
    value = json_object(reply.text)
    if value is None or not isinstance(value.get("acts"), list):
        return Answer(acts=(), unread=(NOT_READ if value is None else 'there is no list "acts"',), readable=False)
    acts: list[Act] = []
    unread: list[str] = []
    for entry in value["acts"]:
        parts = _act_parts(entry)
        if parts is None:
            unread.append(f"{json_line(entry)[:80]} is no act")
        else:
            acts.append(Act(*parts))
    return Answer(acts=tuple(acts), unread=tuple(unread))


def _act_parts(entry: Any) -> Sequence[str] | None:
    """Domain, act, slot and value of an entry; the last two may be left out."""
    if not isinstance(entry, dict):
        return None
    parts = [entry.get("domain"), entry.get("act"), entry.get("slot") or "", entry.get("value") or ""]
    texts = [part for part in parts if isinstance(part, str)]
    return texts if len(texts) == len(parts) and texts[1] else None


def _read_response(reply: Reply) -> Answer:
    text = " ".join(reply.text.split())
    if reply.failure or not text:
        return Answer(response="", unread=("there is no whole response",), readable=False)
    return Answer(response=text)


def _entries(state: PlainState) -> list[dict[str, str]]:
    return [{"domain": d, "slot": s, "value": v} for d, slots in state.items() for s, v in slots.items()]


def _nested(slots: Sequence[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Slots as a state; its values only have to be ones that every slot takes."""
    nested: dict[str, dict[str, str]] = {}
    for domain, slot in slots:
        nested.setdefault(domain, {})[slot] = DONTCARE
    return nested


def json_line(value: Any) -> str:
    """A value as JSON in one line, letters of every alphabet as they are."""
    import json

    return json.dumps(value, ensure_ascii=False)
