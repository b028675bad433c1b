"""The prediction file of a submission against the turns of its split: every problem of it, not only the first."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from tod_bench.corpora.annotations import scored_turns
from tod_bench.dialogue_ids import DialogueIds
from tod_bench.errors import UserError
from tod_bench.leaderboard.bounds import parse_json, read_lines
from tod_bench.leaderboard.problems import LISTED, Problems
from tod_bench.leaderboard.tracks import OpenTrack
from tod_bench.predictions import SCHEMA, from_json
from tod_bench.records import Prediction, TaskName
from tod_bench.scoring.metrics import FIELDS

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

BIGGEST_FILE = 1 << 27
"""Bytes of a prediction file, packed or not."""

LONGEST_TEXT = 4_000
"""Characters of one name, value or response."""

LONGEST_NAME = 200
"""Characters of the name of a domain or slot."""

MOST_ITEMS = 500
"""Members of one list or object."""

LAST_TURN = 10_000
"""Greatest number of a turn."""

Turns = dict[tuple[str, int], Prediction]


_Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
_Named = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
_Slots = Annotated[dict[_Named, _Text], msgspec.Meta(max_length=MOST_ITEMS)]
_Act = Annotated[list[_Text], msgspec.Meta(min_length=2, max_length=4)]


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """A line that the schema surely accepts; `test_what_is_accepted_quickly_is_valid` holds the two together."""

    dialogue_id: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]
    turn: Annotated[int, msgspec.Meta(ge=0, le=LAST_TURN)]
    state: Annotated[dict[_Named, _Slots], msgspec.Meta(max_length=MOST_ITEMS)] | msgspec.UnsetType = msgspec.UNSET
    acts: Annotated[list[_Act], msgspec.Meta(max_length=MOST_ITEMS)] | msgspec.UnsetType = msgspec.UNSET
    response: _Text | msgspec.UnsetType = msgspec.UNSET
    active_domains: Annotated[list[_Text], msgspec.Meta(max_length=MOST_ITEMS)] | msgspec.UnsetType = msgspec.UNSET


@dataclass
class Answers:
    """What a prediction file answers, and what is wrong with it.

    Attributes:
        turns: (dialogue id, turn) -> prediction.
        problems: Why it cannot be accepted, a sentence each.
    """

    turns: Turns = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_answers(path: Path, track: OpenTrack, tasks: tuple[TaskName, ...]) -> Answers:
    """Reads a prediction file of a submission and checks it against its track.

    Args:
        path: The file, JSON Lines or gzipped JSON Lines.
        track: The track.
        tasks: The tasks that every turn has to be answered for.
    """
    turns: Turns = {}
    problems = Problems(path.name)
    known = {(dialogue.id, turn.index) for dialogue in track.dialogues for turn in dialogue.turns}
    ids = DialogueIds(dialogue.id for dialogue in track.dialogues)
    try:
        for number, line in read_lines(path, BIGGEST_FILE):
            prediction = _read_line(f"line {number}", line, problems) if line.strip() else None
            if prediction is not None:
                key = (ids.find(prediction.dialogue_id) or prediction.dialogue_id, prediction.turn)
                where = f"line {number}: dialogue {prediction.dialogue_id[:80]!r}, turn {prediction.turn}"
                if key not in known:
                    problems.add("unknown", f"{where} is no turn of the split")
                elif key in turns:
                    problems.add("twice", f"{where} is given twice")
                else:
                    turns[key] = replace(prediction, dialogue_id=key[0])
            if number > 2 * len(known) + LISTED:
                too_many = f"there are more than {number:,} lines for {len(known):,} turns; give each turn once"
                problems.add("lines", too_many)
                break
    except UserError as error:
        problems.add("file", str(error))
    return Answers(turns, problems.sentences() + _unanswered(tasks, turns, track))


def _read_line(where: str, line: bytes, problems: Problems) -> Prediction | None:
    """The prediction of a line that the schema accepts; None, and its problems told, of any other."""
    try:
        record = parse_json(line, where)
    except UserError as error:
        problems.add("json", str(error))
        return None
    faults = _schema_errors(record)
    for fault in faults:
        key = ".".join(str(part)[:60] for part in fault.absolute_path)
        message = fault.message
        if len(message) >= 160:  # The middle of the value that it quotes is left out.
            message = f"{message[:60]} ... {message[-80:]}"
        problems.add("schema", f"{where}{', ' + key if key else ''}: {message}")
    return None if faults else from_json(record)


def _schema_errors(record: Any) -> "list[ValidationError]":
    """What the schema has against a line; the validator, a hundred times slower, is asked only where there is doubt."""
    try:
        msgspec.convert(record, _Line)
    except (msgspec.ValidationError, UnicodeEncodeError):
        return list(islice(_validator().iter_errors(record), LISTED))
    return []


@cache
def _validator() -> "Draft202012Validator":
    """The schema of prediction files without what only their makers need, and with every text bounded."""
    from jsonschema import Draft202012Validator

    fields = {name: _bounded(value) for name, value in SCHEMA["properties"].items() if name not in ("raw", "notes")}
    return Draft202012Validator({**SCHEMA, "properties": fields})


def _bounded(schema: Any) -> Any:
    """A schema in which texts, lists and objects, and the names in objects, have a greatest length."""
    if not isinstance(schema, Mapping):
        return schema
    inner = {
        key: [_bounded(part) for part in value] if isinstance(value, list) else _bounded(value)
        for key, value in schema.items()
    }
    limits: dict[str, dict[str, Any]] = {
        "string": {"maxLength": LONGEST_TEXT},
        "array": {"maxItems": MOST_ITEMS},
        "object": {"maxProperties": MOST_ITEMS, "propertyNames": {"maxLength": LONGEST_NAME}},
        "integer": {"maximum": LAST_TURN},
    }
    return {**limits.get(str(schema.get("type")), {}), **inner}


def _unanswered(tasks: tuple[TaskName, ...], turns: Turns, track: OpenTrack) -> list[str]:
    """For each task, how many of the turns with a gold answer to it, which are all that must be answered, are not."""
    problems = []
    for task in tasks:
        name = FIELDS[task]
        gold = [(dialogue.id, turn.index) for dialogue in track.dialogues for turn in scored_turns(task, dialogue)]
        missing = [key for key in gold if getattr(turns.get(key), name, None) is None]
        if missing:
            first = f"dialogue {missing[0][0]}, turn {missing[0][1]}"
            problems.append(
                f"{task}: {len(missing):,} of {len(gold):,} turns have no predicted {name}, the first in {first}"
            )
    return problems
