"""Protected values: what of a plain utterance a restyled one must still say, found where it stands.

    "I need a cheap room for two."  state (cheap, 2)  ──▶  cheap 9-14, two 24-27

A value is one that the turn's change of state sets (of the user), that an act of the side has, or that is annotated as
a span; beside these a yes, a no and a negation. Annotated places come first; other values are looked for in the forms
of `tod_bench.personalise.value_forms`. A value that the text says in no known form is none that restyling could lose:
`unsaid_values` has those, to be counted.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

from tod_bench.personalise.styling import Protected, ValueKind
from tod_bench.personalise.value_forms import places
from tod_bench.records import Turn

Side: TypeAlias = Literal["user", "system"]

Label: TypeAlias = tuple[str, str, tuple[str, ...], ValueKind]
"""Domain, slot, acceptable values, and why it is protected."""

POLARITY = {
    "yes": re.compile(r"\b(?:yes|yeah|yep|yup|yea|sure|absolutely|certainly|definitely|of course|ok|okay)\b", re.I),
    "no": re.compile(r"\b(?:no|nope|nah)\b", re.I),
    "not": re.compile(
        r"\b(?:not|no|nope|nah|never|cannot|can'?t|without|neither|nor|none|\w+n['’]t|dont|doesnt|nothing)\b", re.I
    ),
}
"""Words of a yes, of a no, and of any negation; one keeps another of its kind."""

_SAID = {"yes": re.compile(r"\b(?:yes|yeah|yep|yup|yea|absolutely|definitely)\b", re.I), "no": POLARITY["no"]}
"""Words that open an utterance as a yes or a no; "ok" and "sure" do so too often without meaning one."""

_OPENING = re.compile(r"\W*(?:(?:oh|well|ah|um|hmm|great|ok|okay)\W+)?", re.I)
_EDGES = " \t\n\r.,;:!?\"'()[]"


def protected_values(turn: Turn, side: Side, before: Turn | None) -> tuple[Protected, ...]:
    """The protected values of an utterance, in the order of its text; ranges may overlap, see `merged`.

    Args:
        turn: The turn.
        side: Whose utterance.
        before: The turn before it; None at the start.
    """
    text = turn.user if side == "user" else turn.system
    found = dict.fromkeys(_annotated(turn, side, text))
    annotated = {(each.domain, each.slot) for each in found}
    for domain, slot, values, kind in _labels(turn, side, before):
        if (domain, slot) not in annotated:
            found.update(dict.fromkeys(_matched(domain, slot, values, kind, text)))
    found.update(dict.fromkeys(_polarity(text)))
    return tuple(sorted(found, key=lambda each: (each.start, -each.end, each.domain, each.slot, each.kind)))


def unsaid_values(turn: Turn, side: Side, before: Turn | None) -> tuple[tuple[str, str, str], ...]:
    """Values of labels that an utterance says in no known form: domain, slot and value, each once.

    Args:
        turn: The turn.
        side: Whose utterance.
        before: The turn before it; None at the start.
    """
    text = turn.user if side == "user" else turn.system
    annotated = {(each.domain, each.slot) for each in _annotated(turn, side, text)}
    return tuple(
        dict.fromkeys(
            (domain, slot, values[0])
            for domain, slot, values, _ in _labels(turn, side, before)
            if (domain, slot) not in annotated and not any(places(text, slot, value) for value in values)
        )
    )


def find_lost(protected: Iterable[Protected], styled_text: str) -> tuple[Protected, ...]:
    """The protected values that a restyled text no longer says.

    Whole words, the same form, capitals aside. A form that stands at several places for several slots ("2 people for 2
    nights") must stand as often. A yes, a no or a negation may be another one of its kind.
    """
    by_form: defaultdict[str, list[Protected]] = defaultdict(list)
    lost: list[Protected] = []
    for each in protected:
        if each.kind != "polarity":
            by_form[_form(each.text)].append(each)
        elif not POLARITY[each.slot].search(styled_text):
            lost.append(each)
    styled = _form(styled_text)
    for form, group in by_form.items():
        ranges = {(each.start, each.end) for each in group}
        slots = {(each.domain, each.slot) for each in group}
        missing = min(len(ranges), len(slots)) - len(_whole(form).findall(styled))
        lost += group[-missing:] if missing > 0 else []
    return tuple(sorted(lost, key=lambda each: (each.start, each.end, each.domain, each.slot)))


def merged(protected: Iterable[Protected]) -> tuple[tuple[int, int], ...]:
    """The stretches of the plain text that are protected, in order; those that overlap are one."""
    stretches: list[tuple[int, int]] = []
    for start, end in sorted((each.start, each.end) for each in protected if each.start < each.end):
        if stretches and start < stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    return tuple(stretches)


def _labels(turn: Turn, side: Side, before: Turn | None) -> Iterator[Label]:
    if side == "user":
        earlier = before.state if before else {}
        for domain, slots in turn.state.items():
            for slot, values in slots.items():
                if set(values).isdisjoint(earlier.get(domain, {}).get(slot, ())):
                    yield domain, slot, values, "state"
    for act in turn.user_acts if side == "user" else turn.acts:
        # An intent is a name of the schema's, and "?" stands for a value that is asked for: neither is said.
        if act.value and act.value != "?" and act.slot != "intent":
            yield act.domain, act.slot, (act.value,), "act"


def _annotated(turn: Turn, side: Side, text: str) -> Iterator[Protected]:
    for span in turn.spans:
        said = text[span.start : span.end] if 0 <= span.start < span.end <= len(text) else ""
        bare = said.strip(_EDGES)
        if span.side == side and bare:
            start = span.start + len(said) - len(said.lstrip(_EDGES))
            yield Protected(span.domain, span.slot, bare, start, start + len(bare), "span")


def _matched(domain: str, slot: str, values: Sequence[str], kind: ValueKind, text: str) -> list[Protected]:
    for value in values:
        if found := places(text, slot, value):
            return [Protected(domain, slot, text[start:end], start, end, kind) for start, end in found]
    return []


def _polarity(text: str) -> Iterator[Protected]:
    opening = _OPENING.match(text)
    assert opening is not None  # it matches the empty text
    for slot, words in _SAID.items():
        if word := words.match(text, opening.end()):
            yield Protected("", slot, word[0], word.start(), word.end(), "polarity")
    for word in POLARITY["not"].finditer(text):
        yield Protected("", "not", word[0], word.start(), word.end(), "polarity")


def _form(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())


@lru_cache(maxsize=1 << 14)
def _whole(form: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(form)}(?!\w)")
