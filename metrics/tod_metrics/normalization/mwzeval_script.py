"""State values and responses exactly as MultiWOZ_Evaluation has them before it scores (Nekvinda and Dušek 2021).

`tod_metrics.normalization.mwzeval` canonicalises values as that script does, and mends what it leaves (case, blanks).
Here nothing is mended: protocols with the script's name have its outcomes. Its tables are restated there, its
placeholders here.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from tod_metrics.errors import extra_needed
from tod_metrics.normalization.mwzeval import FOODS, NAMES, TIMES, TYPES
from tod_metrics.response.delexicalise import kind_of

_PLACEHOLDER = re.compile(r"\[([\w\s]+)\](?:es|s|-s|-es|)")

_SLOTS: Mapping[str, str] = {
    "": "address area arriveby bookday bookpeople bookstay booktime car choice day department departure destination "
    "duration entrancefee food id internet leaveat name openhours parking people phone postcode price pricerange ref "
    "reference stars stay time train trainid type",
    "value_": "address area arrive car choice count day department departure destination duration food id leave name "
    "people phone place postcode price pricerange reference stars stay time type",
    "attraction_": "address area choice entrancefee id name phone postcode price pricerange reference type",
    "hospital_": "address department id name phone postcode",
    "hotel_": "address area choice internet name parking phone postcode pricerange reference stars type",
    "police_": "address name phone postcode",
    "restaurant_": "address area choice food id name phone postcode pricerange reference type",
    "taxi_": "arriveby car departure destination leaveat phone type",
    "train_": "arrive arriveby choice day departure destination duration id leave leaveat price reference trainid",
}
"""What may stand before a placeholder's slot -> the slots that the script knows with it."""

KNOWN_NAMES = frozenset(
    {prefix + slot for prefix, slots in _SLOTS.items() for slot in slots.split()}
    | {"arrive by", "leave at", "entrance fee", "price range"}
)
"""Names of placeholders that the script knows; any other is removed from the text."""


@lru_cache(maxsize=200_000)
def script_text(text: str) -> str:
    """A response in lower case with its placeholders as kinds in capitals: ``[value_name] is`` -> ``NAME is``.

    Only names in brackets are placeholders; those that the script does not know become nothing.
    """
    return _PLACEHOLDER.sub(lambda match: kind_of(match[1]) if match[1] in KNOWN_NAMES else "", text.lower())


@lru_cache(maxsize=200_000)
def script_response(text: str) -> str:
    """`script_text` without ``-s`` and ``-ly``, through Moses' tokeniser and back, as the script's BLEU compares it.

    Raises:
        MissingExtraError: sacremoses (the extra ``style``) is not installed.
    """
    tokenizer, detokenizer = _moses()
    whole: str = detokenizer.detokenize(tokenizer.tokenize(script_text(text).replace("-s", "").replace("-ly", "")))
    return whole


def moses_version() -> str:
    """The detokeniser's name and version, as a signature writes it.

    Raises:
        MissingExtraError: sacremoses is not installed.
    """
    with extra_needed("style", "the protocol mwzeval of responses"):
        import sacremoses

    return f"sacremoses{sacremoses.__version__}"


@cache
def _moses() -> tuple[Any, Any]:
    with extra_needed("style", "the protocol mwzeval of responses"):
        from sacremoses import MosesDetokenizer, MosesTokenizer

    return MosesTokenizer(lang="en"), MosesDetokenizer(lang="en")


@lru_cache(maxsize=1 << 16)
def script_value(slot: str, value: str) -> str:
    """A state's value as the script compares it; values of slots that it does not name stay as they are.

    Args:
        slot: The slot in canonical spelling (``arriveby``, ``book time``).
        value: The value as written.
    """
    if slot in ("name", "destination", "departure"):
        name = value.strip().lower().replace(" & ", " and ").replace("&", " and ").replace(" '", "'")
        return NAMES.get(name, name)
    if slot == "food":
        food = value.strip().lower()
        return FOODS.get(food, food)
    if slot in ("arriveby", "leaveat", "book time"):
        return script_time(value.strip().lower())
    if slot in ("parking", "internet"):
        return "yes" if value == "free" else value
    return TYPES.get(value, value) if slot == "type" else value


def script_time(text: str) -> str:
    """A time in lower case as ``HH:MM``, where the script reads it as one."""
    for start, time in (("one o'clock p.m", "13:00"), ("ten o'clock a.m", "10:00")):
        if text.startswith(start):
            return time
    if text in TIMES:
        return TIMES[text]
    text = text[3:] if text.startswith("by") else text
    for word in ("after", "afer"):
        text = text.removeprefix(word).strip() if text.startswith(word) else text
    for half in ("am", "a.m."):
        text = text.removesuffix(half).strip() if text.endswith(half) else text
    if text.endswith(("pm", "p.m.")):
        for half in ("pm", "p.m."):
            text = text.removesuffix(half).strip() if text.endswith(half) else text
        hours, colon, minutes = text.partition(":")
        if hours.strip().isdecimal() and ":" not in minutes:
            return f"{int(hours) + 12}:{minutes if colon else '00'}"
    return _clock(text)


def _clock(text: str) -> str:
    if not text:
        return "00:00"
    text = text[:-1] if text[-1] in ".,?" else text
    if text.isdigit():
        return f"{text[:2]}:{text[2:]}" if len(text) == 4 else f"{text.zfill(2)}:00"
    text = text.replace(" ", "") if ":" in text else text
    if len(text) == 4 and text[1] == ":":
        hours, minutes, *_ = text.split(":")
        return f"{hours.zfill(2)}:{minutes}"
    return text
