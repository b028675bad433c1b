"""PicPersona-TOD's belief states and acts, which its records hold as text: parsers that accept any string.

Both parsers return what they read and the pieces that they could not read; nothing raises and nothing is guessed.
"""

import re

from tod_bench.corpora.multiwoz_names import DOMAINS, TRACKED, act_of, canonical
from tod_bench.records import Act

Pairs = list[tuple[str, str, str]]
"""(domain, slot, value), in the order of the text."""

_DOMAIN = re.compile(r"\s*\[([^\[\]']+)\]")
_SLOT = r"[^\s'\[\]]+(?: [^\s'\[\]]+)?"
_QUOTED = re.compile(rf"\s*({_SLOT}) '(.*?)'(?=\s*$|\s+\[[^\[\]']+\]|\s+{_SLOT} ')", re.DOTALL)

_SGD_ACTS = (
    *("CONFIRM", "GOODBYE", "INFORM", "INFORM_COUNT", "NOTIFY_FAILURE", "NOTIFY_SUCCESS", "OFFER", "OFFER_INTENT"),
    *("REQUEST", "REQ_MORE"),
)
_MULTIWOZ_ACTS = (
    *("Book", "Inform", "NoBook", "NoOffer", "OfferBook", "OfferBooked", "Recommend", "Request", "Select"),
    *("bye", "greet", "reqmore", "thank", "welcome"),
)
_SGD_HEAD = re.compile(rf"(?<![^\s,])([A-Z]\w*)-({'|'.join(_SGD_ACTS)})(?=-|\s*,|\s*$)")
_MULTIWOZ_HEAD = re.compile(
    rf"(?<![^\s,])({'|'.join([*DOMAINS, 'booking', 'general'])})-({'|'.join(_MULTIWOZ_ACTS)})(?=[-:]|\s*,|\s*$)",
    re.IGNORECASE,
)


def parse_state(text: str) -> tuple[Pairs, list[str]]:
    """Reads a belief span such as ``[Restaurants] city 'San Jose' cuisine 'Mexican' ``.

    A value ends at the first quote that is followed by the end, a ``[domain]`` or a ``slot '``, so that apostrophes
    inside a value are no ends. After a domain of MultiWOZ, values without quotes are read in PPTOD's manner, too:
    from one known slot name to the next.

    Returns:
        The pairs, and the pieces that could not be read.
    """
    read: Pairs = []
    unread: list[str] = []
    domain, at = "", 0
    while at < len(text.rstrip()):
        if match := _DOMAIN.match(text, at):
            domain, at = match[1].strip(), match.end()
        elif domain and (match := _QUOTED.match(text, at)):
            read.append((domain, match[1], match[2]))
            at = match.end()
        else:
            end = _next_domain(text, at)
            pairs, rest = _unquoted(domain.lower(), text[at:end])
            read += pairs
            unread += rest
            at = end
    return read, unread


def parse_acts(text: str, *, sgd: bool) -> tuple[tuple[Act, ...], list[str]]:
    """Reads acts such as ``Restaurants-OFFER-city-San Jose, Restaurants-REQUEST-time-?`` or ``Hotel-Inform:Area-east``.

    Acts are found by their heads (a domain and one of the corpus's acts), so that commas and hyphens inside values are
    kept.

    Args:
        text: The acts, joined by commas.
        sgd: Whether they are SGD's (domains and slots keep their names) or MultiWOZ's (canonical names).

    Returns:
        The acts in order, and the pieces that could not be read.
    """
    heads = list((_SGD_HEAD if sgd else _MULTIWOZ_HEAD).finditer(text))
    starts = [head.start() for head in heads]
    unread = [text[: starts[0] if starts else None]]
    acts = []
    for head, end in zip(heads, [*starts[1:], len(text)], strict=False):
        rest = text[head.end() : end].strip().rstrip(",").strip()
        # What follows a head belongs to it only when joined to it.
        if rest and rest[0] not in "-:":
            unread.append(rest)
            rest = ""
        slot, _, value = rest[1:].partition("-")
        if sgd:
            acts.append(Act(head[1], head[2].lower(), slot, "" if value == "?" else value))
        else:
            acts.append(act_of(f"{head[1]}-{head[2]}", slot, value))
    return tuple(acts), [piece.strip() for piece in unread if piece.strip()]


def _next_domain(text: str, at: int) -> int:
    bracket = text.find("[", at + 1)
    return len(text) if bracket < 0 else bracket


def _unquoted(domain: str, text: str) -> tuple[Pairs, list[str]]:
    """Pairs of ``area east stars 4`` under a domain of MultiWOZ; everything is unread elsewhere."""
    known = TRACKED.get(domain, ())
    pairs: Pairs = []
    unread: list[str] = []
    for word in re.findall(r"book (?:day|people|stay|time)\b|\S+", text):
        if canonical(domain, word) in known and (not pairs or pairs[-1][2]):
            pairs.append((domain, word, ""))
        elif pairs:
            slot, value = pairs[-1][1:]
            pairs[-1] = (domain, slot, f"{value} {word}".strip())
        else:
            unread.append(word)
    bare = [slot for _, slot, value in pairs if not value]
    return [pair for pair in pairs if pair[2]], [*([" ".join(unread)] if unread else []), *bare]
