"""Answering turn by turn, each turn with the state predicted for the one before: ``history: state+K``.

    dialogue a   0 -> 1 -> 2        round 1: a0 b0     round 2: a1 b1     round 3: a2
    dialogue b   0 -> 1

The turns of a round are one batch job; a dialogue's own turns wait for each other.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from tod_bench.records import Prediction, State, as_state
from tod_bench.systems import TurnInput


def roll_out(turns: Sequence[TurnInput], answer: Callable[[Sequence[TurnInput]], list[Prediction]]) -> list[Prediction]:
    """The predictions of whole dialogues, each turn shown the state predicted for the turn before.

    Args:
        turns: Turns, dialogue by dialogue, in order; whatever `TurnInput.previous_state` they have is replaced.
        answer: Answers turns that do not depend on each other.

    Returns:
        The predictions, in the order of the turns.
    """
    found: dict[int, Prediction] = {}
    for numbers in _rounds(turns):
        shown = [replace(turns[number], previous_state=_state_before(number, turns, found)) for number in numbers]
        found.update(zip(numbers, answer(shown), strict=True))
    return [found[number] for number in range(len(turns))]


def whole_dialogues(turns: Iterable[TurnInput], size: int) -> Iterator[list[TurnInput]]:
    """Chunks of `size` turns or more that end where a dialogue ends."""
    chunk: list[TurnInput] = []
    for _, dialogue in groupby(turns, key=lambda shown: shown.dialogue_id):
        chunk.extend(dialogue)
        if len(chunk) >= size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _rounds(turns: Sequence[TurnInput]) -> list[list[int]]:
    """The numbers of the first turns of all dialogues, of their second turns, and so on."""
    rounds: list[list[int]] = []
    for _, numbers in groupby(range(len(turns)), key=lambda number: turns[number].dialogue_id):
        for position, number in enumerate(numbers):
            if position == len(rounds):
                rounds.append([])
            rounds[position].append(number)
    return rounds


def _state_before(number: int, turns: Sequence[TurnInput], found: dict[int, Prediction]) -> State:
    if number == 0 or turns[number - 1].dialogue_id != turns[number].dialogue_id:
        return {}
    return as_state(found[number - 1].state or {})
