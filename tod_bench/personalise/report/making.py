"""Making the report of a personalised corpus, and writing it."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tod_bench.files import write_json, write_text
from tod_bench.personalise.checks.corpus import read_back_problems, remade_problems, shared_image_problems
from tod_bench.personalise.checks.dialogue import DIALOGUE_CHECKS
from tod_bench.personalise.checks.rules import work_rules
from tod_bench.personalise.filters.verdicts import Dropped, verdicts_of
from tod_bench.personalise.options import FilterReading
from tod_bench.personalise.planting import plant
from tod_bench.personalise.report import counting
from tod_bench.personalise.report.figure5 import figure5
from tod_bench.personalise.report.filtering import READINGS, filter_shares, planted_recall
from tod_bench.personalise.restyling import restyled
from tod_bench.personalise.styled import StyledDialogue, styled_dialogues
from tod_bench.personalise.work import Stage, Work
from tod_bench.progress import progress
from tod_bench.records import Persona

CONTROL = 40
"""Dialogues that are restyled for every kind of persona."""

PARTS = ("rows and filters", "Figure 5", "planted faults", "checks of the corpus")
"""What making a report consists of, as its progress names it."""

MOST_UNREAD = 0.05
"""Share of dialogues without a verdict of a language model above which its filters say too little."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a personalised corpus; it holds no text of a dialogue.

    Attributes:
        problems: What does not hold, as sentences; a corpus with problems is not sound.
        content: The numbers, as JSON values.
    """

    problems: tuple[str, ...]
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether every check holds of what is kept."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"sound": self.sound, "problems": list(self.problems), **self.content}


def make_report(
    work: Work,
    stages: Sequence[Stage] = (),
    *,
    planted: int = 20,
    politeness: bool = True,
    control: int = CONTROL,
    sample: int | None = None,
) -> Report:
    """Computes every number of a personalised corpus from its rows and files.

    Args:
        work: The corpus, with the files of its stages open.
        stages: The stages that are tried a second time (same seed, same rows); none are where this is empty.
        planted: In how many dialogues each fault is planted to see who finds it; 0 for none.
        politeness: Whether Figure 5 has politeness, which takes a parse of a response of each dialogue.
        control: Dialogues that are restyled for every kind of persona; 0 for none.
        sample: Dialogues that Figure 5 is computed on, drawn by the seed; None for all.
    """
    seed = work.options.seed

    def restyle(styled: StyledDialogue, persona: Persona) -> StyledDialogue:
        return restyled(_rules_arm(work), styled, persona)

    with progress("report", len(PARTS), unit="parts") as under_way:
        under_way.now(PARTS[0])
        dialogues = list(styled_dialogues(work))
        by_reading = {reading: verdicts_of(work, reading, [styled.key for styled in dialogues]) for reading in READINGS}
        dropped = by_reading[work.options.filters]
        left_out = dropped.by_dialogue()
        kept = [styled for styled in dialogues if styled.key not in left_out]
        kept_keys = frozenset(styled.key for styled in kept)
        content = _counts(work, dialogues, kept_keys, by_reading)
        under_way.advance()

        under_way.now(PARTS[1])
        shown = _drawn(kept, sample, f"figure5/{seed}")
        content["figure5"] = figure5(
            shown,
            control=_drawn(kept, control, f"control/{seed}") if control else (),
            restyle=restyle,
            politeness=politeness,
            seed=seed,
        ).to_json()
        content["figure5_dialogues"] = len(shown)
        content["spending"] = asdict(work.client.spending()) if work.client is not None else None
        under_way.advance()

        under_way.now(PARTS[2])
        if planted and dialogues:
            faults = plant(dialogues, planted, seed, restyle)
            content["planted"] = {
                "each": dict(sorted(Counter(faults.faults.values()).items())),
                "found": planted_recall(work, faults, work_rules(work)),
            }
        under_way.advance()

        under_way.now(PARTS[3])
        problems = _problems(work, stages, dialogues, kept_keys, dropped)
        under_way.advance()
    return Report(problems, content)


def _counts(
    work: Work,
    dialogues: Sequence[StyledDialogue],
    kept: frozenset[str],
    by_reading: Mapping[FilterReading, Dropped],
) -> dict[str, Any]:
    """What is counted of rows and dialogues."""
    passed_over = {split: sum(1 for _ in work.passed_over(split)) for split in work.options.splits}
    return {
        "corpus": work.corpus.name,
        "arm": work.options.arm,
        "seed": work.options.seed,
        "readings": {"strategies": work.options.strategies, "filters": work.options.filters},
        "table1": counting.table1(dialogues, kept),
        "passed_over": {split: count for split, count in passed_over.items() if count},
        "release": {extent.split: str(extent) for extent in work.extents() if extent.official},
        "unofficial": list(work.corpus.unofficial),
        "unchanged": counting.unchanged(dialogues),
        "strategies": counting.strategies(dialogues),
        "fallbacks": counting.fallbacks(work, dialogues),
        "emotions": counting.emotions(dialogues),
        "shared_images": counting.shared_images(dialogues),
        "checks": _check_counts(work, dialogues),
        "filters": {reading: filter_shares(found) for reading, found in by_reading.items()},
        "filtered_by": "language model" if work.client is not None else "rules (offline)",
    }


def write_report(folder: Path, report: Report) -> None:
    """Writes ``report.json`` and ``report.md`` into a folder, each atomically."""
    from tod_bench.personalise.report.laying_out import markdown

    write_json(folder / "report.json", report.to_json())
    write_text(folder / "report.md", markdown(report))


def _problems(
    work: Work, stages: Sequence[Stage], dialogues: Sequence[StyledDialogue], kept: frozenset[str], dropped: Dropped
) -> tuple[str, ...]:
    failing = []
    for key in sorted(kept):
        row = work.files["checks"].get(key) if "checks" in work.files else None
        failed: Mapping[str, Sequence[str]] = row.value["failed"] if row else {}
        # A clause names values; its place is all that is said here.
        failing += [f"{key}, {clause.partition(':')[0]} ({check})" for check in failed for clause in failed[check]]
    problems = []
    if failing:
        places = "; ".join(failing[:5]) + ("; ..." if len(failing) > 5 else "")
        problems.append(f"{len(failing)} places of kept dialogues fail a check: {places}")
    unread = [name for name, count in dropped.unread.items() if count > MOST_UNREAD * max(1, len(dropped.dialogues))]
    problems += [f"the filter {name} has no verdict on {dropped.unread[name]} dialogues" for name in unread]
    return (
        *problems,
        *read_back_problems(work, kept),
        *shared_image_problems(work, dialogues),
        *remade_problems(work, stages),
    )


def _check_counts(work: Work, dialogues: Sequence[StyledDialogue]) -> dict[str, dict[str, int]]:
    """Of each check: places that fail, and dialogues that they are in."""
    counts = {check: {"places": 0, "dialogues": 0} for check in DIALOGUE_CHECKS}
    for styled in dialogues:
        row = work.files["checks"].get(styled.key)
        for check, clauses in (row.value["failed"] if row else {}).items():
            counts[check]["places"] += len(clauses)
            counts[check]["dialogues"] += 1
    return counts


def _drawn(dialogues: Sequence[StyledDialogue], count: int | None, seed: str) -> list[StyledDialogue]:
    if count is None or count >= len(dialogues):
        return list(dialogues)
    chosen = random.Random(seed).sample(range(len(dialogues)), count)
    return [dialogues[number] for number in sorted(chosen)]


def _rules_arm(work: Work) -> Any:
    if work.options.arm == "rules":
        return work.arm
    from tod_bench.personalise.rules import RulesArm

    return RulesArm(work.options.seed, work.options.rules)
