"""The prediction file of a submission against the turns of its split: every problem of it, not only the first."""

from collections.abc import Iterator, Mapping
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
from tod_bench.leaderboard.tracks import OpenTrack
from tod_bench.predictions import SCHEMA, from_json
from tod_bench.records import Dialogue, Prediction, TaskName, Turn
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

LISTED = 8
"""Problems of one kind that are listed; the rest is counted."""

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
    answers = Answers()
    faults = _Faults(path.name)
    known = {(dialogue.id, turn.index) for dialogue in track.dialogues for turn in dialogue.turns}
    ids = DialogueIds(dialogue.id for dialogue in track.dialogues)
    try:
        for number, line in read_lines(path, BIGGEST_FILE):
            if line.strip():
                _take(number, line, known, ids, answers.turns, faults)
            if number > 2 * len(known) + LISTED:
                faults.add(
                    "lines", f"there are more than {number:,} lines for {len(known):,} turns; give each turn once"
                )
                break
    except UserError as error:
        faults.add("file", str(error))
    answers.problems += faults.sentences()
    answers.problems += [one for task in tasks for one in _uncovered(task, answers.turns, track)]
    return answers


class _Faults:
    """Problems by kind, of which only the first few are spelt out."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._kinds: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def add(self, kind: str, sentence: str) -> None:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] <= LISTED:
            self._kinds.setdefault(kind, []).append(sentence)

    def sentences(self) -> list[str]:
        found = []
        for kind, listed in self._kinds.items():
            found += [one if one.startswith(self._file) else f"{self._file}: {one}" for one in listed]
            more = self._counts[kind] - len(listed)
            found += [f"{self._file}: and {more:,} more of this kind"] if more else []
        return found


def _take(
    number: int, line: bytes, known: set[tuple[str, int]], ids: DialogueIds, turns: Turns, faults: _Faults
) -> None:
    place = f"line {number}"
    try:
        record = parse_json(line, place)
    except UserError as error:
        faults.add("json", str(error))
        return
    wrong = _schema_errors(record)
    for one in wrong:
        where = ".".join(str(part)[:60] for part in one.absolute_path)
        faults.add("schema", f"{place}{', ' + where if where else ''}: {_brief(one.message)}")
    if wrong:
        return
    prediction = from_json(record)
    named = f"{place}: dialogue {prediction.dialogue_id[:80]!r}, turn {prediction.turn}"
    key = (ids.find(prediction.dialogue_id) or prediction.dialogue_id, prediction.turn)
    if key not in known:
        faults.add("unknown", f"{named} is no turn of the split")
    elif key in turns:
        faults.add("twice", f"{named} stands twice")
    else:
        turns[key] = replace(prediction, dialogue_id=key[0])


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
    found = {
        key: [_bounded(one) for one in value] if isinstance(value, list) else _bounded(value)
        for key, value in schema.items()
    }
    limits: dict[str, dict[str, Any]] = {
        "string": {"maxLength": LONGEST_TEXT},
        "array": {"maxItems": MOST_ITEMS},
        "object": {"maxProperties": MOST_ITEMS, "propertyNames": {"maxLength": LONGEST_NAME}},
        "integer": {"maximum": LAST_TURN},
    }
    return {**limits.get(str(schema.get("type")), {}), **found}


def _uncovered(task: TaskName, turns: Turns, track: OpenTrack) -> Iterator[str]:
    name = FIELDS[task]
    lacking = [
        (dialogue.id, turn.index)
        for dialogue, turn in _gold_turns(task, track)
        if getattr(turns.get((dialogue.id, turn.index)), name, None) is None
    ]
    if lacking:
        first = f"dialogue {lacking[0][0]}, turn {lacking[0][1]}"
        asked = sum(1 for _ in _gold_turns(task, track))
        yield f"{task}: {len(lacking):,} of {asked:,} turns have no predicted {name}, the first in {first}"


def _gold_turns(task: TaskName, track: OpenTrack) -> Iterator[tuple[Dialogue, Turn]]:
    """The turns that have a gold answer to a task, which are all that must be answered."""
    return ((dialogue, turn) for dialogue in track.dialogues for turn in scored_turns(task, dialogue))


def _brief(message: str) -> str:
    """A validator's message without the middle of the value that it quotes."""
    return message if len(message) < 160 else f"{message[:60]} ... {message[-80:]}"
