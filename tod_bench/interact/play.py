"""Playing all goals and trials into a journal: resumed, and with any number of processes the same bytes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tod_bench.backends import Died, Resources, spread
from tod_bench.errors import UserError
from tod_bench.interact.agents import Agent, Stage
from tod_bench.interact.episode import LOST, Environment
from tod_bench.interact.journal import Journal, Key, encoded
from tod_bench.interact.lockstep import played
from tod_bench.interact.parts import Line, part_of, parts_of, played_into, remove_part, remove_parts, take_parts
from tod_bench.interact.sending import opened, prepare, sendable, stage_of
from tod_bench.interact.tasks import Chunks, Task, Tasks, chunk_size
from tod_bench.progress import progress

if TYPE_CHECKING:
    from tod_bench.llm.config import Access

BACKENDS: Final = ("local", "ray")
"""Where episodes can be played: processes of this machine, or a Ray cluster, which brings them back as they end."""

_LOST_IN_A_ROW: Final = 20
"""Episodes that are lost one after the other before a play gives up."""

MODELS: Final = "models"
"""The folder beside the episodes that agents keep things in."""


def play(
    environment: Environment,
    agent: Agent,
    path: Path,
    *,
    trials: int = 1,
    goals: int | None = None,
    workers: int = 1,
    backend: str = "local",
    resources: Resources | None = None,
    retry: bool = False,
    access: "Access | None" = None,
) -> Path:
    """Plays every goal of an environment; episodes that the journal has are kept.

    Args:
        environment: Goals, world and users.
        agent: Who is played.
        path: The journal.
        trials: Trials of each goal.
        goals: How many of the environment's goals are played, from the first; None for all.
        workers: Number of processes of this machine.
        backend: One of `BACKENDS`.
        resources: What the backend may use; by default as many workers.
        retry: Whether episodes that ended with a crash, a hang or a broken connection are played again.
        access: How models behind a server are reached; None for a cache of answers beside the journal.

    Returns:
        The journal, in the order of goals and trials.

    Raises:
        UserError: An argument is out of range; the journal is another run's (other goals, users, world or agent);
            something is missing for the agent; or episodes were lost to a server that did not answer.
    """
    for name, number in (("trials", trials), ("workers", workers)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise UserError(f"{name} must be a whole number, at least 1, not {number!r}")
    if backend not in BACKENDS:
        raise UserError(f"there is no backend {backend!r} for a play; choose among {', '.join(BACKENDS)}")
    places = replace(resources or Resources(), workers=workers)
    stage = stage_of(environment, path.parent / MODELS, access)
    prepare(environment, agent, stage)
    made_with = {"seed": environment.seed, "versions": environment.signature, "agent": agent.signature}
    played = environment.goals[:goals]
    lost: dict[Key, str] = {}
    with Journal(path, made_with, environment.goals, trials=trials, retry=retry) as journal:
        take_parts(journal)
        tasks = Tasks(played, trials, journal)
        with progress("playing", len(tasks), unit="episodes") as shown:
            in_a_row = 0
            for key, line, reason in _played(environment, agent, tasks, stage, journal, backend, places):
                in_a_row = in_a_row + 1 if reason else 0
                if reason:
                    lost[key] = reason
                else:
                    journal.append(key, line)
                    shown.advance()
                if in_a_row >= _LOST_IN_A_ROW:
                    break
        _raise_lost(lost, journal, len(played) * trials)
        journal.sort([goal.id for goal in played], trials)
    return path


def _raise_lost(lost: dict[Key, str], journal: Journal, total: int) -> None:
    if not lost:
        return
    (goal, trial), reason = next(iter(lost.items()))
    raise UserError(
        f"{len(lost)} of {total:,} episodes were lost, such as {goal}/{trial} ({reason}); {len(journal):,} are in "
        f"{journal.path}, and the same command plays the others"
    )


def _played(
    environment: Environment,
    agent: Agent,
    tasks: Tasks,
    stage: Stage,
    journal: Journal,
    backend: str,
    resources: Resources,
) -> Iterator[Line]:
    here = backend == "local"
    # How many processors a cluster has, nobody knows before: small chunks give all of them some.
    size = chunk_size(agent.side_by_side, len(tasks), resources.workers if here else len(tasks))
    alone = here and (resources.workers == 1 or len(tasks) <= size)
    if alone or not agent.in_processes:
        yield from _lines(environment, agent, tasks)
        return
    # Workers can be elsewhere, and each makes itself ready; what they need is sent as bytes and opened once.
    sent, folder = sendable(environment, agent, stage), parts_of(journal.path)
    chunks = Chunks(tasks, size)
    shared = (sent, journal.made_with, folder)
    for number, lines in spread(play_chunk, chunks, *shared, backend=backend, resources=resources, among=BACKENDS):
        part = part_of(folder, chunks[number])
        if isinstance(lines, Died):
            journal.take(part)
            yield from (
                (key, b"", lines.reason) for goal, trial in chunks[number] if (key := (goal.id, trial)) not in journal
            )
        else:
            yield from lines
        remove_part(part)
    remove_parts(folder)


def _lines(environment: Environment, agent: Agent, tasks: Iterable[Task]) -> Iterator[Line]:
    for (goal, trial), record in played(environment, agent, tasks):
        lost = record["end"].removeprefix(LOST) if record["end"].startswith(LOST) else ""
        yield (goal.id, trial), encoded(record), lost


def play_chunk(chunk: Sequence[Task], sent: bytes, made_with: Mapping[str, Any], folder: Path) -> list[Line]:
    """Plays episodes in a worker.

    Args:
        chunk: The episodes.
        sent: Environment, agent and stage, pickled.
        made_with: ``seed``, ``versions`` and ``agent`` of the play.
        folder: That of the journal's parts.
    """
    return list(played_into(part_of(folder, chunk), made_with, chunk, partial(_lines, *opened(sent))))
