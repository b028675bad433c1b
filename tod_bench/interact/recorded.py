"""What trackers answer to recorded dialogues: a prediction file an agent, made by as many processes as wanted.

FOLDER/recorded/AGENT-KEY.jsonl    the predictions, which `tod-bench score` reads
FOLDER/recorded/AGENT-KEY/         those of some dialogues each, while others are to come
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tod_bench.backends import Died, Resources, spread
from tod_bench.errors import UserError
from tod_bench.files import digest_of
from tod_bench.interact.agents import Stage
from tod_bench.interact.episode import Environment
from tod_bench.interact.sending import opened, sendable
from tod_bench.interact.trio import TrioAgent
from tod_bench.predictions import read_predictions, write_predictions
from tod_bench.progress import progress
from tod_bench.records import Dialogue, Prediction
from tod_bench.systems import TurnInput
from tod_bench.tasks import turn_inputs

RECORDED: Final = "recorded"
"""The folder beside the episodes that holds the predictions."""

DIALOGUES: Final = 100
"""Dialogues that are answered at once and kept: enough for the batches of a neural model, whatever the processes."""

_Part = tuple[Path, Sequence[TurnInput]]
"""Where the answers of some dialogues are kept, and the inputs of their turns."""


def recorded_answers(
    environment: Environment,
    agent: TrioAgent,
    dialogues: Sequence[Dialogue],
    path: Path,
    stage: Stage,
    *,
    workers: int = 1,
) -> list[Prediction]:
    """The states that an agent's tracker predicts for recorded dialogues; what was answered before is kept.

    Args:
        environment: Where the agent plays.
        agent: The agent; it has been made ready.
        dialogues: The dialogues, all turns of which are answered.
        path: Where the predictions go, without ending; a digest of what decides them is added.
        stage: What it was made ready with.
        workers: Number of processes of this machine.

    Raises:
        UserError: A process died again and again, or something is missing for the agent.
    """
    decides = {"agent": agent.signature, "dialogues": [environment.corpus.fingerprint, *(one.id for one in dialogues)]}
    folder = path.with_name(f"{path.name}-{digest_of(decides)[:16]}").resolve()
    whole = folder.with_name(f"{folder.name}.jsonl")
    if not whole.exists():
        parts = _parts(folder, dialogues)
        to_come = {part: len(some) for part, some in parts.items() if not part.exists()}
        jobs = [(part, tuple(turn_inputs(parts[part], "dst"))) for part in to_come]
        with progress(f"{path.name} answers", sum(to_come.values()), unit="dialogues") as shown:
            for number in _answered(environment, agent, jobs, stage, workers):
                shown.advance(to_come[jobs[number][0]])
        write_predictions(whole, (one for part in parts for one in read_predictions(part)))
        shutil.rmtree(folder)
    return list(read_predictions(whole))


def _parts(folder: Path, dialogues: Sequence[Dialogue]) -> Mapping[Path, Sequence[Dialogue]]:
    starts = range(0, len(dialogues), DIALOGUES)
    return {folder / f"{start:06d}.jsonl": dialogues[start : start + DIALOGUES] for start in starts}


def _answered(
    environment: Environment, agent: TrioAgent, jobs: Sequence[_Part], stage: Stage, workers: int
) -> Iterator[int]:
    """Answers parts, and yields the number of each as it is kept."""
    if min(workers, len(jobs)) <= 1:
        for number, (part, inputs) in enumerate(jobs):
            write_predictions(part, agent.tracker.answers("dst", inputs))
            yield number
        return
    resources = Resources(workers=min(workers, len(jobs)))
    for number, ended in spread(answer_part, jobs, sendable(environment, agent, stage), resources=resources):
        if isinstance(ended, Died):
            raise UserError(f"recorded dialogues were not answered: {ended.reason}; the same command goes on")
        yield number


def answer_part(job: _Part, sent: bytes) -> None:
    """Answers the turns of some dialogues in a worker, and keeps the answers.

    Args:
        job: Where they go, and the inputs.
        sent: Environment, agent and stage, pickled.
    """
    part, inputs = job
    _, agent = opened(sent)
    assert isinstance(agent, TrioAgent), "only agents with a tracker answer recorded dialogues"
    write_predictions(part, agent.tracker.answers("dst", inputs))
