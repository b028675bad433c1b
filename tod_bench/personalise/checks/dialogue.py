"""The checks of one dialogue: what of it does not hold, by check, each place with its turn and side.

values    every protected value is still said
foreign   no value of the ontology, venue or number is said that the plain turn does not say
quotes    no quoted text says one either
reviews   the texts that a turn draws on name the venue or its city
openers   nothing is praised in a turn that fails
turns     no utterance has been lost
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from tod_bench.personalise.checks.ontology import Lexicon, foreign_values
from tod_bench.personalise.checks.openers import misplaced_praise
from tod_bench.personalise.styled import SIDES, Side, StyledDialogue, StyledTurn
from tod_bench.records import Dialogue, Turn

Failures: TypeAlias = dict[str, list[str]]
"""Check -> what is wrong, a clause for each place: ``turn 3, system: "north" is not in the plain text``."""

DIALOGUE_CHECKS = ("values", "foreign", "quotes", "reviews", "openers", "turns")

LostValues: TypeAlias = Callable[[Dialogue, int, Side, str], tuple[str, ...]]
"""Which protected values of a dialogue's turn and side a text does not say."""

_QUOTED = re.compile(r"[\"“]([^\"”]{3,})[\"”]|(?<!\w)['‘]([^\"”]{12,}?)['’](?!\w)")


@dataclass(frozen=True, slots=True)
class Rules:
    """What checks go by.

    Attributes:
        lexicon: What there is to name.
        lost: Which protected values a text does not say.
        city: The city of all venues, which may be named anywhere; empty where they are in several.
        off_topic: Ids of texts that name neither their venue nor its city.
    """

    lexicon: Lexicon
    lost: LostValues
    city: str = ""
    off_topic: frozenset[str] = frozenset()


def failures(styled: StyledDialogue, rules: Rules) -> Failures:
    """What of a dialogue does not hold; checks without a failure are left out."""
    found: Failures = {}
    for check, turn, side, clause in _found(styled, rules):
        found.setdefault(check, []).append(f"turn {turn}, {side}: {clause}")
    return found


def _found(styled: StyledDialogue, rules: Rules) -> Iterator[tuple[str, int, Side, str]]:
    for plain, turn in zip(styled.plain.turns, styled.turns, strict=True):
        for side in SIDES:
            text, before = turn.said(side), plain.user if side == "user" else plain.system
            if bool(text.strip()) != bool(before.strip()):
                yield "turns", plain.index, side, "an utterance is empty on one side alone"
            for value in rules.lost(styled.plain, plain.index, side, text):
                yield "values", plain.index, side, f'"{value}" is not said any more'
            quotes, rest = quoted(text, turn) if side == "system" else ((), text)
            allowed = (*_values(plain), turn.venue, rules.city)
            for value in foreign_values(rest, before, rules.lexicon, allowed):
                yield "foreign", plain.index, side, f'"{value}" is not in the plain text'
            for value in foreign_values(" ".join(quotes), before, rules.lexicon, allowed):
                yield "quotes", plain.index, side, f'a quote says "{value}"'
        for word in misplaced_praise(turn.system, plain.system, plain.acts):
            yield "openers", plain.index, "system", f'"{word}" opens a turn that fails'
        if off := rules.off_topic.intersection(turn.reviews):
            yield "reviews", plain.index, "system", f"{len(off)} of {len(turn.reviews)} texts name no place"


def quoted(text: str, turn: StyledTurn) -> tuple[tuple[str, ...], str]:
    """The quotes in a system utterance that are in the texts it draws on, and the utterance without them."""
    sources = [_bare(review) for review in turn.reviews.values()]
    quotes = []
    rest = text
    for match in _QUOTED.finditer(text):
        quote = match[1] or match[2]
        if any(_bare(quote) in source for source in sources):
            quotes.append(quote)
            rest = rest.replace(match[0], " ", 1)
    return tuple(quotes), rest


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _values(turn: Turn) -> tuple[str, ...]:
    """What the labels of a turn say, in whatever words the text says it."""
    in_state = (value for slots in turn.state.values() for values in slots.values() for value in values)
    return (*in_state, *(act.value for act in (*turn.acts, *turn.user_acts) if act.value))
