"""What counts as right on a card: people's ratings of a corpus's items, or texts that bring their labels."""

from dataclasses import dataclass
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.files import digest_of, digest_of_files
from tod_bench.judge.cards.gold import Gold, gold_of
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.items import Item, ItemSet
from tod_bench.judge.labelled import GOEMOTIONS, Labelled, has_texts, labelled_file, read_labelled
from tod_bench.judge.ratings_csv import read_ratings
from tod_bench.records import Persona
from tod_bench.systems import Exchange
from tod_metrics.judge.alpha import Unit
from tod_metrics.judge.ratings import EMOTION, Rating

TEXT = "text"
"""The version of a labelled text."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What counts as right.

    Attributes:
        source: Where it is from.
        people: Ratings to agree with.
        gold: What is right for each unit.
        items: The items that the labels bring; None where they are about a corpus's.
    """

    source: str
    people: tuple[Rating, ...] = ()
    gold: Gold | None = None
    items: ItemSet | None = None


def read_labels(given: str | None, config: JudgeConfig, size: int | None = None) -> Labels:
    """Reads what counts as right.

    Args:
        given: A file of people's ratings or of labelled texts, ``goemotions``, or None for no labels.
        config: The judge config.
        size: How many labelled texts are taken; None for all.

    Raises:
        UserError: The file cannot be read, or does not fit the config's task.
    """
    if given is None:
        return Labels("none")
    path = labelled_file(given, "test")
    if given.partition(":")[0] == GOEMOTIONS:
        return _of_texts(config, path, (GOEMOTIONS, path.stem), size)
    if has_texts(path):
        return _of_texts(config, path, (path.stem, "labelled"), size)
    ratings = read_ratings(path, config.candidates if config.task == "pairwise" else ()).ratings
    raters = len({rating.rater for rating in ratings})
    return Labels(f"{path.name}: {raters} rater{'s' if raters > 1 else ''}", ratings, gold_of(ratings))


def _of_texts(config: JudgeConfig, path: Path, named: tuple[str, str], size: int | None) -> Labels:
    if config.task != "emotions":
        raise UserError(f"{path} holds texts with emotion labels; give it with an emotions config, not {config.task}")
    whole, (name, part) = read_labelled(path), named
    if size is not None and size > len(whole):
        raise UserError(f"{path} has {len(whole)} texts, not {size}; lower --items")
    read = whole if size is None else sorted(whole, key=lambda one: _order(config.sample.seed, one.id))[:size]
    items = ItemSet(name, digest_of_files([path]), len(whole), tuple(map(_item, read)), part)
    gold: dict[Unit, frozenset[int | str]] = {(one.id, EMOTION, TEXT, 0): frozenset(one.labels) for one in read}
    people = [Rating(one.id, EMOTION, min(one.labels), TEXT, "gold", turn=0) for one in read if len(one.labels) == 1]
    return Labels(f"{name}, {part}: {len(read)} of {len(whole)} texts", tuple(people), gold, items)


def _order(seed: int, name: str) -> str:
    return digest_of([seed, name])


def _item(one: Labelled) -> Item:
    """A labelled text as a dialogue of one turn, in which the user says nothing."""
    return Item(one.id, Persona(), {TEXT: (Exchange("", one.text),)})
