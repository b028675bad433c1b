"""Everything that a config asks about its items, in a fixed order."""

import hashlib
from collections.abc import Iterator

from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.items import Item
from tod_bench.judge.questions import EMOTION, WINNER
from tod_bench.judge.verdicts import Order, PersonaUse, Query


def asks_of(config: JudgeConfig, item: Item) -> Iterator[Query]:
    """What is asked about an item: every arm, question, order, persona and repeat."""
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
    for arm in config.arms:
        pair = (str(config.reference), arm)
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
        yield Query(item.id, config.arms, (WINNER,), order, persona, repeat)


def _emotions(config: JudgeConfig, item: Item, persona: PersonaUse, repeat: int) -> Iterator[Query]:
    for arm in config.arms:
        for turn, exchange in enumerate(item.versions[arm]):
            if exchange.system:
                yield Query(item.id, (arm,), (EMOTION,), persona=persona, repeat=repeat, turn=turn)
