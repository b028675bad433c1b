"""TOAD's actions, which can refer to one another, as acts and as the values that a user gives."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tod_bench.corpora.reading import Record
from tod_bench.errors import UserError
from tod_bench.inputs import parse_json
from tod_bench.records import Act, Schema

Action = Mapping[str, Any]


def acts_of_turn(actions: Sequence[Action], service: str) -> tuple[Act, ...]:
    """The acts of some actions: one for each argument, a nested action being taken apart in the place of its argument.

    Args:
        actions: The actions.
        service: The service of those that name none.
    """
    return tuple(act for action in actions for act in _acts(action, service))


def _acts(action: Action, service: str) -> Iterator[Act]:
    of, name = action.get("service_prefix") or service, str(action["action_name"])
    nested = [value for value in (action.get("arguments") or {}).values() if isinstance(value, Mapping)]
    plain = {slot: value for slot, value in (action.get("arguments") or {}).items() if not isinstance(value, Mapping)}
    for slot, value in plain.items():
        for one in value if isinstance(value, list) else [value]:
            yield Act(of, name, slot, "" if one is None else str(one))
    if not plain:
        yield Act(of, name)
    for other in (*nested, action.get("referral_action"), action.get("attribute")):
        if isinstance(other, Mapping):
            yield from _acts(other, of)


def given_values(
    record: Record, actions: Sequence[Action], service: str, schema: Schema
) -> Iterator[tuple[str, str, str]]:
    """Service, slot and value of what the user's actions give, a correction after what it corrects.

    Arguments of other names than the service's slots only say what an action refers to.
    """
    for action in actions:
        of = action.get("service_prefix") or service
        correction = action.get("attribute")
        corrected = correction.get("arguments") if isinstance(correction, Mapping) else None
        for slot, value in [*(action.get("arguments") or {}).items(), *(corrected or {}).items()]:
            if slot not in schema.get(of, {}) or value in (None, "", []):
                continue
            if isinstance(value, Mapping):
                record.warn(f"{of}-{slot} refers to something else and has no value of its own")
                continue
            yield of, slot, ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def said(record: Record, text: Any) -> str:
    """An utterance: a text, or the JSON that the generator's model answered with the text in it."""
    whole = record.text(text)
    if not whole.lstrip().startswith("{"):
        return whole
    try:
        answer = parse_json(whole, "utterance")
    except UserError:
        return whole
    for key in ("utterance", "message"):
        if isinstance(answer, Mapping) and isinstance(answer.get(key), str):
            return str(answer[key])
    return whole
