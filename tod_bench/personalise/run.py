"""Going through the stages, then writing the records; what was made before is not made again.

FOLDER/{train,dev,test}.json   the records, in PicPersona-TOD's layout
FOLDER/corpus.json, database/  what belongs to no dialogue
FOLDER/dropped.jsonl           dialogues that are not in the records, and why
FOLDER/manifest.json           what everything was made of
FOLDER/report.json, report.md  the report
FOLDER/stages/                 the rows; a run that broke off goes on from them
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tod_bench.corpora.picpersona_made import write_about
from tod_bench.files import atomic_writer, write_json
from tod_bench.llm.config import Access
from tod_bench.personalise.assembly import Assembly, load_settings, opened, save_settings
from tod_bench.personalise.filters.verdicts import dropped as dropped_of
from tod_bench.personalise.manifest import manifest_of, public_options
from tod_bench.personalise.options import Options
from tod_bench.personalise.released import record_key, record_of, type_of
from tod_bench.personalise.report import Report, make_report, write_report
from tod_bench.personalise.rows import STAGES, row_key
from tod_bench.personalise.styled import persona_of
from tod_bench.personalise.work import Stage, Work
from tod_bench.progress import progress
from tod_bench.records import Dialogue

DROPPED = "dropped.jsonl"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Personalised:
    """What a run has made.

    Attributes:
        output: The folder.
        written: Split -> number of dialogues in its records; empty where the run ended at an earlier stage.
        dropped: Number of dialogues that filters dropped.
        made: Stage -> number of rows that were made now.
        rows: Stage -> number of rows there are.
        report: The report; None where the run ended at an earlier stage, or none was asked for.
        passed_over: Number of dialogues that are too short for the reading of strategies; nothing was made of them.
    """

    output: Path
    written: Mapping[str, int]
    dropped: int
    made: Mapping[str, int]
    rows: Mapping[str, int]
    report: Report | None = None
    passed_over: int = 0


def run(options: Options, access: Access | None = None, *, report: bool = True, **reporting: Any) -> Personalised:
    """Personalises a corpus; rows that are there and made of the same are kept.

    Args:
        options: What with.
        access: How a model is reached; None with the arm ``rules``.
        report: Whether to make the report.
        **reporting: Further arguments of `tod_bench.personalise.report.make_report`.

    Raises:
        UserError: An option is wrong, something is not where it should be, or another process writes into the folder.
    """
    with opened(options, access) as assembly:
        work = assembly.work
        save_settings(work.options)
        last = STAGES.index(options.until or STAGES[-1])
        made: dict[str, int] = {}
        rows: dict[str, int] = {}
        for stage in assembly.stages[: last + 1]:
            made[stage.name], rows[stage.name] = run_stage(work, stage)
        if options.until is not None and options.until != STAGES[-1]:
            return Personalised(options.output, {}, 0, made, rows)
        written, left_out = write_records(assembly)
        found = _reported(assembly, **reporting) if report else None
        passed_over = sum(1 for split in work.options.splits for _ in work.passed_over(split))
        return Personalised(options.output, written, left_out, made, rows, found, passed_over)


def remake_report(output: Path, **reporting: Any) -> Report:
    """Makes the report of a folder anew, of the rows that are there; no model is asked.

    Raises:
        UserError: The folder was not made by ``tod-bench personalise``, or what it was made of is not there any more.
    """
    with opened(load_settings(output)) as assembly:
        return _reported(assembly, **reporting)


def run_stage(work: Work, stage: Stage) -> tuple[int, int]:
    """Makes the rows of a stage that are not there, each kept at once.

    Returns:
        How many were made now, and how many there are.
    """
    file, total = work.files[stage.name], 0
    missing = []
    for unit in stage.units(work):
        total += 1
        if not file.has(unit):
            missing.append(unit)
    if missing:
        with progress(f"{stage.name}", len(missing), unit="rows") as shown:
            for row in stage.make(work, missing):
                file.add(row)
                shown.advance()
    unmade = [unit.key for unit in missing if not file.has(unit)]
    if unmade:
        raise RuntimeError(f"stage {stage.name} has made no row of {unmade[0]} and {len(unmade) - 1} others")
    return len(missing), total


def write_records(assembly: Assembly) -> tuple[dict[str, int], int]:
    """Writes records, the list of what was dropped, and the manifest.

    Returns:
        Split -> dialogues written, and how many dialogues were dropped.
    """
    work = assembly.work
    left_out = dropped_of(work)
    folder = work.options.output
    for stale in {"train", "dev", "test"} - work.options.splits.keys():
        (folder / f"{stale}.json").unlink(missing_ok=True)
    written = {split: _write_split(work, split, left_out) for split in work.options.splits}
    with atomic_writer(folder / DROPPED) as file:
        for split, dialogue in work.dialogues():
            reasons = left_out.get(row_key(split, dialogue.id))
            if reasons:
                file.write(_dropped_line(split, dialogue, reasons))
        too_short = f"strategies {work.options.strategies}: fewer than {work.options.fewest_turns} turns"
        for split in work.options.splits:
            file.writelines(_dropped_line(split, dialogue, [too_short]) for dialogue in work.passed_over(split))
    reader = public_options(work.options.corpus_options)
    write_about(folder, work.corpus, work.options.corpus, reader, kept_personas=work.options.personas is None)
    write_json(folder / MANIFEST, manifest_of(assembly, written, len(left_out)))
    return written, len(left_out)


def _dropped_line(split: str, dialogue: Dialogue, reasons: Sequence[str]) -> str:
    line = {"split": split, "dialogue": dialogue.id, "reasons": list(reasons)}
    return json.dumps(line, ensure_ascii=False) + "\n"


def records_of(work: Work, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Key and record of each dialogue of a split."""
    kind = type_of(work.corpus)
    for dialogue in work.of_split(split):
        styled = [
            (
                str(work.row("user", split, dialogue.id, turn.index).value["text"]),
                str(work.row("system", split, dialogue.id, turn.index).value["text"]),
            )
            for turn in dialogue.turns
        ]
        persona = persona_of(work.row("pairs", split, dialogue.id).value)
        yield record_key(kind, split, dialogue.id), record_of(kind, split, dialogue, persona, styled)


def _write_split(work: Work, split: str, left_out: Mapping[str, object]) -> int:
    """Writes the records of a split, one a line, so that a large corpus need not be in memory."""
    count = 0
    dialogues = (dialogue.id for dialogue in work.of_split(split))
    with atomic_writer(work.options.output / f"{split}.json") as file:
        file.write("{")
        for dialogue, (key, record) in zip(dialogues, records_of(work, split), strict=True):
            if row_key(split, dialogue) not in left_out:
                file.write("," * (count > 0) + f"\n{json.dumps(key)}: {json.dumps(record, ensure_ascii=False)}")
                count += 1
        file.write("\n}\n")
    return count


def _reported(assembly: Assembly, **reporting: Any) -> Report:
    made = make_report(assembly.work, stages=assembly.stages, **reporting)
    write_report(assembly.work.options.output, made)
    return made
