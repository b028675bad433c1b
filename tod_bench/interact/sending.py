"""What processes that work for a play are sent: environment, agent and stage, pickled; each makes itself ready once."""

import pickle
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tod_bench.errors import UserError
from tod_bench.interact.agents import Agent, Language, Stage
from tod_bench.interact.episode import Environment
from tod_bench.interact.llm_user import LLMUsers

if TYPE_CHECKING:
    from pathlib import Path

    from tod_bench.llm.config import Access


def stage_of(environment: Environment, folder: "Path", access: "Access | None" = None) -> Stage:
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


def sendable(environment: Environment, agent: Agent, stage: Stage) -> bytes:
    """What a worker needs, for `opened`.

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


_OPENED: dict[bytes, tuple[Environment, Agent]] = {}
"""What this process works with, by what it was sent; one at a time."""


def opened(sent: bytes) -> tuple[Environment, Agent]:
    """Environment and agent in a worker, made ready the first time.

    Args:
        sent: What `sendable` gave.
    """
    if sent not in _OPENED:
        paths, opened_here = pickle.loads(sent)
        sys.path += [path for path in paths if path not in sys.path]
        environment, agent, folder, access = pickle.loads(opened_here)
        prepare(environment, agent, stage_of(environment, folder, access))
        _OPENED.clear()
        _OPENED[sent] = environment, agent
    return _OPENED[sent]


def _resolved(access: "Access") -> dict[str, Any]:
    """The files of an access by paths that do not depend on a process's working folder."""
    files = {name: getattr(access, name) for name in ("cache", "prices", "spending")}
    return {name: path.resolve() for name, path in files.items() if path is not None}
