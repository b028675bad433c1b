"""The second normaliser, ``trade``: what TRADE does to MultiWOZ's values before it compares them.

TRADE (Wu et al. 2019, `create_data.py` and `utils/fix_label.py` of its repository) rewrites the text of a value and
then repairs typos, values that belong to another slot, and values outside of the ontology. Only gold went through it
there; here both sides do, so that the text of a prediction is not held against it. Values of other corpora are left as
`strict` makes them: the repairs are facts about MultiWOZ.
"""

import re
from functools import lru_cache

from tod_metrics.normalization.repairs import TYPOS, WORDS, repairs
from tod_metrics.normalization.slots import MULTIWOZ_SLOTS, MULTIWOZ_UNSCORED
from tod_metrics.normalization.strict import ABSENT, DONTCARE, NONE, strict

_PUNCTUATION = re.compile(r"(?<!\d)[?.,!]|[?.,!](?!\d)")
_HYPHEN = re.compile(r"-(?!(?:s|es|ly|er|est|ed|ing)\b)|(?<=\S)-")
_REMOVED = re.compile(r"[\"<>@()]")
_QUOTE = re.compile(r"^'|'$|'(?=\s)|(?<=\s)'")
_NUMBERS = re.compile(r"(?<!\S)\d+(?: \d+)+(?!\S)")


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
    return repairs(slot).get(value, value)
