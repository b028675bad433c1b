"""What came of runs of AutoTOD: our scores, what their authors logged, and how far both agree.

FOLDER/NAME.jsonl        the episodes of a file of runs on MultiWOZ
FOLDER/autotod.json      scores, agreement and causes of differences, as numbers
FOLDER/differences.csv   every run and domain on which the two differ, with the cause
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

from tod_bench.corpora.base import Corpus
from tod_bench.csv_files import csv_text
from tod_bench.display import Cell, Grid, Tabular, Undefined
from tod_bench.files import write_json, write_text
from tod_bench.interact.exchange.autotod import Run, read_autotod
from tod_bench.interact.exchange.autotod_agreement import MEASURES, Verdict, verdicts
from tod_bench.interact.journal import encoded
from tod_bench.interact.scores import PlayScore, score_episodes
from tod_bench.interact.world import World
from tod_bench.numerals import with_interval
from tod_bench.statistics import Agreement, agreement

SCORED: Final = (
    "episode_success",
    "venue_match",
    "book_rate",
    "book_details",
    "request_recall",
    "request_precision",
    "truthful",
    "episode_turns",
)
"""What can be computed of an imported run: nothing that asks what a user meant to say, or for bookings by ledger."""

_NO_TAXI: Final = "without a taxi"


@dataclass(frozen=True)
class AutotodReport(Tabular):
    """What came of runs of AutoTOD.

    Attributes:
        scores: Ours, over the runs on MultiWOZ whose goals have no taxi.
        verdicts: What both sides say, run by run.
        agreements: Measure -> Krippendorff's alpha of the two, over runs.
        logged: What the authors logged: file, what, share in %, count.
        notes: What cannot be had.
    """

    scores: tuple[PlayScore, ...]
    verdicts: tuple[Verdict, ...]
    agreements: tuple[Agreement, ...]
    logged: tuple[tuple[str, str, float, int], ...]
    notes: tuple[str, ...] = field(default=())

    def records(self) -> list[dict[str, Any]]:
        """One mapping a number."""
        records: list[dict[str, Any]] = [
            {"what": "logged", "file": file, "name": name, "share": share, "n": count}
            for file, name, share, count in self.logged
        ]
        records += [
            {
                "what": "score",
                "name": one.metric,
                "score": one.score,
                "low": one.interval.low,
                "high": one.interval.high,
            }
            | {"episodes": one.episodes, "signature": one.signature}
            for one in self.scores
        ]
        records += [
            {"what": "agreement", "name": one.question, "alpha": one.alpha, "low": one.interval.low}
            | {"high": one.interval.high, **_cells(self.verdicts, one.question)}
            for one in self.agreements
        ]
        records += [
            {"what": "difference", "measure": measure, "name": cause, "n": count, "ours": ours}
            for (measure, ours, cause), count in _causes(self.verdicts)
        ]
        return records

    def grids(self) -> list[Grid]:
        """Logged numbers, our scores, agreement, and the causes of differences."""
        logged = tuple((file, name, f"{share:.1f}", f"{count:,}") for file, name, share, count in self.logged)
        grids = [Grid("logged by the authors", ("file", "what", "%", "of"), logged, names=2, notes=self.notes)]
        if not self.verdicts:
            return grids
        scores = tuple((one.metric, _shown(one.score, one), f"{one.episodes:,}") for one in self.scores)
        grids.append(Grid(f"ours, runs {_NO_TAXI}", ("metric", "score", "runs"), scores))
        rows = []
        for one in self.agreements:
            cells = _cells(self.verdicts, one.question)
            numbers = tuple(f"{cells[name]:,}" for name in ("both", "ours", "theirs", "neither"))
            rows.append((one.question, *numbers, f"{cells['same']:.1f}", _shown(one.alpha, one)))
        columns = ("measure", "both", "only ours", "only theirs", "neither", "% the same", "alpha")
        grids.append(Grid("ours against theirs", columns, tuple(rows)))
        causes = tuple(
            (measure, "ours" if ours else "theirs", cause, f"{count}")
            for (measure, ours, cause), count in _causes(self.verdicts)
        )
        grids.append(Grid("differences", ("measure", "yes by", "cause", "n"), causes, names=3))
        return grids


def report_autotod(files: Sequence[Path], corpus: Corpus | None, folder: Path) -> AutotodReport:
    """Reads files of runs, scores them, and writes episodes, numbers and differences.

    Args:
        files: The files, of runs on MultiWOZ or SGD.
        corpus: The corpus whose database the runs on MultiWOZ are held against.
        folder: Where the files go.

    Raises:
        UserError: A file has runs on MultiWOZ, and no corpus is given.
        DataError: A file is none of AutoTOD.
    """
    read = {path: read_autotod(path, corpus) for path in files}
    runs = [run for path in files for run in read[path] if run.record is not None]
    found: list[Verdict] = []
    scores: list[PlayScore] = []
    if corpus is not None and runs:
        world = World(corpus)
        found = verdicts(runs, world)
        plain = [run.record for run in runs if run.record and not run.has_taxi]
        if plain:
            every = score_episodes(plain, world)
            scores = [every.get(name) for name in SCORED]
    logged = [row for path in files for row in _logged(path.name, read[path])]
    report = AutotodReport(tuple(scores), tuple(found), _agreements(found), tuple(logged), _notes(read, runs))
    for path in files:
        if episodes := [run.record for run in read[path] if run.record is not None]:
            write_text(folder / f"{path.stem}.jsonl", "".join(encoded(record).decode() for record in episodes))
    versions = runs[0].record["versions"] if runs and runs[0].record else {}
    numbers = {"versions": versions, "numbers": report.records(), "notes": list(report.notes)}
    write_json(folder / "autotod.json", numbers)
    rows = [(one.run, one.domain, one.measure, one.ours, one.theirs, one.cause) for one in found if one.cause]
    write_text(folder / "differences.csv", csv_text(("run", "domain", "measure", "ours", "theirs", "cause"), rows))
    return report


def _logged(file: str, runs: Sequence[Run]) -> list[tuple[str, str, float, int]]:
    """Shares of what the authors logged, over domains (on SGD: intents), and over whole runs."""
    rows = []
    for name in ("inform", "success", "book"):
        by_run = [
            kept
            for run in runs
            if (kept := [flag for one in run.logged.values() if (flag := getattr(one, name)) is not None])
        ]
        if by_run:
            flags, whole = list(chain(*by_run)), list(map(all, by_run))
            rows.append((file, name, 100 * sum(flags) / len(flags), len(flags)))
            rows.append((file, f"{name}, whole runs", 100 * sum(whole) / len(whole), len(whole)))
    return rows


def _agreements(found: Sequence[Verdict]) -> tuple[Agreement, ...]:
    runs = dict.fromkeys(one.run for one in found)
    made = []
    for measure in MEASURES:
        those = [one for one in found if one.measure == measure]
        if those:
            ratings = [[float(one.ours) for one in those], [float(one.theirs) for one in those]]
            there = {one.run for one in those}
            places = {run: place for place, run in enumerate(run for run in runs if run in there)}
            made.append(agreement(ratings, "nominal", items=[places[one.run] for one in those], question=measure))
    return tuple(made)


def _cells(found: Sequence[Verdict], measure: str) -> dict[str, float]:
    counts = Counter((one.ours, one.theirs) for one in found if one.measure == measure)
    same = counts[True, True] + counts[False, False]
    return {
        "both": counts[True, True],
        "ours": counts[True, False],
        "theirs": counts[False, True],
        "neither": counts[False, False],
        "same": 100 * same / sum(counts.values()),
    }


def _causes(found: Sequence[Verdict]) -> list[tuple[tuple[str, bool, str], int]]:
    """Measure, whether ours says yes, and cause -> how often; domains alone, the most frequent first."""
    counts = Counter((one.measure, one.ours, one.cause) for one in found if one.cause and one.measure != "dialogue")
    return sorted(counts.items(), key=lambda pair: (MEASURES.index(pair[0][0]), -pair[1], pair[0]))


def _notes(read: dict[Path, tuple[Run, ...]], runs: Sequence[Run]) -> tuple[str, ...]:
    notes = [
        f"{path.name}: {len(those):,} runs, {sum(run.turns for run in those):,} turns"
        + ("" if those[0].record else "; SGD: no goal, call or database entry in the file, so that nothing is scored")
        for path, those in read.items()
    ]
    if runs:
        taxis = sum(run.has_taxi for run in runs)
        notes += [
            f"{taxis} runs with a taxi are scored by domain only: bookings of taxis were not logged",
            "bookings are those that the authors found under the references told; others are not known",
            "what was said is understood by keywords and the database's values; faults of the user, for which one must "
            "know what it meant, are not computed",
        ]
    return tuple(notes)


def _shown(value: float | None, of: PlayScore | Agreement) -> Cell:
    if value is None:
        return Undefined()
    return with_interval(value, of.interval.low, of.interval.high)
