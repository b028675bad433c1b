"""Belief states as slots by their full names: dialogue -> turns -> ``domain-slot`` -> value.

    {"SNG0073.json": [{"restaurant-area": "centre", "hotel-book day": "friday"}, {...}]}

The turns are a list, or an object by number (``{"0": {...}}``). A value that is a list of one is that one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tod_bench.corpora.jsonstream import RawFile, object_members
from tod_bench.importers.matching import Problems
from tod_bench.records import Prediction
from tod_metrics.normalization.slots import canonical_slot


def read_slots(path: Path, problems: Problems) -> Iterator[Prediction]:
    """Predictions of such a file, slots in canonical spelling.

    Raises:
        DataError: The file cannot be read or is not a JSON object.
    """
    for dialogue, turns in object_members(RawFile(path)):
        for number, turn in numbered_turns(turns, problems, dialogue):
            yield Prediction(dialogue, number, state=_state(turn, problems, dialogue, number))


def numbered_turns(turns: Any, problems: Problems, dialogue: str) -> Iterator[tuple[int, Any]]:
    """The turns of a dialogue, a list or an object by number, each with its number."""
    if not isinstance(turns, dict | list):
        problems.add("what the dialogue's id leads to is neither turns by number nor a list of them", dialogue=dialogue)
        return
    for name, turn in turns.items() if isinstance(turns, dict) else enumerate(turns):
        if isinstance(name, str) and not (name.isascii() and name.isdigit() and len(name) < 6):
            problems.add(f"{name!r} is not the number of a turn", dialogue=dialogue)
        else:
            yield int(name), turn


def _state(turn: Any, problems: Problems, dialogue: str, number: int) -> dict[str, dict[str, str]]:
    state: dict[str, dict[str, str]] = {}
    for name, given in problems.mapping(turn, "the turn", dialogue=dialogue, turn=number).items():
        value = given[0] if isinstance(given, list) and len(given) == 1 else given
        text = problems.text(value, f"the value of {name}", dialogue=dialogue, turn=number)
        domain, dash, slot = name.partition("-")
        if not (dash and domain.strip() and slot.strip()):
            problems.add(f"{name!r} is not domain-slot", dialogue=dialogue, turn=number)
        elif text is not None:
            where, canonical = canonical_slot(domain, slot)
            if canonical in state.setdefault(where, {}):
                problems.add(f"{name!r} is given twice, in two spellings", dialogue=dialogue, turn=number)
            state[where][canonical] = text
    return state
