"""The API calls of Taskmaster 3 and 4, as acts of the system: an act for each argument, ``find_movies(location)``.

3 lists calls under ``apis`` with their arguments as an object; 4 annotates ``api_call`` and ``request``, whose
arguments are JSON in a text. What a call answered is not read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tod_bench.corpora.reading import Record
from tod_bench.errors import UserError
from tod_bench.inputs import parse_json
from tod_bench.records import Act


def calls(record: Record, utterance: Mapping[str, Any], domain: str) -> Iterator[Act]:
    """The calls made during an utterance, in their order; one without arguments is an act without a slot."""
    for api in utterance.get("apis") or ():
        yield from _acts(domain, api["name"], _of_3(api.get("args") or ()))
    for name, arguments in _of_4(record, utterance.get("annotations") or ()):
        yield from _acts(domain, name, arguments)


def _acts(domain: str, name: str, arguments: Mapping[str, Any]) -> Iterator[Act]:
    slots = [(slot, _text(one)) for slot, given in arguments.items() for one in _each(given)]
    for slot, value in slots or [("", "")]:
        yield Act(domain, name, slot, value)


def _of_3(raw: Any) -> dict[str, Any]:
    """Arguments, an object or a list of pairs ``{"arg_name": ..., "arg_value": ...}``."""
    if isinstance(raw, Mapping):
        return dict(raw)
    return {pair["arg_name"]: pair["arg_value"] for pair in raw}


def _of_4(record: Record, annotations: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    requests = {one["context"]: one["value"] for one in annotations if one["name"] == "request"}
    for one in annotations:
        if one["name"] == "api_call":
            yield one["value"], _arguments(record, requests.get(one["context"], "{}"))


def _arguments(record: Record, text: str) -> Mapping[str, Any]:
    try:
        arguments = parse_json(text, "request")
    except UserError:
        arguments = None
    if not isinstance(arguments, Mapping):
        record.warn(f"the arguments of a call are not a JSON object: {text!r:.60}")
        return {}
    return arguments


def _each(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _text(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
