"""Queries: everything that a config asks about its items, in a fixed order."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.items import Item
from tod_bench.judge.questions import EMOTION, WINNER
from tod_metrics.judge.ratings import PersonaUse

Order: TypeAlias = Literal["ab", "ba"]
"""Presentation order of a pair: ``ab`` shows the first candidate first."""


@dataclass(frozen=True, slots=True)
class Query:
    """One thing asked of a judge.

    Attributes:
        item: The item (a dialogue).
        candidates: Versions of the dialogue it is about. Likert: (reference, rated); pairwise: (first, second);
            emotions: (labelled,).
        questions: Questions in the order shown; ``("winner",)`` and ``("emotion",)`` for the other tasks.
        order: Presentation order of a pair.
        persona: Whose persona is shown.
        repeat: Number of the repeat, from 0.
        turn: The turn's index, for emotions; else None.
    """

    item: str
    candidates: tuple[str, ...]
    questions: tuple[str, ...]
    order: Order = "ab"
    persona: PersonaUse = "own"
    repeat: int = 0
    turn: int | None = None

    @property
    def id(self) -> str:
        """A name that no other query of the run has."""
        turn = "" if self.turn is None else f"#{self.turn}"
        parts = ("+".join(self.candidates), "+".join(self.questions), self.order, self.persona, f"r{self.repeat}")
        return "|".join((f"{self.item}{turn}", *parts))


def queries_of(config: JudgeConfig, item: Item) -> Iterator[Query]:
    """What is asked about an item: every candidate, question, order, persona and repeat."""
    make = {"likert": _likert, "pairwise": _pairwise, "emotions": _emotions}[config.task]
    for persona in config.personas:
        for repeat in range(config.repeats):
            yield from make(config, item, persona, repeat)


def permuted(questions: tuple[str, ...], seed: int, item: str) -> tuple[str, ...]:
    """The questions in an order that a seeded hash of the item decides, so that no question always comes first."""
    return tuple(sorted(questions, key=lambda name: hashlib.sha256(f"{seed}|{item}|{name}".encode()).digest()))


def _likert(config: JudgeConfig, item: Item, persona: PersonaUse, repeat: int) -> Iterator[Query]:
    shown = config.questions
    if config.protocol != "picpersona":
        shown = permuted(shown, config.sample.seed, item.id)
    for candidate in config.candidates:
        pair = (str(config.reference), candidate)
        if config.ask in ("together", "both"):
            yield Query(item.id, pair, shown, persona=persona, repeat=repeat)
        # With a single question, asked together is asked apart.
        if config.ask in ("apart", "both") and (config.ask == "apart" or len(shown) > 1):
            for question in config.questions:
                yield Query(item.id, pair, (question,), persona=persona, repeat=repeat)


def _pairwise(config: JudgeConfig, item: Item, persona: PersonaUse, repeat: int) -> Iterator[Query]:
    fixed = config.orders == "fixed" or config.protocol == "picpersona"
    orders: tuple[Order, ...] = ("ab",) if fixed else ("ab", "ba")
    for order in orders:
        yield Query(item.id, config.candidates, (WINNER,), order, persona, repeat)


def _emotions(config: JudgeConfig, item: Item, persona: PersonaUse, repeat: int) -> Iterator[Query]:
    for candidate in config.candidates:
        for turn, exchange in enumerate(item.versions[candidate]):
            if exchange.system:
                yield Query(item.id, (candidate,), (EMOTION,), persona=persona, repeat=repeat, turn=turn)
