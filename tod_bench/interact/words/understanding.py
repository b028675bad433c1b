"""Texts as acts: what an agent takes from a user's words, and a user from an agent's.

Both go by keywords and by the values of the database, sentence by sentence; neither sees the acts that were meant.
"""

from collections.abc import Iterator
from typing import Final

from tod_bench.interact.acts import BYE, DONTCARE, REQMORE, THANK, act, inform, request
from tod_bench.interact.hearing import UNKNOWN
from tod_bench.interact.words.sentences import Reader, Sentence
from tod_bench.interact.world import TAXI, World
from tod_bench.records import Act

VERSION: Final = "1"
"""Moves whenever a text could be understood otherwise."""


class UserWords:
    """What an agent understands of its user.

    Args:
        world: The world.
    """

    def __init__(self, world: World) -> None:
        self._reader, self._world = Reader(world), world

    def acts(self, text: str, about: str) -> tuple[Act, ...]:
        """The acts of a user's text.

        Args:
            text: The text.
            about: The domain that was spoken of before; empty for none.
        """
        found: dict[Act, None] = {}
        for sentence in self._reader.sentences(text, about):
            found |= dict.fromkeys(self._sentence(sentence))
        return tuple(found)

    def _sentence(self, sentence: Sentence) -> Iterator[Act]:
        reader, domain = self._reader, sentence.domain
        if reader.is_marked("thank", sentence):
            yield THANK
        if reader.is_marked("bye", sentence):
            yield BYE
        table = self._world.tables.get(domain)
        if table is None:
            return
        if reader.is_marked("negate", sentence):
            yield act(domain, "negate", "", "")
            return
        if reader.is_marked("dontcare", sentence):
            wishes = [slot for slot in reader.asked(sentence) if slot in (*table.search, *table.details)]
            yield from (inform(domain, slot, DONTCARE) for slot in wishes[:1])
            return
        asked = reader.asked(sentence) if sentence.question and not sentence.named else []
        if asked:
            yield from (request(domain, slot) for slot in asked[:1])
            return
        told = list(self._told(sentence))
        yield from told
        if sentence.named and not told:
            yield inform(domain)

    def _told(self, sentence: Sentence) -> Iterator[Act]:
        table = self._world.tables[sentence.domain]
        booking = {slot.removeprefix("book "): slot for slot in table.details if slot.startswith("book ")}
        for slot, value in sentence.values.items():
            if slot in table.search or slot in table.details:
                yield inform(sentence.domain, slot, value)
            elif slot in booking:
                yield inform(sentence.domain, booking[slot], value)


class AgentWords:
    """What a user understands of an agent.

    Args:
        world: The world.
    """

    def __init__(self, world: World) -> None:
        self._reader, self._world = Reader(world), world

    def acts(self, text: str, about: str) -> tuple[Act, ...]:
        """The acts of an agent's text.

        Args:
            text: The text.
            about: The domain that the user has just spoken of; empty for none.
        """
        found: dict[Act, None] = {}
        for sentence in self._reader.sentences(text, about):
            found |= dict.fromkeys(self._sentence(sentence))
        return tuple(found)

    def _sentence(self, sentence: Sentence) -> Iterator[Act]:
        reader, domain = self._reader, sentence.domain
        if reader.is_marked("more", sentence):
            yield REQMORE
            return
        if reader.is_marked("bye", sentence):
            yield BYE
        table = self._world.tables.get(domain)
        if table is None:
            return
        offers = [name for of, name in sentence.names if of == domain and domain != TAXI]
        if reader.is_marked("unknown", sentence):
            yield from (inform(domain, slot, UNKNOWN) for slot in reader.asked(sentence)[:1])
        elif "ref" in sentence.values:
            yield act(domain, "book", "ref", sentence.values["ref"].upper())
        elif reader.is_marked("nobook", sentence):
            yield act(domain, "nobook", "", "")
        elif not offers and reader.is_marked("nooffer", sentence):
            yield act(domain, "nooffer", "", "")
        elif reader.is_marked("booked", sentence) and not sentence.question:
            yield act(domain, "book", "", "")
        elif sentence.question and not offers:
            yield from (request(domain, slot) for slot in reader.asked(sentence)[:1])
        else:
            yield from (act(domain, "recommend", table.key, name) for name in offers)
            yield from self._facts(sentence)

    def _facts(self, sentence: Sentence) -> Iterator[Act]:
        table = self._world.tables[sentence.domain]
        tellable = ("type", "phone") if sentence.domain == TAXI else table.columns
        for slot, value in sentence.values.items():
            if slot in tellable and slot != table.key:
                yield inform(sentence.domain, slot, value)
