"""Turns moves into words: picks sentences of a style and forms of values, at the rates that the corpus asks for."""

from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

from tod_bench.simulated.draws import chance, pick
from tod_bench.simulated.forms import forms
from tod_bench.simulated.marks import article, unmarked
from tod_bench.simulated.moves import Slots
from tod_bench.simulated.styles import Templates

_LEADS: Final = ("that ", "where ", "with ")
"""Words that open a phrase after a noun and are said once for two phrases."""


class Realizer(NamedTuple):
    """What turns moves into words.

    Attributes:
        rng: Where the choices come from.
        templates: The sentences of the side that is speaking.
        paraphrase: Probability that a value is not put in its canonical form.
        unseen: Probability that a value with held-out forms is put in one of them; 0 in train.
    """

    rng: Random
    templates: Templates
    paraphrase: float
    unseen: float

    def fill(self, kind: str, **parts: str) -> str:
        """A sentence of a kind, with its parts filled in."""
        text = pick(self.rng, self.templates[kind])
        return text.format_map(parts) if parts else text

    def value(self, domain: str, slot: str, value: str, place: str) -> str:
        """A value in words; empty where it cannot stand at the place."""
        known = forms(domain, slot, value, place)
        if known is None:
            return ""
        if known.unseen and self.unseen and chance(self.rng, self.unseen):
            return pick(self.rng, known.unseen)
        return pick(self.rng, known.others) if chance(self.rng, self.paraphrase) else known.canonical

    def listed(self, domain: str, slots: Slots, place: str, glue: str) -> str:
        """Values in words, one after the other."""
        return glue.join(self.value(domain, slot, value, place) for slot, value in slots)

    def plain(self, domain: str, slot: str, value: str, place: str) -> str:
        """A value in words that is only mentioned, not meant: without its mark."""
        return unmarked(self.value(domain, slot, value, place))

    def noun_phrase(self, domain: str, slots: Slots, heads: Sequence[str], extra: Sequence[str] = ()) -> str:
        """``a cheap Italian restaurant in the north``, with the article; `extra` phrases come last."""
        before: list[str] = []
        after: list[str] = []
        head = ""
        for slot, value in slots:
            if slot == "type":
                head = self.value(domain, slot, value, "head")
            elif slot in ("stars", "pricerange", "food", "area") and chance(self.rng, 0.6):
                phrase = self.value(domain, slot, value, "pre")
                (before if phrase else after).append(phrase or self.value(domain, slot, value, "post"))
            else:
                after.append(self.value(domain, slot, value, "post"))
        words = [*sorted(before, key=_before_noun), head or pick(self.rng, heads), *_chained([*after, *extra])]
        return article(" ".join(words))


def _chained(phrases: Sequence[str]) -> list[str]:
    """Phrases after a noun: ``with wifi and 3 stars``, not ``with wifi with 3 stars``."""
    chained: list[str] = []
    last = ""
    for phrase in sorted(phrases, key=lambda phrase: phrase.startswith(_LEADS)):
        lead, _, rest = phrase.partition(" ")
        repeats = lead == last and phrase.startswith(_LEADS)
        chained.append(f"and {phrase if lead == 'where' else rest}" if repeats else phrase)
        last = lead
    return chained


def _before_noun(phrase: str) -> int:
    """Price, then stars, then place, then food: the order in which English puts them."""
    slot = phrase.split("|", 2)[1]
    return ("pricerange", "stars", "area", "food").index(slot)
