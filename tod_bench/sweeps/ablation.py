"""The ablation table of a sweep: every trial's scores over seeds, and what each factor does to them.

The effect of a factor compares trials that differ in that factor alone. Their dialogues are paired: the statistics of
each dialogue are summed over the matched trials and seeds at either level, and a paired randomisation test swaps the
two sums dialogue by dialogue. P-values are Holm-corrected over all effects of the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from tod_bench.experiments.config import Column, TableConfig
from tod_bench.experiments.plan import Plan, build
from tod_bench.experiments.results import Experiment, Result, Store
from tod_bench.experiments.runner import Runner
from tod_bench.reports.notes import gold_notes
from tod_bench.reports.numbers import Number, column_number, spec_of
from tod_bench.reports.table import all_columns
from tod_bench.scoring import ScoreRow
from tod_bench.statistics import approximate_randomization, holm
from tod_bench.sweeps.trials import Trial
from tod_metrics import canonical


@dataclass(frozen=True, slots=True)
class TrialRow:
    """Scores of one trial, corpus and system, a number a column."""

    levels: Mapping[str, str]
    corpus: str
    system: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change of one factor's level does to one column.

    Attributes:
        factor: The factor.
        level: The level changed to.
        baseline: The level changed from.
        column: Label of the column.
        corpus: The corpus.
        system: The system.
        difference: Score at the level less score at the baseline, over matched trials and seeds pooled.
        low: Lower end of the difference's 95% interval.
        high: Upper end.
        p_value: Of the paired randomisation test, before correction; None where it cannot be made.
        corrected: After Holm's correction over all effects.
        pairs: Matched pairs of experiments behind it.
        note: Why it was not tested; mostly empty.
    """

    factor: str
    level: str
    baseline: str
    column: str
    corpus: str
    system: str
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    corrected: float | None
    pairs: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ablation:
    """The table of a sweep."""

    title: str
    factors: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[TrialRow, ...]
    effects: tuple[Effect, ...]
    signatures: tuple[str, ...]
    notes: tuple[str, ...] = ()


def ablation(title: str, trials: Sequence[Trial], store: Store) -> Ablation:
    """Lays out finished trials; what the store lacks of them is computed.

    Args:
        title: What the table shows.
        trials: The trials. Their columns are those of the first one's `table`, completed by its rows; every metric that
            was computed where it names none.
        store: Where their experiments are.
    """
    runs = [_Run(trial, build(trial.config), store) for trial in trials]
    columns = _columns(trials[0].config.table, [result for run in runs for result in run.results])
    rows = tuple(row for run in runs for row in run.table_rows(columns))
    effects = [effect for factor in trials[0].levels for effect in _effects(factor, runs, columns)]
    return Ablation(
        title,
        tuple(trials[0].levels),
        tuple(column.label for column in columns),
        rows,
        tuple(_corrected(effects)),
        tuple(
            sorted(
                {str(row.score.signature) for run in runs for column in columns for _, row in run.keyed_rows(column)}
            )
        ),
        _notes(trials[0].config.table, runs),
    )


def _signatures(runs: Sequence["_Run"], columns: Sequence[Column]) -> tuple[str, ...]:
    rows = (row for run in runs for column in columns for _, row in run.keyed_rows(column))
    return tuple(sorted({str(row.score.signature) for row in rows}))


def _notes(table: TableConfig, runs: Sequence["_Run"]) -> tuple[str, ...]:
    """The table's own notes, and what gold was shown in which trials."""
    shown: dict[str, list[str]] = {}
    for run in runs:
        for note in gold_notes(run.results):
            shown.setdefault(note, []).append(str(run.trial))
    gold = [note if len(where) == len(runs) else f"{note}: {'; '.join(where)}" for note, where in shown.items()]
    return (*table.notes, *gold)


def _columns(table: TableConfig, results: Sequence[Result]) -> tuple[Column, ...]:
    """The columns of a sweep's table; where it has rows of its own, each column once for every row."""
    columns = table.columns or all_columns(results)
    if not table.rows:
        return columns
    return tuple(
        row.completed(column).model_copy(
            update={"label": f"{column.label}, {row.label}" if row.label else column.label}
        )
        for row in table.rows
        for column in columns
    )


class _Run:
    """A trial with its plan, and the statistics behind its scores, each experiment's computed once."""

    def __init__(self, trial: Trial, plan: Plan, store: Store) -> None:
        self.trial, self.plan = trial, plan
        self._workshop = Runner(plan, store)
        self.results: list[Result] = [self._workshop.result(experiment) for experiment in plan.experiments]
        self._rows: dict[Experiment, list[ScoreRow]] = {}

    def table_rows(self, columns: Sequence[Column]) -> list[TrialRow]:
        pairs = dict.fromkeys((experiment.corpus, experiment.system) for experiment in self.plan.experiments)
        return [
            TrialRow(self.trial.levels, corpus, system, self._numbers(corpus, system, columns))
            for corpus, system in pairs
        ]

    def _numbers(self, corpus: str, system: str, columns: Sequence[Column]) -> tuple[Number, ...]:
        # A row without a system is the corpus's own: an empty name would match every system.
        return tuple(
            column_number(self.results, system, corpus, column) if system or column.task == "corpus" else Number()
            for column in columns
        )

    def keyed_rows(self, column: Column, corpus: str = "", system: str = "") -> list[tuple[str, ScoreRow]]:
        """The statistics of a column, one for each seed, each with the key of the predictions that it scores."""
        found: list[tuple[str, ScoreRow]] = []
        if column.task in ("corpus", "people"):
            return found  # what is counted or said by people has no statistics a dialogue to compare
        for experiment in self.plan.experiments:
            if (
                experiment.task == column.task
                and corpus in ("", experiment.corpus)
                and system in ("", experiment.system)
            ):
                if experiment not in self._rows:
                    self._rows[experiment] = self._workshop.rows(experiment)
                key = self.plan.prediction_key(experiment)
                found += [(key, row) for row in self._rows[experiment] if _shows(column, row)]
        return found


def _shows(column: Column, row: ScoreRow) -> bool:
    return spec_of(row.score) == canonical(column.metric) and row.score.is_of(column.domain)


def _effects(factor: str, runs: Sequence[_Run], columns: Sequence[Column]) -> list[Effect]:
    levels = list(dict.fromkeys(run.trial.levels[factor] for run in runs))
    places = dict.fromkeys(
        (experiment.corpus, experiment.system)
        for run in runs
        for experiment in run.plan.experiments
        if experiment.system
    )
    return [
        _effect(factor, baseline, level, runs, column, corpus, system)
        for baseline, level in combinations(levels, 2)
        for corpus, system in places
        for column in columns
    ]


def _effect(
    factor: str, baseline: str, level: str, runs: Sequence[_Run], column: Column, corpus: str, system: str
) -> Effect:
    matched = [
        pair
        for first, second in _matched(factor, baseline, level, runs)
        for pair in zip(
            first.keyed_rows(column, corpus, system), second.keyed_rows(column, corpus, system), strict=False
        )
    ]
    pairs = [(before, after) for (key, before), (other, after) in matched if key != other]
    empty = Effect(factor, level, baseline, column.label, corpus, system, None, None, None, None, None, len(pairs))
    if not pairs:
        if matched:
            return replace(empty, note="both levels have the same predictions here")
        alone = _matched(factor, baseline, level, runs)
        untested = "there are no scores of single dialogues to compare"
        return replace(empty, note=untested if alone else "no two trials differ in this alone")
    if len({row.sums.shape for pair in pairs for row in pair}) > 1:
        return replace(empty, note="the trials were not tested on the same dialogues")
    sums = [np.sum([pair[side].sums for pair in pairs], axis=0) for side in (1, 0)]
    test = approximate_randomization(sums[0], sums[1], pairs[0][0].aggregate, draws=10_000)
    return replace(
        empty,
        difference=test.effect,
        low=test.interval.low,
        high=test.interval.high,
        p_value=test.p_value,
        note=test.note,
    )


def _matched(factor: str, baseline: str, level: str, runs: Sequence[_Run]) -> list[tuple[_Run, _Run]]:
    def others(run: _Run) -> dict[str, str]:
        return {name: value for name, value in run.trial.levels.items() if name != factor}

    return [
        (first, second)
        for first in runs
        for second in runs
        if (first.trial.levels[factor], second.trial.levels[factor]) == (baseline, level)
        and others(first) == others(second)
    ]


def _corrected(effects: Sequence[Effect]) -> list[Effect]:
    tested = [index for index, effect in enumerate(effects) if effect.p_value is not None]
    corrected = dict(zip(tested, holm([float(effects[index].p_value or 0) for index in tested]), strict=True))
    return [
        replace(effect, corrected=float(corrected[index])) if index in corrected else effect
        for index, effect in enumerate(effects)
    ]
