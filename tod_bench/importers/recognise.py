"""Which format a file is in, by its first few records."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tod_bench.corpora.jsonstream import RawFile, array_items, object_members
from tod_bench.errors import UserError
from tod_bench.importers.simpletod import FIELDS as SIMPLETOD
from tod_bench.importers.trade import PREDICTED
from tod_bench.inputs import open_text

_LOOKED_AT = 20
_MWZEVAL = frozenset({"response", "state", "active_domains"})


def recognised_format(path: Path) -> str:
    """The format of a file (or, for ``sgd``, a folder).

    Raises:
        UserError: It is in none that is known, or the file cannot be read.
    """
    if path.is_dir():
        return "sgd"
    with open_text(path) as text:
        bracket = text.read(1 << 16).lstrip()[:1]
    formats: Iterator[str | None] = iter(())
    if bracket == "[":
        formats = map(_of_entry, islice(array_items(RawFile(path)), _LOOKED_AT))
    elif bracket == "{":
        formats = (_of_dialogue(key, value) for key, value in islice(object_members(RawFile(path)), _LOOKED_AT))
    known = next((name for name in formats if name), None)
    if known == "ours":
        raise UserError(f"{path} is a prediction file of tod-bench already; score it as it is")
    if known is None:
        raise UserError(f"{path} is in no format that is known; `tod-bench import --help` shows each of them")
    return known


def _of_entry(entry: Any) -> str | None:
    """The format that an entry of a list belongs to."""
    if isinstance(entry, list):
        return next((name for name in map(_of_entry, entry) if name), None)
    if not isinstance(entry, dict):
        return None
    if "dial_id" in entry:
        return "pptod"
    if "predictions" in entry or "utt_idx" in entry:
        return "convlab3"
    return "sgd" if "dialogue_id" in entry and "turns" in entry else None


def _of_dialogue(name: str, value: Any) -> str | None:
    """The format that a member of an object belongs to: a dialogue with its turns."""
    if name in ("dialogue_id", "turn"):  # the first line of a prediction file of ours
        return "ours"
    if isinstance(value, dict) and any(field in value for field in SIMPLETOD):
        return "simpletod"
    turns = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((format_of_turn for format_of_turn in map(_of_turn, turns) if format_of_turn), None)


def _of_turn(turn: Any) -> str | None:
    if isinstance(turn, list):
        return "trade" if turn else None
    if not isinstance(turn, dict) or not turn:
        return None
    if PREDICTED in turn:
        return "trade"
    if turn.keys() & _MWZEVAL:
        return "mwzeval"
    return "slots" if all("-" in name for name in turn) else None
