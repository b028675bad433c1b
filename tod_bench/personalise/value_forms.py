"""The forms in which an utterance says a value: ``2`` as "two", ``17:30`` as "5:30 pm", ``dontcare`` as "any".

    >>> places("a guest house for two", "book people", "2")
    ((18, 21),)

Text and form are compared letter by letter, without case, blanks and punctuation, from the start of a word to the end
of one, so that ``guesthouse`` is found in "guest house" and ``saint johns`` in "Saint John's".
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from tod_metrics.normalization.repairs import NUMBER_WORDS

DONTCARE = re.compile(
    r"\b(?:any(?:thing|where|time|one|place)?|(?:do not|don['’]?t|does not|doesn['’]?t|didn['’]?t)(?: really)? "
    r"(?:care|matter|mind|have (?:a|any) (?:\w+ )?preferences?)|no (?:\w+ )?preferences?|not (?:picky|particular|fussy)"
    r"|whatever|whichever|either(?: one)?|open to|flexible|up to you|surprise me|your choice|no matter"
    r"|not matter|(?:isn['’]?t|is not|not) (?:important|a concern|a factor)|unimportant)\b",
    re.IGNORECASE,
)
"""How an utterance says that every value will do."""

BOOLEAN = frozenset({"yes", "no", "true", "false", "free"})
"""Values that an utterance says by naming the slot."""

SLOT_WORDS = {"internet": ("internet", "wifi"), "parking": ("parking", "park my car")}
"""Words that name a slot of yes and no, where they are not in its own name."""

ALONE = re.compile(r"\b(?:just (?:for )?me|only me|myself|alone|solo|by myself|single)\b", re.IGNORECASE)
"""How an utterance says that one person comes."""

_PEOPLE = re.compile(r"people|party_size|passengers|travelers|riders|adults|tickets|seats")
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?: ?([ap])\.?m\.?)?", re.IGNORECASE)
_SUFFIXES = ("", "s", "es", "ly", "d", "ish")
_SPELLINGS = (("centre", "center"), ("center", "centre"), ("theatre", "theater"), ("theater", "theatre"))
_FUNCTION_WORDS = frozenset({"has", "have", "is", "serves", "number", "of", "book", "offers", "allowed", "for", "the"})
_NUMBERS = {digits: word for word, digits in NUMBER_WORDS.items()}


def places(text: str, slot: str, value: str) -> tuple[tuple[int, int], ...]:
    """Where a text says a value: first character and one past the last of each place, in order; empty where nowhere.

    Args:
        text: The text.
        slot: The value's slot, by whose name a yes or no is said.
        value: The value.
    """
    lower = value.strip().casefold()
    if re.sub(r"[^a-z]", "", lower) in ("dontcare", "donotcare"):
        return tuple(found.span() for found in DONTCARE.finditer(text))
    stream, at = _stream(text)
    for form in _slot_forms(slot) if lower in BOOLEAN else forms(lower):
        if found := tuple(_found(text, stream, at, form)):
            return found
    if lower == "1" and _PEOPLE.search(slot):
        return tuple(found.span() for found in ALONE.finditer(text))
    # "free" is said as it is of an entrance, and by the slot's name of parking.
    return tuple(_found(text, stream, at, lower)) if lower in BOOLEAN else ()


@lru_cache(maxsize=1 << 15)
def forms(value: str) -> tuple[str, ...]:
    """The forms of a value, letters and digits alone, its own first."""
    spelled = [value, *(value.replace(one, other) for one, other in _SPELLINGS if one in value)]
    if value.startswith("the "):
        spelled.append(value[4:])
    spelled += [text.replace("&", "and") for text in spelled if "&" in text]
    if "bed and breakfast" in value:
        spelled.append(value.replace("bed and breakfast", "b&b"))
    if value in _NUMBERS:
        spelled.append(_NUMBERS[value])
    if value in NUMBER_WORDS:
        spelled.append(NUMBER_WORDS[value])
    if time := _TIME.fullmatch(value):
        spelled += _times(int(time[1]), time[2], (time[3] or "").lower())
    return tuple(dict.fromkeys(stripped for text in spelled if (stripped := _letters(text))))


def _times(hour: int, minutes: str, half: str) -> Iterator[str]:
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    for suffix in ("pm", "p.m.") if hour >= 12 else ("am", "a.m."):
        yield f"{hour % 12 or 12}:{minutes}{suffix}"
        if minutes == "00":
            yield f"{hour % 12 or 12}{suffix}"
    yield f"{hour:02}:{minutes}"
    yield f"{hour}:{minutes}"
    yield f"{hour % 12 or 12}:{minutes}"
    if minutes == "00":
        yield from {0: ("midnight",), 12: ("noon",)}.get(hour, ())


@lru_cache(maxsize=1 << 10)
def _slot_forms(slot: str) -> tuple[str, ...]:
    words = [word for word in re.findall(r"[a-z]+", slot.casefold()) if word not in _FUNCTION_WORDS]
    return tuple(_letters(form) for word in words for form in SLOT_WORDS.get(word, (word,)))


@lru_cache(maxsize=64)
def _stream(text: str) -> tuple[str, tuple[int, ...]]:
    """The letters and digits of a text in lower case, and where each stands in the text."""
    kept = [(lower, at) for at, each in enumerate(text) if each.isalnum() and len(lower := each.lower()) == 1]
    return "".join(letter for letter, _ in kept), tuple(at for _, at in kept)


def _letters(text: str) -> str:
    return _stream(text)[0]


def _found(text: str, stream: str, at: tuple[int, ...], form: str) -> Iterator[tuple[int, int]]:
    start = stream.find(form)
    while start >= 0:
        first, after = at[start], start + 1
        if not _inside(text[max(0, first - 2) : first], form[0]):
            for suffix in _SUFFIXES if form.isalpha() else ("",):
                last = start + len(form) + len(suffix)
                if stream.startswith(suffix, start + len(form)) and _word_ends(text, at, last):
                    yield first, at[last - 1] + 1
                    after = last
                    break
        start = stream.find(form, after)


def _inside(before: str, letter: str) -> bool:
    """Whether a letter continues a word, or a number such as ``17:30``, that began before it."""
    return before[-1:].isalnum() or (letter.isdigit() and before[-1:] in (":", ".") and before[:-1].isdigit())


def _word_ends(text: str, at: tuple[int, ...], last: int) -> bool:
    after = at[last - 1] + 1
    following = text[after : after + 2]
    continued = text[after - 1].isdigit() and following[:1] in (":", ".") and following[1:].isdigit()
    return not following[:1].isalnum() and not continued
