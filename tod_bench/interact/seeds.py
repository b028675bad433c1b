"""Seeds: every episode has its own, and each of its parts its own stream, so that order and workers change nothing."""

from hashlib import sha256
from random import Random
from typing import Literal

Part = Literal["user", "user language", "user faults", "agent", "agent language"]


def episode_seed(seed: int, goal: str, trial: int) -> str:
    """The seed of an episode, as hex digits.

    Args:
        seed: Seed of the run.
        goal: Id of the goal.
        trial: The trial, from 0.
    """
    return sha256(f"{seed}\n{goal}\n{trial}".encode()).hexdigest()


def stream(seed: str, part: Part) -> Random:
    """The random numbers of a part of an episode."""
    return Random(int.from_bytes(sha256(f"{seed}\n{part}".encode()).digest()[:8], "big"))


def name_of(seed: str) -> str:
    """The name of an episode that agents are given: it tells neither goal nor seed.

    Args:
        seed: The episode's seed.
    """
    return sha256(f"{seed}\nname".encode()).hexdigest()[:16]
