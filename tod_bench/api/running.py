"""Running configs from Python: plans, runs, sweeps and reports of finished runs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tod_bench import sweeps
from tod_bench.display import Cell, Grid, Tabular, Undefined, score_record
from tod_bench.experiments.config import ConfigSource, EvalConfig
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.results import Result
from tod_bench.experiments.runner import Status
from tod_bench.numerals import DIGITS, decimal, interval
from tod_bench.reports.html import can_render
from tod_bench.reports.numbers import Number, written
from tod_bench.reports.opened import OpenedRun
from tod_bench.reports.page import page_data, table_of, write_page
from tod_bench.reports.report import report as report_runs
from tod_bench.reports.runs import read_runs, table_folder, with_layout
from tod_bench.reports.table import Table
from tod_bench.reports.writers import write_table
from tod_bench.sweeps import Ablation, Effect, Resources, Trial, write_ablation

Overrides = Sequence[str] | Mapping[str, Any]
"""Keys of a config to set: ``["seeds=[1, 2]"]`` or ``{"seeds": [1, 2]}``."""


def _say_nothing(_sentence: str) -> None:
    """Takes sentences that nobody wants to see."""


@dataclass(frozen=True, eq=False, repr=False)
class RunResult(Tabular):
    """A config's results and its table.

    Attributes:
        config: The config that was run.
        results: The scores of each experiment with their provenance.
        table: The table that the config describes.
        missing: What it was run without, and what supplies it, in sentences.
        files: The files that hold the table, and the page where one was written.
    """

    config: EvalConfig
    results: tuple[Result, ...]
    table: Table
    missing: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def records(self) -> list[dict[str, Any]]:
        """One mapping a score of an experiment."""
        return [
            {
                "corpus": result.experiment.corpus,
                "system": result.experiment.system,
                "task": result.experiment.task,
                "seed": result.experiment.seed,
                **score_record(score),
            }
            for result in self.results
            for score in result.scores
        ]

    def grids(self) -> list[Grid]:
        """The table, with its signatures, warnings and notes."""
        table = self.table
        rows = tuple(
            (*row.called(table.labels), *(_cell(number, signed=row.difference) for number in row.numbers))
            for row in table.rows
        )
        signatures = [f"{label}: {', '.join(texts)}" for label, texts in table.signatures.items()]
        notes = (*(f"Warning: {warning}" for warning in table.warnings), *signatures, *table.notes)
        return [Grid(table.title, (*table.labels, *table.columns), rows, len(table.labels), notes)]

    def __repr__(self) -> str:
        return self.to_markdown()


@dataclass(frozen=True, eq=False, repr=False)
class PlanResult(Tabular):
    """What a config would run and what is finished.

    Attributes:
        plan: The config with everything that it names.
        statuses: What the store has of each experiment.
        notes: Which gold systems are shown.
        missing: What is missing (files, a key), and what supplies it, in sentences.
    """

    plan: Plan
    statuses: tuple[Status, ...]
    notes: tuple[str, ...]
    missing: tuple[str, ...]

    def records(self) -> list[dict[str, Any]]:
        """One mapping an experiment: whether it is trained, predicted and scored, and what changed since."""
        return [
            {
                "corpus": status.experiment.corpus,
                "system": status.experiment.system,
                "task": status.experiment.task,
                "seed": status.experiment.seed,
                "trained": status.trained,
                "predicted": status.predicted,
                "scored": status.scored,
                "changed": "; ".join(status.changed),
            }
            for status in self.statuses
        ]

    def grids(self) -> list[Grid]:
        """The experiments, ``cached`` or ``to do``."""
        words = {True: "cached", False: "to do", None: "not trained"}
        records = self.records()
        rows = []
        for record in records:
            steps = {step: words[record[step]] for step in ("trained", "predicted", "scored")}
            rows.append(tuple(map(str, {**record, **steps}.values())))
        columns = tuple(records[0]) if records else ()
        notes = (*self.notes, *(f"missing: {sentence}" for sentence in self.missing))
        return [Grid(self.plan.config.title or self.plan.config.name, columns, tuple(rows), len(columns), notes)]

    def __repr__(self) -> str:
        return self.to_markdown()


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult(Tabular):
    """The trials of a sweep and the ablation table over them.

    Attributes:
        trials: The variants of the config.
        table: The scores of each trial, and the effect of each factor.
        files: The files that hold the table.
    """

    trials: tuple[Trial, ...]
    table: Ablation
    files: tuple[Path, ...] = ()

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What each change of a factor's level does, with interval and corrected p-value."""
        return self.table.effects

    def records(self) -> list[dict[str, Any]]:
        """One mapping a number of a trial, with the levels of its factors."""
        return [
            {
                **row.levels,
                "corpus": row.corpus,
                "system": row.system,
                "column": column,
                "value": number.value,
                "low": number.low,
                "high": number.high,
                "spread": number.spread,
                "signature": " ; ".join(number.signatures),
            }
            for row in self.table.rows
            for column, number in zip(self.table.columns, row.numbers, strict=True)
        ]

    def grids(self) -> list[Grid]:
        """The trials, then the effects of the factors."""
        table = self.table
        names = (*table.factors, "corpus", "system")
        trials = tuple(
            (*row.levels.values(), row.corpus, row.system, *(_cell(number) for number in row.numbers))
            for row in table.rows
        )
        effects = tuple(
            (
                effect.factor,
                f"{effect.baseline} → {effect.level}",
                effect.corpus,
                effect.system,
                effect.column,
                _difference(effect),
                Undefined() if effect.corrected is None else f"{effect.corrected:.4f}",
            )
            for effect in table.effects
        )
        heads = ("factor", "change", "corpus", "system", "score", "difference", "p (Holm)")
        return [
            Grid(table.title, (*names, *table.columns), trials, len(names)),
            Grid("Effect of each factor", heads, effects, 5, (*table.signatures, *table.notes)),
        ]

    def __repr__(self) -> str:
        return self.to_markdown()


def plan(
    config: ConfigSource, overrides: Overrides = (), *, small: bool = False, store: str | Path = "runs"
) -> PlanResult:
    """Says what a config would run and what of it is finished, without running it.

    Args:
        config: The name of a shipped config, a file, or a mapping.
        overrides: Keys to set, such as ``{"seeds": [1, 2]}``.
        small: Whether to take the config's small variant.
        store: The folder where results are kept.

    Raises:
        UserError: The config is wrong; every error is in the message.
    """
    planned = sweeps.plan(config, _texts(overrides), small=small, store=store)
    missing = (*map(str, planned.plan.missing), *planned.config.needs)
    return PlanResult(planned.plan, planned.statuses, tuple(planned.plan.remarks()), missing)


def run(
    config: ConfigSource,
    overrides: Overrides = (),
    *,
    small: bool = False,
    store: str | Path = "runs",
    workers: int = 1,
    force: Sequence[str] = (),
    announce: Callable[[str], None] = _say_nothing,
) -> RunResult:
    """Runs a config; what is finished in the store is not run again.

    What is missing (files, ratings, a key) is named in `missing`; all else is computed.

    Args:
        config: The name of a shipped config, a file, or a mapping.
        overrides: Keys to set, such as ``{"seeds": [1, 2]}``.
        small: Whether to take the config's small variant: embedded corpus, scripted judge, seconds.
        store: The folder where trainings, predictions and results are kept.
        workers: How many systems and corpora run at a time, a process each.
        force: What to make again, as with ``tod-bench run --force``.
        announce: Called with each step of each experiment when it begins; not from several workers.

    Raises:
        UserError: The config is wrong, every error in the message; or a corpus or the store is unusable.
    """
    done = sweeps.run(
        config, _texts(overrides), store=store, small=small, workers=workers, force=force, announce=announce
    )
    opened = OpenedRun(done.run, done.plan.corpora)
    table, folder = table_of(done.run, opened), table_folder(Path(store), done.config.name)
    files = write_table(table, folder)
    if can_render():
        files.append(write_page(page_data(done.run, opened=opened), folder / "page.html"))
    return RunResult(done.config, done.results, table, tuple(map(str, done.plan.missing)), tuple(files))


def sweep(
    config: ConfigSource,
    overrides: Overrides = (),
    *,
    store: str | Path = "runs",
    backend: str = "local",
    workers: int = 1,
) -> SweepResult:
    """Runs every variant that a config's `sweep` section spans, and compares their levels.

    Args:
        config: The name of a shipped config, a file, or a mapping.
        overrides: Keys to set, such as ``{"seeds": [1, 2]}``.
        store: The folder where trainings, predictions and results are kept.
        backend: ``local``, ``ray`` or ``slurm``; with the latter two, every machine must see the store.
        workers: Trials at a time (``local``, ``slurm``).

    Raises:
        UserError: The config is wrong or has no sweep, or a corpus or the store is unusable.
    """
    done = sweeps.sweep(config, _texts(overrides), store=store, backend=backend, resources=Resources(workers=workers))
    files = write_ablation(done.table, Path(store) / "tables" / done.config.name)
    return SweepResult(done.trials, done.table, tuple(files))


def report(
    *runs: str,
    store: str | Path = "runs",
    configs: Sequence[str] = (),
    page: str | Path | None = None,
    dialogues: int = 40,
    judged: Sequence[str | Path] = (),
) -> tuple[RunResult, ...]:
    """The tables of finished runs, without running anything.

    Args:
        *runs: Names of configs that were run into `store`, folders of stores, or result files; none for all of `store`.
        store: The store that names of configs are looked up in.
        configs: Configs to lay runs out by, and to leave other runs out for.
        page: A file to write an HTML page of the one run to.
        dialogues: Dialogues of each corpus to embed in the page.
        judged: Folders of judge runs whose verdicts the page is to show.

    Raises:
        UserError: There is no such run, or a page is wanted of several.
    """
    tables, _ = report_runs(
        runs,
        Path(store),
        configs=configs,
        form="terminal",
        page=Path(page) if page else None,
        dialogues=dialogues,
        judged=tuple(map(Path, judged)),
    )
    found = read_runs(runs, Path(store))
    chosen = with_layout(found, configs) if configs else found
    files = (Path(page),) if page else ()
    return tuple(
        RunResult(one.config, one.results, table, one.lacking, files) for one, table in zip(chosen, tables, strict=True)
    )


def _texts(overrides: Overrides) -> Sequence[str]:
    if isinstance(overrides, Mapping):
        return [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
    return overrides


def _cell(number: Number, *, signed: bool = False) -> Cell:
    if number.value is None:
        return Undefined("undefined" if number.signatures else "not computed")
    return written(number, signed=signed)


def _difference(effect: Effect) -> Cell:
    if effect.difference is None:
        return Undefined(effect.note)
    text = decimal(effect.difference, signed=True)
    if effect.low is None or effect.high is None:
        return text
    return f"{text} {interval(effect.difference, effect.low, effect.high, digits=DIGITS, signed=True)}"
