"""MultiWOZ's venues as MultiWOZ_Evaluation looks them up: sets of ids, from masks kept for each (slot, value).

An entry matches when it meets every constraint that has a column: a departure or arrival time in the right direction, a
name, food, departure or destination by fuzzy match (partial ratio of at least 90), anything else exactly. ``?`` in the
table meets anything; ``dontcare`` asks for nothing.

That script canonicalises the values asked for and takes the table as it is written, although some of its canonical
names ("junction theatre") are not how the tables spell the venue ("the junction"). `Venues` has both readings.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tod_metrics.dialogue.partial_ratio import reaches
from tod_metrics.normalization.mwzeval import TYPES, database_value
from tod_metrics.normalization.mwzeval_script import script_value

Mask = NDArray[np.bool_]
SEARCHED = ("restaurant", "hotel", "attraction", "train")
"""Domains with a table; in taxi, police and hospital nothing is looked up."""

FUZZY: Mapping[str, frozenset[str]] = {
    "restaurant": frozenset({"name", "food"}),
    "hotel": frozenset({"name"}),
    "attraction": frozenset({"name"}),
    "train": frozenset({"departure", "destination"}),
}
RATIO = 90
_SCRIPT_ANY = frozenset({"dontcare", "not mentioned", "don't care", "dont care", "do n't care", "do not care"})
_ANY = _SCRIPT_ANY | {"doesn't care"}
_IGNORED = frozenset({"location", "introduction", "openhours", "signature", "takesbookings"})
_TIME = re.compile(r"([0-9][0-9]):([0-9]{2,})")


class Database(Protocol):
    """Anything that can list a domain's entries: ``query(domain, {})`` gives all of them."""

    def query(self, domain: str, constraints: Mapping[str, str]) -> Iterable[Mapping[str, Any]]:
        """Entries that meet every constraint."""
        ...


class Venues:
    """The searched tables, indexed.

    Args:
        database: The database.
        as_script: Take the tables as they are written and canonicalise only what is asked for, as the script does; else
            both are canonicalised.

    Raises:
        ValueError: A table is missing or empty.
    """

    def __init__(self, database: Database, *, as_script: bool = False) -> None:
        table = _ScriptTable if as_script else _Table
        self._tables = {domain: table(domain, database.query(domain, {})) for domain in SEARCHED}

    def ids(self, domain: str, constraints: Mapping[str, str]) -> frozenset[int]:
        """Numbers of the venues (of trains, of train ids) that meet the constraints."""
        return self._tables[domain].ids(constraints)


class _Table:
    """A table whose values are canonicalised like those asked for, case left aside."""

    def __init__(self, domain: str, entries: Iterable[Mapping[str, Any]]) -> None:
        rows = [{name.lower().replace(" ", ""): value for name, value in entry.items()} for entry in entries]
        if not rows:
            raise ValueError(f"the database has no {domain} table, which Inform and Success look venues up in")
        self._fuzzy = FUZZY[domain]
        self._columns = {
            name: [self.entry_value(name, str(row.get(name, "?"))) for row in rows]
            for name in rows[0]
            if name not in _IGNORED and isinstance(rows[0][name], str)
        }
        key = self._columns.get("trainid" if domain == "train" else "id") or list(map(str, range(len(rows))))
        number = {value: place for place, value in enumerate(dict.fromkeys(key))}
        self._numbers = np.array([number[value] for value in key])
        self._masks: dict[tuple[str, str], Mask] = {}
        self._answers: dict[frozenset[tuple[str, str]], frozenset[int]] = {}

    @staticmethod
    def entry_value(column: str, value: str) -> str:
        """An entry's value as it is compared."""
        return database_value(column, value.lower())

    @staticmethod
    def asked_value(column: str, value: str) -> str:
        """A value asked for, as it is compared."""
        return database_value(column, value.lower().strip())

    @staticmethod
    def is_any(value: str) -> bool:
        """Whether a value asks for nothing."""
        return value.lower() in _ANY

    def ids(self, constraints: Mapping[str, str]) -> frozenset[int]:
        asked = frozenset(
            (column, value)
            for column, value in constraints.items()
            if column in self._columns and not self.is_any(value)
        )
        if asked not in self._answers:
            mask: Mask = np.ones(len(self._numbers), dtype=bool)
            for column, value in asked:
                mask = mask & self._meeting(column, value)
            self._answers[asked] = frozenset(self._numbers[mask].tolist())
        return self._answers[asked]

    def _meeting(self, column: str, value: str) -> Mask:
        if (column, value) not in self._masks:
            meets = self._test(column, self.asked_value(column, value))
            values = self._columns[column]
            distinct = {has: has == "?" or meets(has) for has in set(values)}
            self._masks[column, value] = np.array([distinct[has] for has in values], dtype=bool)
        return self._masks[column, value]

    def _test(self, column: str, wanted: str) -> Callable[[str], bool]:
        limit = minutes(wanted)
        if column == "arriveby":
            return lambda has: minutes(has) <= limit
        if column == "leaveat":
            return lambda has: minutes(has) >= limit
        if column in self._fuzzy:
            return lambda has: reaches(has, wanted, RATIO)
        return lambda has: has == wanted


class _ScriptTable(_Table):
    """A table as it is written; only a type that the released attraction table misspells is what the script's has."""

    @staticmethod
    def entry_value(column: str, value: str) -> str:
        return TYPES.get(value, value) if column == "type" else value

    @staticmethod
    def asked_value(column: str, value: str) -> str:
        return script_value(column, value)

    @staticmethod
    def is_any(value: str) -> bool:
        return value in _SCRIPT_ANY


@lru_cache(maxsize=10_000)
def minutes(time: str) -> int:
    """Minutes since midnight of ``HH:MM``; 0 for anything else, as the script has it."""
    found = _TIME.match(time)
    return int(found[1]) * 60 + int(found[2]) if found else 0
