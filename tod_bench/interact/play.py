"""Playing all goals and trials into a journal: resumed, and with any number of processes the same bytes."""

import pickle
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tod_bench.backends import Died, Resources, spread
from tod_bench.errors import UserError
from tod_bench.interact.agents import Agent, Language, Stage
from tod_bench.interact.episode import LOST, Environment
from tod_bench.interact.journal import Journal, Key, encoded
from tod_bench.interact.llm_user import LLMUsers
from tod_bench.interact.lockstep import played
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

_Line = tuple[Key, bytes, str]
"""Goal and trial, the record, and why the episode was lost; empty where it was not."""


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
        tasks = Tasks(played, trials, journal)
        with progress("playing", len(tasks), unit="episodes") as shown:
            in_a_row = 0
            for key, line, reason in _played(environment, agent, tasks, stage, backend, places):
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


def stage_of(environment: Environment, folder: Path, access: "Access | None" = None) -> Stage:
    """Where agents of an environment play.

    Args:
        environment: The environment.
        folder: Where agents can keep things.
        access: How models behind a server are reached.
    """
    language: Language = "words" if environment.language else "acts"
    return Stage(environment.corpus, environment.world, environment.seed, language, environment.seconds, folder, access)


def prepare(environment: Environment, agent: Agent, stage: Stage) -> None:
    """Makes users and agent ready.

    Raises:
        UserError: They cannot play there.
    """
    if isinstance(environment.user, LLMUsers):
        environment.user.prepare(stage)
    if stage.language not in agent.languages:
        able = " or ".join(sorted(agent.languages))
        raise UserError(f"agent {agent.name} plays in {able}, not in {stage.language}; set `language: {able}`")
    agent.prepare(stage)


def _raise_lost(lost: dict[Key, str], journal: Journal, total: int) -> None:
    if not lost:
        return
    (goal, trial), reason = next(iter(lost.items()))
    raise UserError(
        f"{len(lost)} of {total:,} episodes were lost, such as {goal}/{trial} ({reason}); {len(journal):,} are in "
        f"{journal.path}, and the same command plays the others"
    )


def _played(
    environment: Environment, agent: Agent, tasks: Tasks, stage: Stage, backend: str, resources: Resources
) -> Iterator[_Line]:
    here = backend == "local"
    # How many processors a cluster has, nobody knows before: small chunks give all of them some.
    size = chunk_size(agent.side_by_side, len(tasks), resources.workers if here else len(tasks))
    alone = here and (resources.workers == 1 or len(tasks) <= size)
    if alone or not agent.in_processes:
        yield from _lines(environment, agent, tasks)
        return
    # Workers can be elsewhere, and each makes itself ready; what they need is sent as bytes and opened once.
    sent = _sendable(environment, agent, stage)
    chunks = Chunks(tasks, size)
    for number, lines in spread(play_chunk, chunks, sent, backend=backend, resources=resources, among=BACKENDS):
        if isinstance(lines, Died):
            yield from (((goal.id, trial), b"", lines.reason) for goal, trial in chunks[number])
        else:
            yield from lines


def _sendable(environment: Environment, agent: Agent, stage: Stage) -> bytes:
    """What a worker needs.

    Raises:
        UserError: The agent or the environment cannot be pickled.
    """
    access = stage.access and replace(stage.access, **_resolved(stage.access))
    try:
        opened_there = pickle.dumps((environment, agent, stage.folder.resolve(), access))
    except Exception as error:  # noqa: BLE001 - whatever an agent's own code raises
        raise UserError(
            f"agent {agent.name} cannot be sent to other processes ({type(error).__name__}: {error}); "
            "leave --workers and --backend out"
        ) from None
    # A worker on Ray has another path than this process, where an agent of one's own may be in the working folder.
    return pickle.dumps((sys.path, opened_there))


def _resolved(access: "Access") -> dict[str, Any]:
    """The files of an access by paths that do not depend on a process's working folder."""
    files = {name: getattr(access, name) for name in ("cache", "prices", "spending")}
    return {name: path.resolve() for name, path in files.items() if path is not None}


def _lines(environment: Environment, agent: Agent, tasks: Iterable[Task]) -> Iterator[_Line]:
    for (goal, trial), record in played(environment, agent, tasks):
        lost = record["end"].removeprefix(LOST) if record["end"].startswith(LOST) else ""
        yield (goal.id, trial), encoded(record), lost


_OPENED: dict[bytes, tuple[Environment, Agent]] = {}
"""What a worker plays, by what it was sent; one at a time."""


def play_chunk(tasks: Sequence[Task], sent: bytes) -> list[_Line]:
    """Plays episodes in a worker.

    Args:
        tasks: The episodes.
        sent: Environment, agent and stage, pickled; a worker makes them ready once.
    """
    if sent not in _OPENED:
        paths, opened_here = pickle.loads(sent)
        sys.path += [path for path in paths if path not in sys.path]
        environment, agent, folder, access = pickle.loads(opened_here)
        prepare(environment, agent, stage_of(environment, folder, access))
        _OPENED.clear()
        _OPENED[sent] = environment, agent
    return list(_lines(*_OPENED[sent], tasks))
