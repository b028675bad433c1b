"""The prediction file: JSON Lines, one line a turn, readable by hand and valid against a published JSON Schema.

    {"dialogue_id": "sng0073", "turn": 0, "state": {"restaurant": {"food": "italian"}},
     "acts": [["restaurant", "request", "area", ""]], "response": "Which area?"}

Only `dialogue_id` and `turn` are required; a field that is left out says that the system was not asked for it.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tod_bench.errors import DataError
from tod_bench.files import atomic_writer
from tod_bench.inputs import lone_surrogate, parse_json, read_lines, without_halves
from tod_bench.records import Act, Prediction

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "tod-bench prediction, one line a turn",
    "type": "object",
    "additionalProperties": False,
    "required": ["dialogue_id", "turn"],
    "properties": {
        "dialogue_id": {"type": "string", "minLength": 1, "description": "id of the dialogue in the corpus"},
        "turn": {"type": "integer", "minimum": 0, "description": "index of the user/system pair, from 0"},
        "state": {
            "description": "predicted belief state: domain -> slot -> value",
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "acts": {
            "description": "predicted system acts: [domain, act, slot, value]; slot and value may be empty",
            "type": "array",
            "items": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 4},
        },
        "response": {"type": "string", "description": "generated response"},
        "active_domains": {"type": "array", "items": {"type": "string"}, "description": "for MultiWOZ Inform/Success"},
        "active_intent": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "predicted intent of each service, NONE for none",
        },
        "requested": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "description": "slots that the user is predicted to ask about, by service",
        },
        "confidence": {
            "description": "how sure the system is of each value of the state: domain -> slot -> 0 to 1",
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
            },
        },
        "raw": {"type": "object", "additionalProperties": {"type": "string"}, "description": "model text, by task"},
        "notes": {"type": "object", "description": "anything else worth keeping"},
    },
}
"""JSON Schema of one line, published as ``docs/prediction.schema.json``."""

_REMEDY = "a prediction file has a JSON object a line, and `tod-bench import auto` reads what other tools write"

GOLD_NOTE = "gold_access"
"""The note of a prediction that names the gold its system was shown."""

UNREAD_NOTE = "unread"
"""The note that lists what could not be read of a model's text, a sentence each."""

UNREADABLE_NOTE = "unreadable"
"""The note that is true where a turn's answer could not be read at all."""

UNKNOWN_NOTE = "unknown"
"""The note that lists what a model named that the schema does not have: slots (``hotel wifi``) or values."""

USAGE_NOTE = "usage"
"""The note of what a turn took: ``requests``, ``prompt_tokens``, ``completion_tokens``, ``seconds``, ``usd``.

What came from a cache counts as what it took when it was made. ``usd`` is left out where no price is known. Who notes
usage notes what could not be read, too: without such a note, all was read.
"""

KEPT_NOTES = (GOLD_NOTE, UNREAD_NOTE, UNREADABLE_NOTE, UNKNOWN_NOTE, USAGE_NOTE)
"""The notes that scoring looks at."""

USAGE_FIELDS = ("requests", "prompt_tokens", "completion_tokens", "seconds", "usd")

LONGEST_LINE = 1 << 24
"""Characters that a line must stay below."""


def to_json(prediction: Prediction) -> dict[str, Any]:
    """The line of a prediction, without the fields that are None or empty notes."""
    line: dict[str, Any] = {"dialogue_id": prediction.dialogue_id, "turn": prediction.turn}
    if prediction.state is not None:
        line["state"] = {domain: dict(slots) for domain, slots in prediction.state.items()}
    if prediction.acts is not None:
        line["acts"] = [[act.domain, act.act, act.slot, act.value] for act in prediction.acts]
    if prediction.response is not None:
        line["response"] = prediction.response
    if prediction.active_domains is not None:
        line["active_domains"] = list(prediction.active_domains)
    if prediction.active_intent is not None:
        line["active_intent"] = dict(prediction.active_intent)
    if prediction.requested is not None:
        line["requested"] = {service: list(slots) for service, slots in prediction.requested.items()}
    if prediction.confidence is not None:
        line["confidence"] = {domain: dict(slots) for domain, slots in prediction.confidence.items()}
    for name, extra in (("raw", prediction.raw), ("notes", prediction.notes)):
        if extra:
            line[name] = dict(extra)
    return line


def from_json(line: dict[str, Any]) -> Prediction:
    """The prediction of a line that is valid against `SCHEMA`."""
    acts, active, requested = line.get("acts"), line.get("active_domains"), line.get("requested")
    return Prediction(
        dialogue_id=line["dialogue_id"],
        turn=int(line["turn"]),  # JSON Schema takes 1.0 for an integer
        state=line.get("state"),
        acts=None if acts is None else tuple(Act(*act) for act in acts),
        response=line.get("response"),
        active_domains=None if active is None else tuple(active),
        active_intent=line.get("active_intent"),
        requested=None if requested is None else {service: tuple(slots) for service, slots in requested.items()},
        raw=line.get("raw", {}),
        notes=line.get("notes", {}),
        confidence=line.get("confidence"),
    )


def gold_in(notes: Mapping[str, Any]) -> tuple[str, ...]:
    """The gold that a prediction's notes say its system was shown."""
    noted = notes.get(GOLD_NOTE, ())
    return tuple(map(str, noted)) if isinstance(noted, list) else ()


def usage_in(notes: Mapping[str, Any]) -> dict[str, float]:
    """What a prediction's notes say that the turn took: those of `USAGE_FIELDS` that are numbers from 0."""
    noted = notes.get(USAGE_NOTE)
    if not isinstance(noted, Mapping):
        return {}
    fields = {name: noted[name] for name in USAGE_FIELDS if name in noted}
    return {
        name: float(value)
        for name, value in fields.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
    }


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Writes a prediction file atomically: either the whole file is there afterwards, or what was there before."""
    with atomic_writer(path) as file:
        for prediction in predictions:
            file.write(json.dumps(to_json(prediction), ensure_ascii=False) + "\n")


def read_predictions(path: Path) -> Iterator[Prediction]:
    """Streams a prediction file, every line validated.

    Raises:
        DataError: The file cannot be read or is not UTF-8; a line is not JSON, does not fit the schema, or repeats a
            turn.
    """
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(SCHEMA)
    seen: dict[tuple[str, int], int] = {}
    for number, line in read_lines(path, LONGEST_LINE):
        place = f"{path}, line {number}"
        try:
            record = parse_json(line, place, "the line", halves=True)
        except DataError as error:
            if number > 1:
                raise
            raise DataError(f"{error.problem}; {_REMEDY}", file=place) from None
        for wrong in validator.iter_errors(record):
            where = ".".join(str(part) for part in wrong.absolute_path)
            raise DataError(
                f"{where + ': ' if where else ''}{_brief(wrong.message)}", file=place, dialogue=_id_of(record)
            )
        if lone_surrogate(line, record):
            if lone_surrogate(line, record["dialogue_id"]):
                raise DataError("the dialogue_id has half of a surrogate pair, which is no character", file=place)
            # A model may well write half of an emoji, which no text is equal to, whole or replaced.
            record = without_halves(record)
        prediction = from_json(record)
        if not prediction.dialogue_id.strip():
            raise DataError("the dialogue_id is blank", file=place)
        key = (prediction.dialogue_id, prediction.turn)
        if key in seen:
            raise DataError(f"this turn stands in line {seen[key]} already", file=place, dialogue=key[0], turn=key[1])
        seen[key] = number
        yield prediction


def _brief(message: str) -> str:
    """A validator's message without the middle of the value that it quotes."""
    return message if len(message) < 200 else f"{message[:80]} ... {message[-100:]}"


def _id_of(record: Any) -> str:
    return str(record.get("dialogue_id", "")) if isinstance(record, dict) else ""
