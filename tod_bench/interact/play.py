"""Playing all goals and trials into a journal: resumed, and with any number of processes the same bytes."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.errors import UserError
from tod_bench.interact.agents import Agent
from tod_bench.interact.episode import Environment, play_episode
from tod_bench.interact.journal import Journal, encoded
from tod_bench.progress import progress

_CHUNK: Final = 20
"""Episodes that a process plays at once."""

_AHEAD: Final = 3
"""Chunks a process that are handed out before one comes back."""

_Task = tuple[InteractiveGoal, int]
_Line = tuple[tuple[str, int], bytes]


def play(environment: Environment, agent: Agent, path: Path, *, trials: int = 1, workers: int = 1) -> Path:
    """Plays every goal of an environment; episodes that the journal has are kept.

    Args:
        environment: Goals, world and users.
        agent: Who is played.
        path: The journal.
        trials: Trials of each goal.
        workers: Number of processes.

    Returns:
        The journal, in the order of goals and trials.

    Raises:
        UserError: An argument is out of range, or the journal is another run's (other goals, users, world or agent).
    """
    for name, number in (("trials", trials), ("workers", workers)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise UserError(f"{name} must be a whole number, at least 1, not {number!r}")
    made_with = {"seed": environment.seed, "versions": environment.signature, "agent": agent.signature}
    order = [(goal.id, trial) for goal in environment.goals for trial in range(trials)]
    with Journal(path, made_with, environment.goals) as journal:
        done = journal.done
        tasks = [(goal, trial) for goal in environment.goals for trial in range(trials) if (goal.id, trial) not in done]
        with progress("playing", len(tasks), unit="episodes") as shown:
            for key, line in _played(environment, agent, tasks, workers):
                journal.append(key, line)
                shown.advance()
        journal.sort(order)
    return path


def _played(environment: Environment, agent: Agent, tasks: Sequence[_Task], workers: int) -> Iterator[_Line]:
    if workers == 1 or len(tasks) <= _CHUNK:
        yield from (_line(environment, agent, task) for task in tasks)
        return
    chunks = (tasks[start : start + _CHUNK] for start in range(0, len(tasks), _CHUNK))
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(environment, agent)) as pool:
        waiting: set[Future[list[_Line]]] = set()
        while waiting := waiting | {
            pool.submit(_chunk, chunk) for chunk in islice(chunks, _AHEAD * workers - len(waiting))
        }:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                yield from future.result()


def _line(environment: Environment, agent: Agent, task: _Task) -> _Line:
    goal, trial = task
    return (goal.id, trial), encoded(play_episode(environment, agent, goal, trial))


_PROCESS: list[tuple[Environment, Agent]] = []
"""What the process that this module is loaded in plays; empty in the main one."""


def _start(environment: Environment, agent: Agent) -> None:
    _PROCESS[:] = [(environment, agent)]


def _chunk(tasks: Sequence[_Task]) -> list[_Line]:
    environment, agent = _PROCESS[0]
    return [_line(environment, agent, task) for task in tasks]
