"""Which episodes are to be played, and which a worker plays one after the other; a few bytes each, however many."""

import math
from array import array
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final, overload

from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.interact.journal import Key

Task = tuple[InteractiveGoal, int]
"""A goal and a trial of it, from 0."""

FEWEST: Final = 20
"""Episodes that a worker plays before it brings them back, at least."""

ROUNDS: Final = 4
"""Episodes a place, of an agent that has several open: at a chunk's end places stand empty."""


class Tasks(Sequence[Task]):
    """The episodes that are still to be played, 8 bytes each.

    Args:
        goals: The goals.
        trials: Trials of each.
        done: Goal and trial of the episodes that are there.
    """

    def __init__(self, goals: Sequence[InteractiveGoal], trials: int, done: Container[Key]) -> None:
        self._goals, self._trials = goals, trials
        every = ((goal.id, trial) for goal in goals for trial in range(trials))
        self._numbers = array("q", (number for number, key in enumerate(every) if key not in done))

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> Task: ...
    @overload
    def __getitem__(self, place: slice) -> list[Task]: ...
    def __getitem__(self, place: int | slice) -> Task | list[Task]:
        if isinstance(place, slice):
            return list(map(self._task, self._numbers[place]))
        return self._task(self._numbers[place])

    def _task(self, number: int) -> Task:
        goal, trial = divmod(number, self._trials)
        return self._goals[goal], trial


def chunk_size(side_by_side: int, tasks: int, workers: int) -> int:
    """How many episodes a worker plays before it brings them back, so that every worker has some.

    Args:
        side_by_side: How many episodes the agent has open at a time.
        tasks: How many episodes there are.
        workers: How many workers.
    """
    return max(FEWEST, side_by_side, min(ROUNDS * side_by_side, tasks // max(1, workers)))


@dataclass(frozen=True)
class Chunks(Sequence[Sequence[Task]]):
    """Tasks that are played by a worker one after the other; each chunk is made when it is taken.

    Attributes:
        tasks: The tasks.
        size: How many a chunk.
    """

    tasks: Tasks
    size: int

    def __len__(self) -> int:
        return math.ceil(len(self.tasks) / self.size)

    @overload
    def __getitem__(self, place: int) -> list[Task]: ...
    @overload
    def __getitem__(self, place: slice) -> list[list[Task]]: ...
    def __getitem__(self, place: int | slice) -> list[Task] | list[list[Task]]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self.tasks[place * self.size : (place + 1) * self.size]
