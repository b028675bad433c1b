"""How well one text fits a part of another: the partial ratio of fuzzywuzzy 0.18 without python-Levenshtein.

MultiWOZ_Evaluation (Nekvinda and Dušek 2021) compares names and values by it. Later libraries of that name look for the
best alignment of all and give other numbers: rapidfuzz has 90 where fuzzywuzzy has 85 for ``acorn guest house`` in
``alpha-milton guest house``, which tells whether the two are taken for one venue.
"""

from difflib import SequenceMatcher
from functools import lru_cache

_WHOLE = 0.995
"""A share of matching characters above which a part counts as equal."""

_EXACT_BOUND = 64
"""Longest text for which rapidfuzz tries every alignment, so that its ratio is never below fuzzywuzzy's."""


@lru_cache(maxsize=1 << 16)
def partial_ratio(one: str, other: str) -> int:
    """The ratio of the shorter text and the part of the longer one that it fits best, 0 to 100.

    difflib finds the blocks of characters that both texts have; each block says where the shorter text could lie in the
    longer one, and the best of these places counts. Two equal texts have 100, an empty one has 0 with any other.

    Args:
        one: A text.
        other: Another; of two equally long ones the first is looked for in the second.
    """
    if one == other:
        return 100
    if not one or not other:
        return 0
    shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
    best = 0.0
    for block in SequenceMatcher(None, shorter, longer).get_matching_blocks():
        start = max(block.b - block.a, 0)
        part = longer[start : start + len(shorter)]
        best = max(best, SequenceMatcher(None, shorter, part).ratio())
        if best > _WHOLE:
            return 100
    return round(100 * best)


def reaches(one: str, other: str, ratio: int) -> bool:
    """Whether `partial_ratio` is at least `ratio` (1 to 100); most pairs of texts are settled faster than by it."""
    from rapidfuzz import fuzz

    bounded = 0 < len(one) <= _EXACT_BOUND and 0 < len(other) <= _EXACT_BOUND
    if bounded and round(fuzz.partial_ratio(one, other)) < ratio:
        return False
    return partial_ratio(one, other) >= ratio
