"""Values of the database in texts: the longest first, from left to right, whatever their case and apostrophes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tod_bench.interact.world import World

_TOKEN: Final = re.compile(r"[a-z0-9]+(?:[.:][0-9]+)*")
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIMES: Final = frozenset({"leaveat", "arriveby"})
_COUNTED: Final = frozenset({"stars", "internet", "parking"})
"""Columns whose values say nothing on their own (``4``, ``yes``)."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A value of the database in a text.

    Attributes:
        start: First token.
        end: One past the last token.
        meanings: Domains and columns that have the value, with the value as the database spells it.
    """

    start: int
    end: int
    meanings: tuple[tuple[str, str, str], ...]


def tokens(text: str) -> list[str]:
    """The tokens of a text: words and numbers, in lower case, without apostrophes."""
    return _TOKEN.findall(text.lower().replace("'", "").replace("’", ""))


class Lexicon:
    """All values of a world's tables that can be recognised where they stand.

    Args:
        world: The world.
    """

    def __init__(self, world: World) -> None:
        meanings: dict[tuple[str, ...], dict[tuple[str, str, str], None]] = {}
        for domain, table in world.tables.items():
            for named in table.entities.values():
                for entry in named:
                    for column, value in entry.items():
                        if column not in _TIMES | _COUNTED:
                            meanings.setdefault(tuple(tokens(value)), {})[domain, column, value] = None
        for day in _DAYS:
            meanings[(day,)] = {("", "day", day): None}
        meanings.pop((), None)
        self._meanings = {phrase: tuple(found) for phrase, found in meanings.items()}
        self._lengths: dict[str, tuple[int, ...]] = {}
        for phrase in meanings:
            self._lengths[phrase[0]] = (*self._lengths.get(phrase[0], ()), len(phrase))
        self._lengths = {first: tuple(sorted(set(all_of), reverse=True)) for first, all_of in self._lengths.items()}

    def mentions(self, words: Sequence[str]) -> list[Mention]:
        """The values in a text.

        Args:
            words: Its tokens.
        """
        found, place = [], 0
        while place < len(words):
            for length in self._lengths.get(words[place], ()):
                meanings = self._meanings.get(tuple(words[place : place + length]))
                if meanings:
                    found.append(Mention(place, place + length, meanings))
                    place += length
                    break
            else:
                place += 1
        return found
