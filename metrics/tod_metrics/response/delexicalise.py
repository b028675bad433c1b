"""Delexicalised text for MultiWOZ: values replaced by placeholders, and placeholders of every style understood.

Systems write the name of a venue as ``[value_name]``, ``[restaurant_name]``, ``[name]`` or, without brackets,
``restaurant_name``. All of them are of one *kind*, ``NAME``; the kinds are those of MultiWOZ_Evaluation (Nekvinda and
Dušek 2021), which collapses slots that a reader of the response could not tell apart (every time is a ``TIME``).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal, TypeAlias

Style: TypeAlias = Literal["value", "domain", "bare"]
SpanTuple: TypeAlias = tuple[str, str, str, int, int]
"""(domain, slot, value, start, end) of a value in a text; ``end`` is one past its last character."""

DOMAINS = ("attraction", "bus", "hospital", "hotel", "police", "restaurant", "taxi", "train")

_KINDS: Mapping[str, tuple[str, ...]] = {
    "ADDRESS": ("address", "addr"),
    "AREA": ("area",),
    "COUNT": ("stars", "stay", "bookstay", "people", "bookpeople", "choice", "count"),
    "DAY": ("day", "bookday"),
    "DEPARTMENT": ("department",),
    "FOOD": ("food",),
    "INTERNET": ("internet",),
    "NAME": ("name",),
    "OPEN": ("openhours",),
    "PARKING": ("parking",),
    "PHONE": ("phone",),
    "PLACE": ("destination", "departure", "place"),
    "POST": ("postcode", "post"),
    "PRICE": ("price", "pricerange", "entrancefee", "fee", "ticket"),
    "REFERENCE": ("reference", "ref"),
    "TIME": ("time", "booktime", "duration", "arriveby", "arrive", "leaveat", "leave"),
    "TRAINID": ("trainid", "id", "train"),
    "TYPE": ("type", "car"),
}
_KIND_OF = {slot: kind for kind, slots in _KINDS.items() for slot in slots}
_PREFIX = re.compile(rf"^(?:{'|'.join((*DOMAINS, 'value', 'booking'))})[_ -]")
# An id that is not a train's tells no venue apart and must not pass for a train's.
_OTHER_ID = re.compile(r"^(?:attraction|hospital|hotel|police|restaurant|taxi)[_ -]id$")
_PLURAL = r"(?:-?e?s\b)?"
PLACEHOLDER = re.compile(
    rf"\[(?P<inner>[\w \-]+)\]{_PLURAL}|\b(?P<bare>(?:{'|'.join((*DOMAINS, 'value'))})_[a-z]+)\b", re.IGNORECASE
)
"""A placeholder in brackets (with the plural that models like to add), or bare as ``domain_slot``."""

PHONE_NUMBER = re.compile(r"\b0\d{9,10}\b|\b0\d{4} \d{6}\b")
"""A phone number in MultiWOZ; a taxi's is random and is in no table."""

REFERENCE_CODE = re.compile(
    r"\b(?=[A-Z0-9]*[A-Z])[A-Z0-9]{8}\b"
    r"|(?:(?<=reference )|(?<=reference is )|(?<=reference number is ))[A-Z0-9]{4,10}\b"
)
"""A booking's reference: eight capitals and digits in MultiWOZ; shorter or longer ones after the word."""


@lru_cache(maxsize=10_000)
def kind_of(name: str) -> str:
    """The kind of a placeholder's name, e.g. ``NAME`` for ``restaurant_name``; empty for a name that is not known."""
    name = name.lower().strip()
    if _OTHER_ID.match(name):
        return "ID"
    return _KIND_OF.get(re.sub(r"[_ -]", "", _PREFIX.sub("", name)), "")


@lru_cache(maxsize=200_000)
def kinds_in(text: str) -> frozenset[str]:
    """Kinds of the placeholders in a text; empty for a lexicalised one."""
    return frozenset(kind_of(match["inner"] or match["bare"]) for match in PLACEHOLDER.finditer(text)) - {""}


@lru_cache(maxsize=200_000)
def domains_in(text: str) -> frozenset[str]:
    """Domains that the placeholders of a text name, ``restaurant`` for ``[restaurant_phone]``."""
    names = ((match["inner"] or match["bare"]).lower() for match in PLACEHOLDER.finditer(text))
    return frozenset(name.split("_")[0] for name in names).intersection(DOMAINS)


def unknown_placeholders(texts: Iterable[str]) -> dict[str, int]:
    """Names in brackets that are no placeholder of any known style, and how often each stands in the texts."""
    unknown: dict[str, int] = {}
    for text in texts:
        for match in PLACEHOLDER.finditer(text):
            name = match["inner"] or match["bare"]
            if not kind_of(name):
                unknown[name] = unknown.get(name, 0) + 1
    return unknown


def with_kinds(text: str) -> str:
    """The text in lower case with each placeholder as its kind in capitals, as MultiWOZ_Evaluation has it for BLEU.

    A name that is not known disappears, and so does the plural after a placeholder.
    """
    return PLACEHOLDER.sub(lambda match: kind_of(match["inner"] or match["bare"]), text.lower())


def delexicalise(text: str, spans: Iterable[SpanTuple], style: Style = "value", *, longest_first: bool = True) -> str:
    """A text with its annotated values replaced.

    Spans are taken from the left; one that overlaps an earlier one, lies outside of the text, or has the value
    ``dontcare`` is left alone, as in MultiWOZ_Evaluation.

    Args:
        text: The lexicalised text.
        spans: Its values.
        style: ``value`` writes ``[value_name]``, ``domain`` ``[restaurant_name]``, ``bare`` ``[name]``.
        longest_first: Of spans that start together take the longest; else the first given, as in that script.
    """
    pieces, done = [], 0
    for domain, slot, value, start, end in sorted(spans, key=lambda span: (span[3], -span[4] * longest_first)):
        if start < done or end > len(text) or start >= end or value == "dontcare":
            continue
        pieces += [text[done:start], placeholder(domain, slot, style)]
        done = end
    return "".join((*pieces, text[done:]))


def placeholder(domain: str, slot: str, style: Style = "value") -> str:
    """The placeholder of a slot; canonical names lose their blanks (``book day`` is ``bookday``)."""
    name = slot.replace(" ", "")
    return f"[{name}]" if style == "bare" else f"[{'value' if style == 'value' else domain}_{name}]"


class Delexicaliser:
    """Replaces venue names, addresses, phones, postcodes, train ids and booking references, found by their text.

    For systems that answer in lexicalised text. Case, blanks and punctuation do not matter (``cb2 1ab`` is ``CB21AB``);
    the longest value that starts at a word wins; a part of an address between commas stands for the address, and a name
    may lack its article. References are told by their form.

    Args:
        tables: Domain -> entries of the database, columns in lower case.
        style: As in `delexicalise`.
    """

    COLUMNS = ("name", "address", "phone", "postcode", "trainid")

    def __init__(self, tables: Mapping[str, Iterable[Mapping[str, object]]], style: Style = "domain") -> None:
        self._style: Style = style
        self._slots: dict[str, tuple[str, str]] = {}
        for domain, entries in tables.items():
            for entry in entries:
                for column in self.COLUMNS:
                    for form in _forms(column, str(entry.get(column, ""))):
                        self._slots.setdefault(form, (domain, column))
        self._starts: dict[str, list[str]] = {}
        for form in sorted(self._slots, key=lambda form: (-len(form), form)):
            self._starts.setdefault(form[:_HEAD], []).append(form)

    def __call__(self, text: str) -> str:
        """The text delexicalised."""
        words = [(match[0].lower(), *match.span()) for match in re.finditer(r"[^\W_]+", text)]
        spans: list[SpanTuple] = []
        for first in range(len(words)):
            longest = self._longest(words, first)
            if longest:
                spans.append((*self._slots[longest[0]], longest[0], words[first][1], longest[1]))
        # After what the tables have, which wins where both start at the same place.
        spans += [("taxi", "phone", match[0], *match.span()) for match in PHONE_NUMBER.finditer(text)]
        spans += [("booking", "reference", match[0], *match.span()) for match in REFERENCE_CODE.finditer(text)]
        return delexicalise(text, spans, self._style)

    def _longest(self, words: list[tuple[str, int, int]], first: int) -> tuple[str, int] | None:
        """The longest form that starts at a word and ends with one, and where it ends."""
        squeezed, ends = "", {}
        for word, _, end in words[first : first + _LONGEST]:
            squeezed += word
            ends[len(squeezed)] = end
        for form in self._starts.get(squeezed[:_HEAD], ()):
            if len(form) in ends and squeezed.startswith(form):
                return form, ends[len(form)]
        return None


_HEAD = 4
_LONGEST = 16


def _forms(column: str, value: str) -> set[str]:
    """What a value of the database may look like once squeezed to letters and digits."""
    parts = value.lower().split(",") if column == "address" else ()
    whole = value.lower().strip()
    texts = {
        whole,
        whole.removeprefix("the ") if column == "name" else whole,
        *(part for part in parts if " " in part.strip()),
    }
    squeezed = {re.sub(r"[\W_]+", "", text) for text in texts}
    return {form for form in squeezed if len(form) >= _HEAD}
