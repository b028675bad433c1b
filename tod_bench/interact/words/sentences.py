"""Sentences as both sides read them: which domain, which values, which questions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tod_bench.interact.words.lexicon import Lexicon, Mention, tokens
from tod_bench.interact.words.phrases import Phrases, phrases
from tod_bench.interact.world import EITHER, TAXI, World

_SPLIT: Final = re.compile(r"(?<!\bSt\.)(?<=[.?!])\s+(?=[\"'A-Z0-9])")
"""Between sentences; the dot of a saint's street ends none."""
_TIME: Final = re.compile(r"\b(\d{1,2}:\d{2})\b")
_CACHED: Final = 20_000
_PLACES: Final = ("departure", "destination")


@dataclass(frozen=True)
class Sentence:
    """A sentence that has been taken apart.

    Attributes:
        text: It, in lower case.
        domain: The domain that it is about.
        named: Whether it names that domain itself.
        values: Column or slot -> value, as far as recognised.
        names: Entities that it names, with their domains.
        question: Whether it is a question.
    """

    text: str
    domain: str
    named: bool
    values: Mapping[str, str]
    names: Sequence[tuple[str, str]]
    question: bool


class Reader:
    """Takes sentences apart.

    Args:
        world: Whose values and domains are recognised.
    """

    def __init__(self, world: World) -> None:
        self._world, self._lexicon = world, Lexicon(world)
        self.phrases: Phrases = phrases()
        self._seen: dict[tuple[str, str], Sentence] = {}
        nouns = self.phrases.table["nouns"]
        self._nouns = {
            domain: re.compile(rf"\b(?:{'|'.join(map(re.escape, nouns.get(domain, [domain])))})s?\b")
            for domain in world.tables
        }

    def sentences(self, text: str, about: str) -> Iterator[Sentence]:
        """The sentences of a text.

        Args:
            text: The text.
            about: The domain that was spoken of before.
        """
        for raw in _SPLIT.split(text.strip()):
            if raw:
                sentence = self._cached(raw, about)
                about = sentence.domain
                yield sentence

    def _cached(self, raw: str, about: str) -> Sentence:
        """A sentence taken apart; templates make the same one again and again."""
        sentence = self._seen.get((raw, about))
        if sentence is None:
            sentence = self._read(raw, about)
            if len(self._seen) < _CACHED:
                self._seen[raw, about] = sentence
        return sentence

    def asked(self, sentence: Sentence) -> list[str]:
        """Slots that a sentence asks about, of its domain."""
        table = self._world.tables.get(sentence.domain)
        if table is None:
            return []
        known = [*table.search, *table.columns, *table.details, *(EITHER if table.either else ()), "ref"]
        known += ["type", "phone"] if table.domain == TAXI else []
        slots = dict.fromkeys(slot for slot in known if slot in self.phrases.ask)
        return [slot for slot in slots if self.phrases.ask[slot].search(sentence.text)]

    def is_marked(self, mark: str, sentence: Sentence) -> bool:
        """Whether a sentence has a mark of the phrase file."""
        return bool(self.phrases.marks[mark].search(sentence.text))

    def _read(self, raw: str, about: str) -> Sentence:
        text = raw.lower()
        words = tokens(raw)
        mentions = self._lexicon.mentions(words)
        names = [(domain, value) for domain, slot, value in _meanings(mentions) if self._is_key(domain, slot)]
        travels = any(self.phrases.tell[place].search(text) for place in _PLACES)
        # A place to go to can have a domain's noun in its name ("the train station").
        stays = travels and about in self._world.tables and _PLACES[0] in self._world.tables[about].search
        domain, named = (about, False) if stays else self._domain(words, mentions, names, about)
        if not self.phrases.ask["type"].search(text):
            mentions = [mention for mention in mentions if not self._is_noun(words[mention.start : mention.end])]
        values = dict(self._values(domain, text, mentions))
        return Sentence(text, domain, named, values, names, raw.rstrip().endswith("?"))

    def _is_key(self, domain: str, slot: str) -> bool:
        table = self._world.tables.get(domain)
        return table is not None and slot == table.key

    def _domain(
        self, words: Sequence[str], mentions: Sequence[Mention], names: Sequence[tuple[str, str]], about: str
    ) -> tuple[str, bool]:
        """The domain of a sentence: by its nouns outside of values, else that of before, else by what it names."""
        hiding = [mention for mention in mentions if not self._is_noun(words[mention.start : mention.end])]
        inside = {place for mention in hiding for place in range(mention.start, mention.end)}
        rest = " ".join("|" if place in inside else word for place, word in enumerate(words))
        for domain, noun in self._nouns.items():
            if noun.search(rest):
                return domain, True
        if about == TAXI or not names or any(domain == about for domain, _ in names):
            return about, False
        return names[0][0], False

    def _is_noun(self, words: Sequence[str]) -> bool:
        """Whether words are a domain's noun, though they are a value, too (the type of a hotel is hotel)."""
        return any(noun.fullmatch(" ".join(words)) for noun in self._nouns.values())

    def _values(self, domain: str, text: str, mentions: Sequence[Mention]) -> Iterator[tuple[str, str]]:
        """Slots and values that a sentence tells of a domain; what the database does not have by the words around."""
        table = self._world.tables.get(domain)
        if table is None:
            return
        whole = self._whole(table.search, text, mentions)
        yield from whole.items()
        found, inside = set(whole), {word for value in whole.values() for word in tokens(value)}
        for mention in mentions:
            for of, slot, value in mention.meanings:
                place = slot in _PLACES or (domain == TAXI and of != domain)
                if of in ("", domain) and not place and slot not in found and not inside.issuperset(tokens(value)):
                    found.add(slot)
                    yield slot, value
                    break
        for slot in dict.fromkeys([*table.search, *table.columns, *table.details, "ref", "phone", "type"]):
            pattern = self.phrases.tell.get(slot)
            if slot not in found and pattern and (match := pattern.search(text)):
                yield slot, match[1].strip()
        yield from self._facts(domain, text)

    def _whole(self, slots: Sequence[str], text: str, mentions: Sequence[Mention]) -> dict[str, str]:
        """Values of several words of which the database has a part only: south indian, of which it has indian."""
        known = [{word for _, _, value in mention.meanings for word in tokens(value)} for mention in mentions]
        prices = {value for mention in mentions for _, slot, value in mention.meanings if slot == "pricerange"}
        whole = {}
        for slot in slots:
            pattern = self.phrases.tell.get(slot) if slot not in _PLACES else None
            match = pattern.search(text) if pattern else None
            said = [word for word in tokens(match[1]) if word not in prices] if match else []
            if len(said) > 1 and any(words < set(said) for words in known):
                whole[slot] = " ".join(said)
        return whole

    def _facts(self, domain: str, text: str) -> Iterator[tuple[str, str]]:
        """What stands for itself: times, yes and no, cars."""
        marks = self.phrases.marks
        if time := _TIME.search(text):
            if "book time" in self._world.tables[domain].details:
                yield "book time", time[1]
            else:
                yield "arriveby" if marks["arrives"].search(text) else "leaveat", time[1]
        for slot in ("internet", "parking"):
            if slot in self._world.tables[domain].columns and self.phrases.ask[slot].search(text):
                yield slot, "no" if marks["none"].search(text) else "yes"
        if domain == TAXI and (car := marks["car"].search(text)):
            yield "type", car[1]


def _meanings(mentions: Sequence[Mention]) -> Iterator[tuple[str, str, str]]:
    for mention in mentions:
        yield from mention.meanings
