"""What a task's systems are conditioned on: the state, and for responses the acts; and the gold behind predictions."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

from tod_bench.records import TaskName

Conditioning: TypeAlias = Literal["state", "acts"]
"""What a system can be shown of an earlier task's answers."""

CONDITIONED: Mapping[TaskName, tuple[Conditioning, ...]] = {"policy": ("state",), "response": ("state", "acts")}
"""Task -> what its systems can be conditioned on."""

PREDICTED_BY: Mapping[Conditioning, TaskName] = {"state": "dst", "acts": "policy"}
"""What a system can be conditioned on -> the task that predicts it."""

GOLD_NOTE = "gold_access"
"""Key of a prediction's notes that lists the gold behind it."""


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
    """The gold that the lines of a prediction file say their system was shown."""
    mark = json.dumps(GOLD_NOTE)
    found: set[str] = set()
    with suppress(OSError, ValueError, AttributeError):
        for line in path.read_text(encoding="utf-8").splitlines():
            if mark in line:
                noted = json.loads(line).get("notes", {}).get(GOLD_NOTE, ())
                found |= {str(name) for name in noted} if isinstance(noted, list) else set()
    return tuple(sorted(found))
