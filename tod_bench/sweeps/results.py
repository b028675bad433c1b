"""What running configs gives: a run, a plan and a sweep, each shown as tables and taken apart as records."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tod_bench.display import Cell, Grid, Tabular, Undefined, score_record
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.estimates import PlannedCost
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.results import Experiment, Result
from tod_bench.experiments.runner import Status
from tod_bench.reports.numbers import Number, written
from tod_bench.reports.table import Table
from tod_bench.sweeps.ablation import Ablation, Effect
from tod_bench.sweeps.trials import Trial
from tod_bench.sweeps.writing import corrected_p, difference


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
                **_labels(result.experiment),
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
        costs: What experiments that are not predicted yet would take of servers.
    """

    plan: Plan
    statuses: tuple[Status, ...]
    notes: tuple[str, ...]
    missing: tuple[str, ...]
    costs: tuple[PlannedCost, ...] = ()

    def records(self) -> list[dict[str, Any]]:
        """One mapping an experiment: whether it is trained, predicted and scored, and what changed since."""
        return [
            {
                **_labels(status.experiment),
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
                difference(effect),
                corrected_p(effect),
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


def _cell(number: Number, *, signed: bool = False) -> Cell:
    if number.value is None:
        return Undefined("undefined" if number.signatures else "not computed")
    return written(number, signed=signed)


def _labels(experiment: Experiment) -> dict[str, Any]:
    return {name: getattr(experiment, name) for name in ("corpus", "system", "task", "seed")}
