"""What a track can ask for: the tasks of single turns, and whole episodes with a simulated user."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from tod_bench.records import TaskName
from tod_bench.tasks import TASKS

Task: TypeAlias = Literal["dst", "policy", "response", "play"]
"""A task of a track."""

PLAY: Final = "play"
"""The task of a track whose systems talk to a simulated user; no other stands beside it."""

TITLES: Final[Mapping[Task, str]] = {
    "dst": "dialogue state tracking",
    "policy": "policy",
    "response": "responses",
    "play": "success with a simulated user",
}
"""A task in words, in the order in which tasks are shown."""


def turn_tasks(tasks: Sequence[Task]) -> tuple[TaskName, ...]:
    """Those of the tasks that are answered turn by turn."""
    return tuple(task for task in TASKS if task in tasks)
