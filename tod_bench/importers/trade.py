"""Belief states in TRADE's form (Wu et al. 2019): dialogue -> turn -> list of ``domain-slot-value``.

    {"SNG0073.json": {"0": ["hotel-area-east", "hotel-book day-friday"]}}

TRADE's own files have an object for each turn, with the gold list under ``turn_belief`` and the predicted one under
``pred_bs_ptr``, which is the one that is taken. A slot predicted as ``none`` is left out, as TRADE does.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tod_bench.corpora.jsonstream import RawFile, object_members
from tod_bench.importers.matching import Problems
from tod_bench.importers.slots import numbered_turns
from tod_bench.records import Prediction
from tod_metrics.normalization.slots import canonical_slot

PREDICTED = "pred_bs_ptr"


def read_trade(path: Path, problems: Problems) -> Iterator[Prediction]:
    """Predictions of such a file, slots in canonical spelling.

    Raises:
        DataError: The file cannot be read or is not a JSON object.
    """
    for dialogue, turns in object_members(RawFile(path)):
        for number, turn in numbered_turns(turns, problems, dialogue):
            yield Prediction(dialogue, number, state=_state(turn, problems, dialogue, number))


def _state(turn: Any, problems: Problems, dialogue: str, number: int) -> dict[str, dict[str, str]]:
    if isinstance(turn, dict):
        if PREDICTED not in turn:
            problems.add(f"the turn has no {PREDICTED}, the list of predicted values", dialogue=dialogue, turn=number)
            return {}
        turn = turn[PREDICTED]
    state: dict[str, dict[str, str]] = {}
    for entry in problems.sequence(turn, "the list of predicted values", dialogue=dialogue, turn=number):
        text = problems.text(entry, "a predicted value", dialogue=dialogue, turn=number)
        parts = (text or "").split("-", 2)
        if text is not None and len(parts) != 3:
            problems.add(f"{text!r} is not domain-slot-value", dialogue=dialogue, turn=number)
        elif text is not None and parts[2].strip() != "none":
            domain, slot = canonical_slot(parts[0], parts[1])
            state.setdefault(domain, {})[slot] = parts[2]
    return state
