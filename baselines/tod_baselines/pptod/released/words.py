"""Utterances, values and slots as PPTOD's data has them.

    The Copper Ladle is at 9 am, I'm sure.     [value_name] is at 09:00 , i am sure .      (delexicalised)

The rules are those of `clean_dataset.py` of UBAR-MultiWOZ, side effects included, since checkpoints have learned them:
``12pm`` becomes ``24:00``, and ``club and bar`` has a bed in it.
"""

import re
from collections.abc import Iterable, Sequence

from tod_bench.records import Span
from tod_metrics.response.delexicalise import delexicalise

Pairs = Sequence[tuple[str, str]]
"""Words (or sequences of words) to replace, each with its replacement, in this order."""

_PUNCTUATION = (("\u2019", "'"), ("\u2018", "'"), (";", ","), ('"', " "), ("/", " and "), ("don't", "do n't"))


def _hours(hour: str) -> str:
    return str(int(hour) + 12)


_TIMES = (
    (r"(\d+) ([ap]\.?m)", lambda found: found[1] + found[2]),
    (r"((?<!\d)\d:\d+)(?:am)?", lambda found: "0" + found[1]),
    (r"(?<!\d)(\d)am", lambda found: f"0{found[1]}:00"),
    (r"(?<!\d)(\d)pm", lambda found: f"{_hours(found[1])}:00"),
    (r"(\d+)(:\d+)pm", lambda found: _hours(found[1]) + found[2]),
    (r"(\d+)a\.?m", lambda found: found[1]),
)
_WORDS = (
    (r"i\.d", "id"),
    (" i d ", "id"),
    ("depature", "departure"),
    ("depearting", "departing"),
    ("-type", " type"),
    (r"b\s?&\s?b", "bed and breakfast"),
    ("b and b", "bed and breakfast"),
    ("guesthouses?", "guest house"),
    ("swimmingpools?", "swimming pool"),
    ("wo n't", "will not"),
    (" 'd ", " would "),
    (" 'm ", " am "),
    (" 've ", " have "),
    ("^'|'$", ""),
)
_SENTENCES = ((r"([a-zT]+)\.([a-z])", r"\1 . \2"), (r"(\w+)\.\.? ", r"\1 . "))

_GLUED = (
    (r"(?<=[\w\])])([,?!;])(?=\s|$)", r" \1"),
    (r"(?<=[\w\])])\.(?=\s*$)", " ."),
    (r"(?<=[\])])\.(?=\s)", " ."),
    (r"(?<=\w)('(?:s|m|d|ve|re|ll))\b", r" \1"),
)
"""Ours, for corpora whose text is not split into words as PPTOD's is; it leaves split text alone."""


def cleaned(text: str, pairs: Pairs = ()) -> str:
    """An utterance or a value in lower case, words and punctuation apart, times and contractions rewritten.

    Args:
        text: The text.
        pairs: Replacements of words, those of MultiWOZ's `mapping.pair` for PPTOD's checkpoints (see `read_pairs`).
    """
    text = text.strip().lower()
    for pattern, replacement in _GLUED:
        text = re.sub(pattern, replacement, text)
    for old, new in _PUNCTUATION:
        text = text.replace(old, new)
    for pattern, rewritten in _TIMES:
        text = re.sub(pattern, rewritten, text)
    for pattern, replacement in (*_WORDS, *_SENTENCES):
        text = re.sub(pattern, replacement, text)
    for old, new in pairs:
        text = f" {text} ".replace(f" {old} ", f" {new} ")[1:-1]
    return " ".join(text.split())


def delexicalised(text: str, spans: Iterable[Span], pairs: Pairs = ()) -> str:
    """A system utterance with its annotated values as ``[value_name]``, cleaned.

    Args:
        text: The plain utterance.
        spans: Where values stand in it; those of the user are left out, as are opening hours.
        pairs: As in `cleaned`.
    """
    found = [
        (span.domain, slot_word(span.domain, span.slot), span.value, span.start, span.end)
        for span in spans
        if span.side == "system" and span.slot not in ("open", "openhours")
    ]
    text = cleaned(delexicalise(text, found), pairs)
    text = re.sub(r"\[value_address\](?: , \[value_address\])+", "[value_address]", text)
    return text.replace("[value_name] [value_name]", "[value_name]")


_SLOT_WORDS = {
    **{"leaveat": "leave", "arriveby": "arrive", "ref": "reference", "trainid": "id", "duration": "time"},
    **{"addr": "address", "post": "postcode", "fee": "price", "entrancefee": "price", "ticket": "price"},
    **{"depart": "departure", "dest": "destination"},
}
_BOOKED = ("day", "people", "stay", "time")
_READ = {word: slot for slot, word in _SLOT_WORDS.items() if slot in ("leaveat", "arriveby", "ref")}


def slot_word(domain: str, slot: str) -> str:
    """The one word that PPTOD has for a slot of a state, an act or a span: ``book day`` is ``day``."""
    if (domain, slot) == ("taxi", "type"):
        return "car"
    name = slot.removeprefix("book ")
    return _SLOT_WORDS.get(name, name).replace(" ", "")


def act_slot(domain: str, word: str) -> str:
    """The slot of an act that one of PPTOD's words stands for, in MultiWOZ's canonical spelling."""
    if domain == "train":
        return {"id": "trainid", "time": "duration", "people": "book people"}.get(word, _READ.get(word, word))
    if (domain, word) in (("taxi", "car"), ("attraction", "price")):
        return "type" if word == "car" else "entrancefee"
    if domain in ("restaurant", "hotel", "booking") and word in _BOOKED:
        return f"book {word}"
    return _READ.get(word, word)


def read_pairs(lines: Iterable[str]) -> list[tuple[str, str]]:
    """The replacements of a file with one a line, old and new with a tab between.

    Raises:
        ValueError: A line has no tab.
    """
    pairs = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            old, tab, new = line.rstrip("\n").partition("\t")
            if not tab:
                raise ValueError(f"line {number} has no tab between the old words and the new ones")
            pairs.append((old, new))
    return pairs
