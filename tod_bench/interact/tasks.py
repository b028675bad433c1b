"""Which episodes are to be played, and which a worker plays one after the other; a few bytes each, however many."""

import math
from array import array
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import overload

from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.interact.journal import Key

Task = tuple[InteractiveGoal, int]
"""A goal and a trial of it, from 0."""


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
