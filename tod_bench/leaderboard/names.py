"""Names that strangers give their systems: what may be in one, and which names look alike.

A name must be readable as it is: nothing invisible, nothing that turns text around, no letters of two alphabets in one
word. Two names look alike when their skeletons are the same (Unicode Technical Standard 39, section 4).
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from tod_bench.errors import extra_needed

MARKS = 2
"""Combining marks that may follow one letter; more of them pile up over other lines."""

_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d159\U000e0100-\U000e01ef]"
)
"""Characters that count as printable and show nothing: fillers, variation selectors, the blank Braille pattern."""

_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC")
"""Alphabets with letters of the same shape."""


def check_text(text: str) -> str:
    """A line of text as it is, if a reader can see all of it.

    Raises:
        ValueError: It has characters that are invisible, control the line or turn it around, or blanks around it.
    """
    if not text.isprintable() or text != text.strip() or _BLANK.search(text):
        raise ValueError("write it in one line of printable characters, without blanks around it")
    marks = 0
    for place, one in enumerate(text):
        marks = marks + 1 if unicodedata.combining(one) else 0
        if marks > (MARKS if place >= marks else 0):
            raise ValueError("write it without combining marks that stand alone or pile up")
    return text


def check_name(text: str) -> str:
    """A name as it is, if it is written in the characters that it shows.

    Raises:
        ValueError: As in `check_text`; or it is not in Unicode's form NFKC, has blanks in a row, no letter or digit,
            or letters of two alphabets in one word.
    """
    check_text(text)
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if plain != text:
        raise ValueError(f"write it in plain characters and single blanks, as {plain!r}")
    if not any(one.isalnum() for one in text):
        raise ValueError("a name needs a letter or a digit")
    for word in re.findall(r"[^\W\d_]+", text):
        alphabets = {name for one in word if (name := unicodedata.name(one, "").split(" ")[0]) in _ALPHABETS}
        if len(alphabets) > 1:
            mixed = " and ".join(sorted(one.capitalize() for one in alphabets))
            raise ValueError(f"the word {word!r} mixes {mixed} letters, which look alike; write it in one alphabet")
    return text


def look_alike(one: str, other: str) -> bool:
    """Whether two different names can be taken for each other, also when capitals and small letters are.

    Raises:
        UserError: The package with the table of look-alikes is not installed.
    """
    return one != other and not _looks(one).isdisjoint(_looks(other))


@cache
def skeleton(text: str) -> str:
    """What a text looks like: equal for texts that are easily taken for each other (TS 39, section 4).

    Raises:
        UserError: The package with the table of look-alikes is not installed.
    """
    table = _prototypes()
    drawn = "".join(table.get(one, one) for one in unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFD", drawn)


def _looks(text: str) -> set[str]:
    # Before and after folding: `l` looks like `I`, which folding turns into `i`.
    return {skeleton(text).casefold(), skeleton(text.casefold())}


@cache
def _prototypes() -> Mapping[str, str]:
    """Character -> the characters that stand for all that look like it, from Unicode's ``confusables.txt``.

    The package lists pairs in both directions. A prototype has many partners, every other character has one, its
    prototype; of a pair of which neither has more, the first by code point is taken.
    """
    with extra_needed("report", "comparing the names of submissions"):
        from confusable_homoglyphs.confusables import confusables_data
    partners = {_unmarked(text): [_unmarked(one["c"]) for one in found] for text, found in confusables_data.items()}
    prototypes = {}
    for text, (first, *more) in partners.items():
        if len(text) == 1 and not more and (len(partners[first]) > 1 or len(first) > 1 or first < text):
            prototypes[text] = first
    return prototypes


def _unmarked(text: str) -> str:
    return text.replace("\u200e", "")
