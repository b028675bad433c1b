"""MultiWOZ's databases of venues and trains, with the field's usual matching.

A venue matches when it has every value asked for. A train's ``leaveat`` asks for a departure at that time or later, its
``arriveby`` for an arrival at that time or earlier (as the official database pointer and Nekvinda & Dušek 2021, "Shades
of BLEU, Flavours of Success", do). ``dontcare`` and empty values ask for nothing, nor do slots that the table has no
column for (bookings, say); an unknown value in the table (``?``) meets every constraint.
"""

import math
import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tod_bench.corpora.jsonstream import RawFile, load_json
from tod_bench.errors import DataError
from tod_bench.records import State, first_values

Rows = NDArray[np.bool_]
Entry = Mapping[str, Any]

COUNTED = ("restaurant", "hotel", "attraction", "train")
"""Domains whose matches are counted for a state; the others have no table worth counting."""

_UNBOUND = {"", "none", "notmentioned", "dontcare", "doesntcare", "dontcares", "donotcare", "any", "?"}
_SPELLINGS = {"center": "centre", "concerthallscinema": "concerthall", "free": "yes"}
_FUZZY = {"name", "food", "departure", "destination"}
_KEPT = 10_000
"""Answers that a table keeps: systems can ask for anything, and memory is to stay flat."""
_TIME = re.compile(r"(\d{1,2})\s*[:.]?\s*(\d{2})?\s*([ap])?\.?m?\.?\b")


class VenueDatabase:
    """Tables of venues, indexed by value.

    Args:
        tables: Domain -> its entries.
        fuzzy: Take a name, food, departure or destination as equal when the partial ratio of the spellings (0 to 100)
            is at least this much, as mwzeval does with 90; None asks for equality up to case, blanks and punctuation.
    """

    def __init__(self, tables: Mapping[str, Iterable[Mapping[str, Any]]], fuzzy: float | None = None) -> None:
        self.fuzzy = fuzzy
        self._tables = {domain: _Table(entries, fuzzy) for domain, entries in tables.items()}

    @property
    def domains(self) -> tuple[str, ...]:
        """Domains that have a table."""
        return tuple(self._tables)

    def entries(self, domain: str) -> list[Entry]:
        """All entries of a domain, in file order."""
        return list(self._tables[domain].entries) if domain in self._tables else []

    def query(self, domain: str, constraints: Mapping[str, str]) -> list[Entry]:
        """Entries that meet every constraint, in file order."""
        if domain not in self._tables:
            return []
        table = self._tables[domain]
        return [table.entries[row] for row in np.flatnonzero(table.matching(constraints))]

    def count(self, domain: str, constraints: Mapping[str, str]) -> int:
        """Number of entries that meet every constraint."""
        return int(self._tables[domain].matching(constraints).sum()) if domain in self._tables else 0

    def matches(self, state: State) -> dict[str, int]:
        """Domain -> number of entries that meet the first value of each slot, for the state's domains in `COUNTED`."""
        return {
            domain: self.count(domain, slots)
            for domain, slots in first_values(state).items()
            if domain in COUNTED and domain in self._tables
        }


class _Table:
    """One domain's entries, with the answers to what was asked before."""

    def __init__(self, entries: Iterable[Mapping[str, Any]], fuzzy: float | None) -> None:
        self.entries: tuple[Entry, ...] = tuple(
            {_column(name): value for name, value in entry.items()} for entry in entries
        )
        names = {name for entry in self.entries for name, value in entry.items() if isinstance(value, str)}
        self._columns = {name: _Column([str(entry.get(name, "?")) for entry in self.entries]) for name in names}
        self._fuzzy = fuzzy
        self._answers: dict[frozenset[tuple[str, str]], Rows] = {}
        self._having: dict[tuple[str, str], Rows] = {}

    def matching(self, constraints: Mapping[str, str]) -> Rows:
        """Which entries meet every constraint."""
        binding = frozenset(
            (column, value)
            for column, value in constraints.items()
            if column in self._columns and plain(value) not in _UNBOUND
        )
        if binding not in self._answers:
            rows: Rows = np.ones(len(self.entries), dtype=bool)
            for column, value in binding:
                rows = rows & self._rows(column, value)
            if len(self._answers) >= _KEPT:
                self._answers.clear()
            self._answers[binding] = rows
        return self._answers[binding]

    def _rows(self, name: str, value: str) -> Rows:
        if (name, value) not in self._having:
            column = self._columns[name]
            if name in ("leaveat", "arriveby"):
                rows = column.in_time(value, earliest=name == "leaveat")
            elif self._fuzzy is not None and name in _FUZZY:
                rows = column.like(value, self._fuzzy)
            else:
                rows = column.plain == plain(value)
            if len(self._having) >= _KEPT:
                self._having.clear()
            self._having[name, value] = rows | column.unknown
        return self._having[name, value]


class _Column:
    """A column's values, in the forms in which they are compared."""

    def __init__(self, values: list[str]) -> None:
        self._values = values
        self.plain = np.array([plain(value) for value in values], dtype=object)
        self.unknown: Rows = np.array([value == "?" for value in values], dtype=bool)

    @cached_property
    def _minutes(self) -> NDArray[np.float64]:
        """Minutes since midnight; not a number where a value is no time, which compares as false."""
        return np.array([math.nan if (time := minutes(value)) is None else time for value in self._values])

    def in_time(self, value: str, *, earliest: bool) -> Rows:
        """Rows whose time is `value` or later (`earliest`) or earlier; none where it is no time."""
        bound = minutes(value)
        if bound is None:
            return np.zeros(len(self._values), dtype=bool)
        return self._minutes >= bound if earliest else self._minutes <= bound

    def like(self, value: str, ratio: float) -> Rows:
        """Rows whose spelling has at least this partial ratio with the value's."""
        from rapidfuzz import fuzz

        return np.array([fuzz.partial_ratio(has, value.lower()) >= ratio for has in self._values], dtype=bool)


def database_files(files: Mapping[str, RawFile]) -> dict[str, RawFile]:
    """Those of some files (by base name) that are tables of a database: ``<domain>_db.json``, taxi's excepted."""
    return {name: file for name, file in files.items() if name.endswith("_db.json") and name != "taxi_db.json"}


def read_database(files: Mapping[str, RawFile], fuzzy: float | None = None) -> VenueDatabase | None:
    """The database of `database_files`; None where there are none.

    Raises:
        DataError: A file is not a table.
    """
    tables = {}
    for name, file in files.items():
        entries = load_json(file)
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise DataError("the database is not a list of entries", file=str(file))
        tables[name.removesuffix("_db.json")] = entries
    return VenueDatabase(tables, fuzzy) if tables else None


@lru_cache(maxsize=30_000)
def plain(value: str) -> str:
    """A value for comparison: lower case, letters and digits only, no leading article, one spelling of ``centre``."""
    text = value.lower().strip()
    letters = "".join(character for character in text.removeprefix("the ") if character.isalnum() or character == "?")
    return _SPELLINGS.get(letters, letters)


def minutes(time: str) -> int | None:
    """Minutes since midnight of ``17:15``, ``5:15 pm``, ``1715`` or ``after 9``; None where there is no time in it."""
    match = _TIME.search(time.lower())
    if not match:
        return None
    hours, past, half = int(match[1]), int(match[2] or 0), match[3]
    if half == "p" and hours < 12:
        hours += 12
    elif half == "a" and hours == 12:
        hours = 0
    return hours * 60 + past


def _column(name: str) -> str:
    """``leaveAt`` -> ``leaveat``, ``entrance fee`` -> ``entrancefee``: the canonical slot names of states."""
    return name.lower().replace(" ", "")
