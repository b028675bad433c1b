"""Random choices made from ``Random.random`` alone.

Python promises that ``random()`` gives the same numbers for the same seed in every release; it promises nothing of
``choice``, ``shuffle`` or ``sample``. The corpus must be the same bytes everywhere, so it draws with these.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def chance(rng: Random, probability: float) -> bool:
    """True with the given probability."""
    return rng.random() < probability


def between(rng: Random, low: float, high: float) -> float:
    """A number between two, all equally likely."""
    return low + (high - low) * rng.random()


def pick(rng: Random, options: Sequence[T]) -> T:
    """One of the options, all equally likely; `options` must not be empty."""
    return options[int(rng.random() * len(options))]


def pick_weighted(rng: Random, options: Sequence[tuple[T, float]]) -> T:
    """One of the options, each as likely as its weight; the weights add up to 1."""
    left = rng.random()
    for option, weight in options:
        left -= weight
        if left < 0:
            return option
    return options[-1][0]


def shuffled(rng: Random, options: Iterable[T]) -> list[T]:
    """The options in a random order (Fisher-Yates)."""
    items = list(options)
    for last in range(len(items) - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        items[last], items[other] = items[other], items[last]
    return items
