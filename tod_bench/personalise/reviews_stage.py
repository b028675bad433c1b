"""The stage ``reviews``: what each system turn adds, and the texts of its venue that go with what the user said."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from tod_bench.corpora.base import Corpus
from tod_bench.files import digest_of
from tod_bench.personalise.answers import Foreign, nothing_foreign
from tod_bench.personalise.retrieval import Retrieval
from tod_bench.personalise.reviews import CITY, Reviews, read_reviews
from tod_bench.personalise.rows import Row, StageName, Unit, row_key
from tod_bench.personalise.strategies import VERSION, Choice, choose
from tod_bench.personalise.styling import ReviewText
from tod_bench.personalise.work import Work
from tod_bench.records import Dialogue, Turn

VECTORS_FOLDER = "embeddings"
LONGEST = 600
"""Characters of a text that a turn is given; what is longer ends at a sentence."""


@dataclass
class ReviewsStage:
    """Chooses strategies and retrieves texts, a row a turn.

    Attributes:
        foreign: What a text would bring into the dialogue that was not said; such sentences are left out of texts under
            the reading ``tod_bench``.
        foreign_version: What of it decides rows: a version, a digest of the ontology.
    """

    foreign: Foreign = nothing_foreign
    foreign_version: str = ""

    @property
    def name(self) -> StageName:
        """``reviews``."""
        return "reviews"

    def units(self, work: Work) -> Iterator[Unit]:
        """A unit a turn; the digest holds the encoder where texts are ranked, so only then is one loaded."""
        sources = _Sources(work)
        for split, dialogue in work.dialogues():
            for turn in dialogue.turns:
                yield Unit(split, dialogue.id, turn.index, self._inputs(work, sources, split, dialogue, turn))

    def make(self, work: Work, units: Iterable[Unit]) -> Iterator[Row]:
        """Makes the rows."""
        sources, wanted = _Sources(work), {unit.key: unit for unit in units}
        for split, dialogue in work.dialogues():
            for turn in dialogue.turns:
                unit = wanted.get(row_key(split, dialogue.id, turn.index))
                if unit is not None:
                    yield self._row(work, sources, unit, sources.choice(dialogue, turn), turn)

    def _inputs(self, work: Work, sources: "_Sources", split: str, dialogue: Dialogue, turn: Turn) -> str:
        choice = sources.choice(dialogue, turn)
        told: list[Any] = [VERSION, work.options.strategies, choice.kind, choice.why_not]
        if choice.venue is not None:
            user = work.row("user", split, dialogue.id, turn.index).value["text"]
            venue = digest_of([asdict(text) for text in choice.venue.texts])
            told += [
                venue,
                list(choice.venue.on_topic),
                user,
                turn.system,
                *_values(turn),
                self.foreign_version,
                LONGEST,
            ]
            told.append(sources.retrieval.identity)
        return digest_of(told)

    def _row(self, work: Work, sources: "_Sources", unit: Unit, choice: Choice, turn: Turn) -> Row:
        kept: tuple[ReviewText, ...] = ()
        counted: dict[str, int] = {}
        venue = choice.venue
        if venue is not None:
            assert unit.turn is not None
            user = str(work.row("user", unit.split, unit.dialogue, unit.turn).value["text"])
            if work.options.strategies == "tod_bench":
                said = " ".join([turn.system, venue.name, *_values(turn)])
                safe = tuple(self._safe(text, said) for text in venue.relevant)
                offered = tuple(text for text in safe if text.text)
                counted = {
                    "off_topic": len(venue.texts) - len(venue.relevant),
                    "no_sentence_left": len(safe) - len(offered),
                }
                kept = sources.retrieval.best(user, offered)
            elif choice.kind == "wiki":
                # The released code ranks sentences however few they are.
                kept = sources.retrieval.ranked(user, venue.texts)[:3]
            else:
                kept = sources.retrieval.best(user, venue.texts)
            if not kept:
                choice = Choice("none", why_not="no sentence left")
        value = {
            "strategy": choice.kind,
            "venue": venue.name if venue is not None and kept else "",
            "reviews": [asdict(text) for text in kept],
        }
        provenance: dict[str, Any] = {"reading": work.options.strategies, "why_not": choice.why_not}
        if venue is not None:
            ids = [[text.id, text.cosine] for text in kept]
            provenance |= {"encoder": sources.retrieval.identity, "reviews": ids, "left_out": counted}
        return Row(unit.key, unit.inputs, value, provenance)

    def _safe(self, text: ReviewText, said: str) -> ReviewText:
        """A text without its sentences that would bring something foreign in, and no longer than is allowed."""
        kept, length = [], 0
        for sentence in sentences(text.text):
            if not self.foreign(sentence, said) and length + len(sentence) < LONGEST:
                kept.append(sentence)
                length += len(sentence) + 1
        return replace(text, text=" ".join(kept))


def sentences(text: str) -> list[str]:
    """The sentences of a text; reviews often have no blank between two."""
    return [one.strip() for one in re.split(r"(?<=[.!?])\s+|(?<=[a-z][.!?])(?=[A-Z])", text) if one.strip()]


class _Sources:
    """The texts and what ranks them, opened once a pass."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.retrieval = Retrieval(work.options.encoder, work.options.output / VECTORS_FOLDER)

    @cached_property
    def reviews(self) -> Reviews | None:
        folder = self.work.options.reviews
        return None if folder is None else read_reviews(folder, city_of(self.work.corpus))

    def choice(self, dialogue: Dialogue, turn: Turn) -> Choice:
        return choose(self.work.options.strategies, dialogue, turn, self.reviews)


def city_of(corpus: Corpus) -> str:
    """The city that all venues of a corpus are in; empty where they are in several, or nobody knows."""
    return CITY if corpus.name.startswith("multiwoz") else ""


def _values(turn: Turn) -> list[str]:
    """What the user has asked for so far."""
    return [value for slots in turn.state.values() for values in slots.values() for value in values]
