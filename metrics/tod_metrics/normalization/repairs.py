"""TRADE's repairs of MultiWOZ labels, as data, and how absence and "any value" are written.

Source: `utils/fix_label.py` of TRADE's repository (Wu et al. 2019), which DST work has carried along since; the facts
(which spelling stands for which value) are restated here, ordered by what they repair. One rule of the script is
missing on purpose: it tests a slot ``hotel-star``, which no corpus has, so that it never fires.
"""

from collections.abc import Mapping

ABSENT = ""
NONE = "none"
DONTCARE = "dontcare"
"""What normalisers make of every spelling of no value given, of a value given as none, and of any value."""


def _all_to(target: str, *spellings: str) -> dict[str, str]:
    return dict.fromkeys(spellings, target)


TYPOS: Mapping[str, str] = {
    **_all_to("guest house", "guesthouse", "guesthouses", "guest"),
    **_all_to("multiple sports", "mutiple sports", "mutliple sports", "sports"),
    **_all_to("swimming pool", "swimmingpool", "pool"),
    **_all_to("concert hall", "concerthall", "concert"),
    **_all_to("nightclub", "night club"),
    **_all_to("museum", "mus", "musuem"),
    **_all_to("architecture", "ol", "architectural"),
    **_all_to("college", "colleges", "coll"),
    **_all_to("church", "churches"),
    **_all_to("centre", "center", "centre of cambridge", "centre of town", "center of town", "near city center"),
    **_all_to("centre", "city center", "town center", "town centre", "in town", "cen", "ce", "scentre"),
    **_all_to("north", "in the north", "north part of town"),
    **_all_to("south", "the south"),
    **_all_to("east", "east side", "east area"),
    **_all_to("west", "west part of town"),
    **_all_to("moderate", "mode", "moderate -ly", "mo"),
    **_all_to("friday", "next friday"),
    **_all_to("monday", "monda"),
    **_all_to("free", "free parking"),
    **_all_to("yes", "free internet", "y"),
    **_all_to("no", "n", "does not"),
    **_all_to("4", "4 star", "4 stars"),
    **_all_to("3", "3 ."),
    **_all_to(DONTCARE, "any", "does not care"),
    **_all_to(NONE, "not men", "not", "not mendtioned", "fun", "art", "cb30aq", "0 star rarting"),
}
"""Misspelt and cut values of any slot."""

BY_SLOT: Mapping[str, Mapping[str, str]] = {
    "hotel-type": {
        **_all_to(NONE, "nigh", "moderate -ly priced", "bed and breakfast", "centre", "venetian", "intern"),
        **_all_to(NONE, "a cheap -er hotel"),
        **_all_to("hotel", "hotel with free parking and free wifi", "4", "3 star hotel"),
    },
    "hotel-internet": {"4": NONE},
    "hotel-pricerange": {"2": NONE},
    "attraction-type": _all_to(NONE, "gastropub", "la raza", "galleria", "gallery", "science", "m"),
    "restaurant-area": _all_to(NONE, "stansted airport", "cambridge", "silver street"),
    "attraction-area": _all_to(NONE, "norwich", "ely", "museum", "same area as hotel"),
}
"""Values that are no value of the slot they stand in."""

BY_PART: Mapping[str, Mapping[str, str]] = {
    "area": {"moderate": NONE, "no": "north", "we": "west", "cent": "centre"},
    "day": {"t": NONE, "we": "wednesday", "no": NONE},
    "price": {"ch": "cheap"},
    "internet": {"free": "yes"},
}
"""Values of every slot whose name contains a word."""

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBER_WORDS: Mapping[str, str] = {word: str(number) for number, word in enumerate(_NUMBERS, start=1)}
"""Number words that the rewriting replaces."""

WORDS: Mapping[str, str] = {
    "it's": "it is",
    "don't": "do not",
    "doesn't": "does not",
    "i'm": "i am",
    "can't": "cannot",
    **NUMBER_WORDS,
}
"""Words that the rewriting replaces, in this order, as far as they occur in values (from the script's list)."""
