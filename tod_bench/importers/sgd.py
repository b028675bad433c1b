"""Belief states in SGD's official layout (Rastogi et al. 2020): a folder of ``dialogues_*.json``, as the data itself.

A frame has the state of one service; the states of other services are taken from their last frames, so that a turn's
state is whole. For the corpus's frame view they are dropped again when predictions are matched with it. Active intents
and requested slots are those of the turn's own frames.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tod_bench.corpora.jsonstream import RawFile, array_items
from tod_bench.errors import UserError
from tod_bench.importers.matching import Problems
from tod_bench.records import Prediction


def read_sgd(path: Path, problems: Problems) -> Iterator[Prediction]:
    """Predictions of such a folder (or of one of its files).

    Raises:
        UserError: There are no such files.
        DataError: A file cannot be read or is not a JSON list.
    """
    files = sorted(path.glob("dialogues_*.json")) if path.is_dir() else [path]
    if not files:
        raise UserError(f"{path} has no dialogues_*.json; give the folder with the predictions in SGD's layout")
    for file in files:
        for place, entry in enumerate(array_items(RawFile(file))):
            if isinstance(entry, dict) and isinstance(entry.get("dialogue_id"), str):
                yield from _dialogue(entry, problems)
            else:
                problems.add(f"{file.name}, entry {place} is not a dialogue: it has no dialogue_id")


def _dialogue(entry: dict[str, Any], problems: Problems) -> Iterator[Prediction]:
    name, carried, number = entry["dialogue_id"], dict[str, dict[str, str]](), 0
    for turn in problems.sequence(entry.get("turns"), "turns", dialogue=name):
        fields = problems.mapping(turn, "the turn", dialogue=name, turn=number)
        if fields.get("speaker") == "USER":
            intents, requested = dict[str, str](), dict[str, tuple[str, ...]]()
            for frame in problems.sequence(fields.get("frames"), "frames", dialogue=name, turn=number):
                state, service = _frame(frame, problems, name, number)
                if service is None:
                    continue
                carried = {**carried, service: _values(state, service, problems, name, number)}
                if "active_intent" in state:
                    what = f"the active intent of {service}"
                    intents[service] = problems.text(state["active_intent"], what, dialogue=name, turn=number) or ""
                if "requested_slots" in state:
                    listed = problems.sequence(state["requested_slots"], "requested_slots", dialogue=name, turn=number)
                    texts = [problems.text(slot, "a requested slot", dialogue=name, turn=number) for slot in listed]
                    requested[service] = tuple(text for text in texts if text is not None)
            yield Prediction(
                name,
                number,
                state={service: slots for service, slots in carried.items() if slots},
                active_intent=intents or None,
                requested=requested or None,
            )
            number += 1


def _frame(frame: Any, problems: Problems, dialogue: str, turn: int) -> tuple[Mapping[str, Any], str | None]:
    """The state of a frame as it came, and its service."""
    fields = problems.mapping(frame, "the frame", dialogue=dialogue, turn=turn)
    service = problems.text(fields.get("service"), "the frame's service", dialogue=dialogue, turn=turn)
    return problems.mapping(fields.get("state"), "the frame's state", dialogue=dialogue, turn=turn), service


def _values(state: Mapping[str, Any], service: str, problems: Problems, dialogue: str, turn: int) -> dict[str, str]:
    values = problems.mapping(state.get("slot_values", {}), "slot_values", dialogue=dialogue, turn=turn)
    slots = {}
    for slot, listed in values.items():
        # Gold lists every acceptable value; a prediction has one, and the official script reads the first.
        first = listed[0] if isinstance(listed, list) and listed else listed
        text = problems.text(first, f"the state's {service}-{slot}", dialogue=dialogue, turn=turn)
        if text is not None:
            slots[slot] = text
    return slots
