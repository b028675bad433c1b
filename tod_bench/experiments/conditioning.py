"""What a task's systems are conditioned on: the state, and for responses the acts; and the gold behind predictions."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

from tod_bench.errors import UserError
from tod_bench.inputs import read_text
from tod_bench.predictions import GOLD_NOTE, gold_in
from tod_bench.records import TaskName

Conditioning: TypeAlias = Literal["state", "acts"]
"""What a system can be shown of an earlier task's answers."""

CONDITIONED: Mapping[TaskName, tuple[Conditioning, ...]] = {"policy": ("state",), "response": ("state", "acts")}
"""Task -> what its systems can be conditioned on."""

PREDICTED_BY: Mapping[Conditioning, TaskName] = {"state": "dst", "acts": "policy"}
"""What a system can be conditioned on -> the task that predicts it."""


def gold_sentences(shown: Iterable[tuple[str, str, Iterable[str]]]) -> list[str]:
    """What gold systems are shown, a sentence for all tasks of a system that are shown the same.

    Args:
        shown: (system, task, names of the gold behind its predictions).
    """
    tasks: dict[tuple[str, str], dict[str, None]] = {}
    for system, task, names in shown:
        for name in names:
            tasks.setdefault((system, name), {})[task] = None
    sentences: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (system, name), where in tasks.items():
        sentences.setdefault((system, tuple(where)), []).append(name)
    return [
        f"{system} is shown gold: {', '.join(names)} (in {', '.join(where)})"
        for (system, where), names in sentences.items()
    ]


def missing_source(system: str, task: TaskName, what: Conditioning, *, needed: bool = False) -> str:
    """The sentence for a system that is to be shown predictions that the config does not make."""
    source, without = PREDICTED_BY[what], "" if needed else f" or `{what}: none`"
    return (
        f"tasks.{task}.{what}: {system} does not predict {source} here, so there is no predicted {what} to show it; "
        f"add {source} to the tasks, or write `{what}: gold` (said beside its numbers){without}"
    )


def gold_noted(path: Path) -> tuple[str, ...]:
    """The gold that the lines of a prediction file, gzipped or not, say their system was shown.

    What cannot be read is left to the reader of predictions, which says so.
    """
    mark = json.dumps(GOLD_NOTE)
    found: set[str] = set()
    with suppress(UserError, ValueError, AttributeError):
        for line in read_text(path).split("\n"):
            if mark in line:
                found.update(gold_in(json.loads(line).get("notes", {})))
    return tuple(sorted(found))
