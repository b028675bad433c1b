"""Faults that are planted in a corpus, to see which checks and filters find them.

    unchanged   nothing was restyled
    swapped     the restyled system utterances of another dialogue stand in place of its own
    value       one protected value is replaced by another one
    opposite    restyled for a persona of another age and formality than the labels say

Each fault is planted in as many dialogues, no dialogue has two. Thresholds are then those of the corpus with its
faults.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from tod_bench.personalise.checks.values import lost_values
from tod_bench.personalise.styled import StyledDialogue, StyledTurn
from tod_bench.records import Persona

Fault: TypeAlias = Literal["unchanged", "swapped", "value", "opposite"]

FAULTS: tuple[Fault, ...] = get_args(Fault)

Restyle: TypeAlias = Callable[[StyledDialogue, Persona], StyledDialogue]
"""Restyles a dialogue for another persona; the labels of what comes out are the new persona's."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Planted:
    """A corpus with faults.

    Attributes:
        dialogues: All dialogues, faulty or not, in their order.
        faults: Key of a faulty dialogue -> its fault.
    """

    dialogues: tuple[StyledDialogue, ...]
    faults: Mapping[str, Fault]


def plant(dialogues: Sequence[StyledDialogue], each: int, seed: int, restyle: Restyle | None = None) -> Planted:
    """Plants faults.

    Args:
        dialogues: The dialogues of one or more splits.
        each: In how many dialogues each fault is planted; fewer where all faults together would take more than half.
        seed: Seed of which ones.
        restyle: What restyles for another persona; None plants no ``opposite``.
    """
    kinds = [fault for fault in FAULTS if fault != "opposite" or restyle is not None]
    chance = random.Random(f"planted/{seed}")
    order = chance.sample(range(len(dialogues)), len(dialogues))
    room = min(each, len(dialogues) // (2 * len(kinds)))
    planted, faults = list(dialogues), {}
    candidates = iter(order)
    for fault in kinds:
        done = 0
        while done < room and (place := next(candidates, None)) is not None:
            faulty = _faulty(dialogues, place, fault, order, restyle)
            if faulty is not None:
                planted[place], faults[faulty.key] = faulty, fault
                done += 1
    return Planted(tuple(planted), faults)


def _faulty(
    dialogues: Sequence[StyledDialogue], place: int, fault: Fault, order: Sequence[int], restyle: Restyle | None
) -> StyledDialogue | None:
    """A dialogue with a fault; None where it cannot have that one."""
    own = dialogues[place]
    if fault == "unchanged":
        turns = tuple(
            replace(turn, user=plain.user, system=plain.system)
            for plain, turn in zip(own.plain.turns, own.turns, strict=True)
        )
        return replace(own, turns=turns)
    if fault == "swapped":
        return _swapped(own, dialogues[order[order.index(place) - 1]])
    if fault == "value":
        return _other_value(own)
    assert restyle is not None
    other = replace(restyle(own, opposite(own.persona)), persona=own.persona)
    return other if other.turns != own.turns else None


def _swapped(own: StyledDialogue, other: StyledDialogue) -> StyledDialogue | None:
    if own.key == other.key or len(own.turns) < 3 or not any(turn.system for turn in other.turns):
        return None
    said = [turn.system for turn in other.turns if turn.system]
    turns = tuple(
        StyledTurn(turn.user, said[number % len(said)] if turn.system else "") for number, turn in enumerate(own.turns)
    )
    return replace(own, turns=turns)


def _other_value(own: StyledDialogue) -> StyledDialogue | None:
    """The dialogue with the first value of its state that the user says replaced by a word that is none."""
    for number, (plain, turn) in enumerate(zip(own.plain.turns, own.turns, strict=True)):
        for slots in plain.state.values():
            for values in slots.values():
                pattern = re.compile(rf"\b{re.escape(values[0])}\b", re.IGNORECASE)
                changed = pattern.sub("another", turn.user)
                if _WORD.search(values[0]) and lost_values(own.plain, number, "user", changed):
                    turns = list(own.turns)
                    turns[number] = replace(turn, user=changed)
                    return replace(own, turns=tuple(turns))
    return None


def opposite(persona: Persona) -> Persona:
    """A persona of another age and formality: adults and seniors become casual children, the young formal adults."""
    if persona.age in ("child", "teenager", "toddler"):
        return replace(persona, age="adult", formality="formal")
    return replace(persona, age="child", formality="casual")
