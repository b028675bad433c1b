"""The checks of a whole corpus: what was written is read back equal, images, and that a second making gives the same.

Each gives the problems that it finds, as sentences without any text of a dialogue.
"""

import random
from collections.abc import Iterator, Sequence

from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError
from tod_bench.personalise.rows import StageName, row_key
from tod_bench.personalise.styled import StyledDialogue
from tod_bench.personalise.work import Stage, Work
from tod_bench.progress import track
from tod_bench.records import Dialogue

REMADE = 20
"""Rows of each stage that are made a second time."""

_MEASURED: frozenset[StageName] = frozenset({"style", "semantic"})
"""Stages that hold what an encoder measures, whose last digits follow the machine."""

MOST_SHOWN = 5
"""Places that a problem names."""


def read_back_problems(work: Work, kept: frozenset[str]) -> tuple[str, ...]:
    """What differs between the written files, as the reader ``picpersona`` has them, and what they were made of.

    Args:
        work: The corpus.
        kept: Keys of the dialogues that are to be in the files.
    """
    problems: list[str] = []
    try:
        written = open_corpus("picpersona", path=work.options.output, style="personalised")
    except UserError as error:
        # Reports are published, and a path of this machine has no place in one.
        reason = str(error).replace(str(work.options.output), "the folder")
        return (f"the written files cannot be read back: {reason}",)
    for split in work.options.splits:
        of_split = {row_key(split, dialogue.id): dialogue for dialogue in work.of_split(split)}
        wanted = {key: dialogue for key, dialogue in of_split.items() if key in kept}
        found = {row_key(split, one.id): one for one in written.dialogues(split)} if split in written.splits else {}
        if missing := sorted(set(wanted) - set(found)):
            problems.append(_named("dialogues are not in the files", missing))
        if further := sorted(set(found) - set(wanted)):
            problems.append(_named("dialogues in the files are not to be there", further))
        unlike = [
            f"{key}, turn {turn}: {what}"
            for key, dialogue in wanted.items()
            if key in found
            for turn, what in _differences(dialogue, found[key])
        ]
        if unlike:
            problems.append(_named("labels are read back differently", unlike))
    return tuple(problems)


def _differences(plain: Dialogue, read: Dialogue) -> Iterator[tuple[int, str]]:
    if len(plain.turns) != len(read.turns):
        yield len(read.turns), "number of turns"
    for before, after in zip(plain.turns, read.turns, strict=False):
        if before.state != after.state:
            yield before.index, "state"
        if before.acts != after.acts:
            yield before.index, "acts"


def shared_image_problems(work: Work, dialogues: Sequence[StyledDialogue]) -> tuple[str, ...]:
    """Images that personas of several splits have, under the reading that keeps them apart."""
    if work.options.strategies != "tod_bench" or work.options.personas is None:
        return ()
    splits: dict[str, set[str]] = {}
    for styled in dialogues:
        splits.setdefault(styled.persona.image, set()).add(styled.split)
    shared = sorted(image for image, of_image in splits.items() if image and len(of_image) > 1)
    return (_named("images are in more than one split", shared),) if shared else ()


def remade_problems(work: Work, stages: Sequence[Stage], *, rows: int = REMADE) -> tuple[str, ...]:
    """Rows that come out differently when they are made a second time; only of what no language model writes.

    Args:
        work: The corpus.
        stages: The stages to make anew.
        rows: How many rows of each.
    """
    problems = []
    for stage in stages:
        file = work.files.get(stage.name)
        asks = work.client is not None and stage.name in ("user", "system", "natural")
        if file is None or asks or stage.name in _MEASURED or not len(file):
            continue
        units = [unit for unit in stage.units(work) if file.has(unit)]
        sample = random.Random(f"remade/{work.options.seed}").sample(units, min(rows, len(units)))
        unlike = []
        for row in track(stage.make(work, sample), f"{stage.name}, a second time", len(sample), unit="rows"):
            kept = file.get(row.key)
            if kept is None or kept.value != row.value:
                unlike.append(row.key)
        if unlike:
            problems.append(_named(f"rows of {stage.name} are not made the same a second time", sorted(unlike)))
    return tuple(problems)


def _named(what: str, places: Sequence[str]) -> str:
    shown = ", ".join(places[:MOST_SHOWN]) + (", ..." if len(places) > MOST_SHOWN else "")
    return f"{len(places)} {what}: {shown}"
