"""When two values of a slot are the same, however they are spelt."""

import re
from functools import lru_cache
from typing import Final

from tod_bench.corpora.database import minutes, plain

_TIMES: Final = ("leaveat", "arriveby", "book time")
_COUNTS: Final = ("book people", "book stay")
_DAY: Final = ("book day", "day")
_DAYS: Final = re.compile(r"\b(mon|tues|wednes|thurs|fri|satur|sun)day\b")
_NUMBER: Final = re.compile(r"\d+|\b(?:one|two|three|four|five|six|seven|eight|nine|ten)\b")
_WORDS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def same(slot: str, one: str, other: str) -> bool:
    """Whether two values of a slot are the same.

    Times are compared as times (a text without one is no time, and the same as nothing), numbers of people and nights
    as numbers (``2`` is ``two people``), days as weekdays, and all else without case, blanks and punctuation.
    """
    if slot in _TIMES:
        return minutes(one) is not None and minutes(one) == minutes(other)
    return _compared(slot, one) == _compared(slot, other)


@lru_cache(maxsize=20_000)
def _compared(slot: str, value: str) -> str:
    found = None
    if slot in _COUNTS:
        found = _NUMBER.search(value.lower())
    elif slot in _DAY:
        found = _DAYS.search(value.lower())
    if not found:
        return plain(value)
    word = found[0]
    return str(_WORDS.index(word)) if word in _WORDS else str(int(word)) if word.isdecimal() else word
