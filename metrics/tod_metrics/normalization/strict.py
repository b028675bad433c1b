"""The first normaliser, ``strict``: case, blanks, and the spellings of "no value" and "any value".

A normaliser is a function of (domain, slot, value). It returns ``""`` for a value that was never given, ``none`` for
one that was given as none (a protocol may keep it), ``dontcare``, or the value in comparable form.
"""

import re
from functools import lru_cache

ABSENT = ""
NONE = "none"
DONTCARE = "dontcare"

_NOT_A_LETTER = re.compile(r"[^a-z]")
_ANY_VALUE = frozenset({"dontcare", "donotcare", "doesntcare", "doesnotcare"})


@lru_cache(maxsize=1 << 16)
def strict(domain: str, slot: str, value: str) -> str:  # noqa: ARG001
    """Lower-cases a value, collapses its blanks, and unites the spellings of absence and of dontcare."""
    text = " ".join(value.lower().split())
    if text == "not mentioned":
        return ABSENT
    if len(text) < 20 and "care" in text and _NOT_A_LETTER.sub("", text) in _ANY_VALUE:
        return DONTCARE
    return text
