"""What workers have played and not brought back yet: a journal a chunk, so that a kill loses the open episodes alone.

FOLDER/AGENT.jsonl.parts/KEY.jsonl    a chunk's; gone once its episodes are in FOLDER/AGENT.jsonl
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tod_bench.files import digest_of
from tod_bench.interact.journal import Journal, Key
from tod_bench.interact.tasks import Task

Line = tuple[Key, bytes, str]
"""Goal and trial, the record, and why the episode was lost; empty where it was not."""


def parts_of(journal: Path) -> Path:
    """The folder of a journal's parts, by a path that does not depend on a process's working folder."""
    return journal.with_name(f"{journal.name}.parts").resolve()


def part_of(folder: Path, chunk: Sequence[Task]) -> Path:
    """The part of a chunk; a worker that plays it again finds it by this name."""
    goal, trial = chunk[0]
    return folder / f"{digest_of([goal.id, trial])[:24]}.jsonl"


def take_parts(journal: Journal) -> None:
    """Brings what an earlier play left behind into the journal.

    Raises:
        UserError: A part is of another run.
        DataError: A line of one, other than a torn last one, is no episode.
    """
    folder = parts_of(journal.path)
    for part in sorted(folder.glob("*.jsonl")):
        journal.take(part)
    remove_parts(folder)


def remove_part(part: Path) -> None:
    """Removes the part of a chunk whose episodes are in the journal."""
    for file in (part, part.with_name(f"{part.name}.lock")):
        file.unlink(missing_ok=True)


def remove_parts(folder: Path) -> None:
    """Removes the folder, all of whose episodes are in the journal."""
    shutil.rmtree(folder, ignore_errors=True)


def played_into(
    part: Path,
    made_with: Mapping[str, Any],
    chunk: Sequence[Task],
    lines: Callable[[Iterable[Task]], Iterable[Line]],
) -> Iterator[Line]:
    """Plays a chunk, each episode into its part as it ends; those that a worker that died had played are there.

    Args:
        part: The part.
        made_with: ``seed``, ``versions`` and ``agent`` of the play.
        chunk: The episodes.
        lines: Plays episodes.
    """
    goals = list({goal.id: goal for goal, _ in chunk}.values())
    with Journal(part, made_with, goals, trials=1 + max(trial for _, trial in chunk)) as journal:
        yield from ((key, line, "") for key, line in journal.lines())
        for key, line, lost in lines([task for task in chunk if (task[0].id, task[1]) not in journal]):
            if not lost:
                journal.append(key, line)
            yield key, line, lost
