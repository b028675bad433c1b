"""The normalisers of values that build on each other: `strict`, `trade`, `detok`.

    value ──strict──▶ case, blanks, spellings of absence ──trade──▶ TRADE's repair of labels ──detok──▶ no tokenisation

A normaliser is a function of (domain, slot, value). It returns ``""`` for a value that was never given, ``none`` for
one that was given as none (a protocol may keep it), ``dontcare``, or the value in comparable form.

TRADE (Wu et al. 2019, `create_data.py` and `utils/fix_label.py` of its repository) rewrites the text of a value and
then repairs typos, values that belong to another slot, and values outside of the ontology. Only gold went through it
there; here both sides do, so that the text of a prediction is not held against it. Values of other corpora are left as
`strict` makes them: the repairs are facts about MultiWOZ.

Systems trained on tokenised text write tokenised values (``15 : 00``, ``john 's``, ``price -s``); a published one gains
19 points of JGA by `detok` alone.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from tod_metrics.normalization.repairs import (
    ABSENT,
    BY_PART,
    BY_SLOT,
    DONTCARE,
    NONE,
    NUMBER_WORDS,
    TYPOS,
    WORDS,
)
from tod_metrics.normalization.slots import MULTIWOZ_SLOTS, MULTIWOZ_UNSCORED

_NOT_A_LETTER = re.compile(r"[^a-z]")
_ANY_VALUE = frozenset({"dontcare", "donotcare", "doesntcare", "doesnotcare"})
_PUNCTUATION = re.compile(r"(?<!\d)[?.,!]|[?.,!](?!\d)")
_HYPHEN = re.compile(r"-(?!(?:s|es|ly|er|est|ed|ing)\b)|(?<=\S)-")
_REMOVED = re.compile(r"[\"<>@()]")
_QUOTE = re.compile(r"^'|'$|'(?=\s)|(?<=\s)'")
_NUMBERS = re.compile(r"(?<!\S)\d+(?: \d+)+(?!\S)")
_SUFFIX = re.compile(r" -(?=(?:s|es|ly|er|est|ed|ing)\b)| ?'(?= ?s\b)| (?=n't\b|'(?:t|re|ve|ll|d|m)\b)")
_LONE_S = re.compile(r" s(?!\S)")
_BETWEEN_DIGITS = re.compile(r"(?<=\d) ?([:.,]) ?(?=\d)")
_AROUND_HYPHEN = re.compile(r" ?- ?")
_BEFORE = re.compile(r" (?=[?.,!;:)\]])")
_AFTER = re.compile(r"(?<=[(\[£$]) ")


@lru_cache(maxsize=1 << 16)
def strict(domain: str, slot: str, value: str) -> str:  # noqa: ARG001
    """Lower-cases a value, collapses its blanks, and unites the spellings of absence and of dontcare."""
    text = " ".join(value.lower().split())
    if text == "not mentioned":
        return ABSENT
    if len(text) < 20 and "care" in text and _NOT_A_LETTER.sub("", text) in _ANY_VALUE:
        return DONTCARE
    return text


@lru_cache(maxsize=1 << 16)
def trade(domain: str, slot: str, value: str) -> str:
    """A value as TRADE compares it; ``none`` where the repair says that it is no value."""
    plain = strict(domain, slot, value)
    if plain in (ABSENT, NONE, DONTCARE) or not rewrites(domain):
        return plain
    return repaired(f"{domain}-{slot}", rewritten(plain))


def rewrites(domain: str) -> bool:
    """Whether values of a domain are rewritten and repaired: those of MultiWOZ's."""
    return domain in MULTIWOZ_SLOTS or domain in MULTIWOZ_UNSCORED


def rewritten(text: str) -> str:
    """TRADE's rewriting of a lower-case text: abbreviations, punctuation, contractions, numbers."""
    text = text.replace("b&b", "bed and breakfast").replace("b and b", "bed and breakfast")
    text = text.replace("‘", "'").replace("’", "'").replace(";", ",").replace("/", " and ")
    text = _REMOVED.sub("", _HYPHEN.sub(" ", text))
    text = _PUNCTUATION.sub(r" \g<0> ", text).replace("'s", " 's ")
    text = " ".join(_QUOTE.sub("", " ".join(text.split())).split())
    for word, replacement in WORDS.items():
        # As there, blanks are part of what is replaced, so that of two equal words in a row the second stays.
        text = f" {text} ".replace(f" {word} ", f" {replacement} ")[1:-1]
    return joined_numbers(text)


def joined_numbers(text: str) -> str:
    """A text with the blanks between its numbers taken out: ``1 7`` is ``17``."""
    return _NUMBERS.sub(lambda run: run.group().replace(" ", ""), text)


def repaired(slot: str, value: str) -> str:
    """TRADE's label repair of one value; `slot` is ``domain-slot``."""
    value = TYPOS.get(value, value)
    return _repairs(slot).get(value, value)


@cache
def _repairs(slot: str) -> Mapping[str, str]:
    """What becomes of which value of a slot once its typos are mended."""
    of_part = next((repairs for part, repairs in BY_PART.items() if part in slot), {})
    return {**of_part, **BY_SLOT.get(slot, {})}


@lru_cache(maxsize=1 << 16)
def detok(domain: str, slot: str, value: str) -> str:
    """A value as `trade` has it, with every number word a number, and the blanks of a tokeniser taken out."""
    text = trade(domain, slot, value)
    return joined(numbered(text) if rewrites(domain) else text)


def numbered(text: str) -> str:
    """A text with number words as numbers, also the second of two equal ones, which TRADE leaves (``2 two``)."""
    words = text.split(" ")
    if NUMBER_WORDS.keys().isdisjoint(words):
        return text
    return joined_numbers(" ".join(NUMBER_WORDS.get(word, word) for word in words))


def joined(text: str) -> str:
    """A text without the blanks that a tokeniser puts before suffixes and around punctuation."""
    if " " not in text and "'" not in text:
        return text
    text = _LONE_S.sub("s", _SUFFIX.sub("", text))
    text = _AROUND_HYPHEN.sub("-", _BETWEEN_DIGITS.sub(r"\1", text))
    return _AFTER.sub("", _BEFORE.sub("", text))
