"""The ablation table of a sweep: every trial's scores over seeds, and what each factor does to them.

The effect of a factor compares trials that differ in that factor alone. Their dialogues are paired: the statistics of
each dialogue are summed over the matched trials and seeds at either level, and a paired randomisation test swaps the
two sums dialogue by dialogue. P-values are Holm-corrected over all effects of the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from tod_bench.experiments.config import Column, TableConfig
from tod_bench.experiments.jobs import predictions_job
from tod_bench.experiments.plan import Plan, build
from tod_bench.experiments.results import Experiment, Result, Store
from tod_bench.experiments.runner import Runner
from tod_bench.reports.notes import gold_notes
from tod_bench.reports.numbers import Number, column_number, spec_of
from tod_bench.reports.table import all_columns
from tod_bench.scoring import Row, dialogues_of, randomization_test
from tod_bench.statistics import holm
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
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    corrected: float | None = None
    pairs: int = 0
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


class _TrialRun:
    """A trial with its plan, and the statistics behind its scores, each experiment's computed once."""

    def __init__(self, trial: Trial, plan: Plan, store: Store) -> None:
        self.trial, self.plan = trial, plan
        self._runner = Runner(plan, store)
        self.results: list[Result] = [self._runner.result(experiment) for experiment in plan.experiments]
        self._statistics: dict[Experiment, list[Row]] = {}

    def numbers(self, corpus: str, system: str, columns: Sequence[Column]) -> tuple[Number, ...]:
        """The numbers of a row."""
        # A row without a system is the corpus's own: an empty name would match every system.
        return tuple(
            column_number(self.results, system, corpus, column) if system or column.task == "corpus" else Number()
            for column in columns
        )

    def statistics(self, column: Column, corpus: str = "", system: str = "") -> list[tuple[str, Row]]:
        """The statistics of a column, one for each seed, each with the key of the predictions that it scores."""
        if column.task in ("corpus", "people"):
            return []  # what is counted or said by people has no statistics a dialogue to compare
        keyed: list[tuple[str, Row]] = []
        for experiment in self.plan.experiments:
            of_corpus, of_system = corpus in ("", experiment.corpus), system in ("", experiment.system)
            if experiment.task != column.task or not of_corpus or not of_system:
                continue
            if experiment not in self._statistics:
                self._statistics[experiment] = self._runner.rows(experiment)
            key = predictions_job(self.plan, experiment).key
            keyed += [
                (key, row)
                for row in self._statistics[experiment]
                if spec_of(row.score) == canonical(column.metric) and row.score.is_of(column.domain)
            ]
        return keyed


def ablation(title: str, trials: Sequence[Trial], store: Store) -> Ablation:
    """Lays out finished trials; what the store lacks of them is computed.

    Args:
        title: What the table shows.
        trials: The trials. Their columns are those of the first one's `table`, completed by its rows; every metric that
            was computed where it names none.
        store: Where their experiments are.
    """
    runs = [_TrialRun(trial, build(trial.config), store) for trial in trials]
    table, factors = trials[0].config.table, tuple(trials[0].levels)
    columns = _columns(table, [result for run in runs for result in run.results])
    rows = [
        TrialRow(run.trial.levels, corpus, system, run.numbers(corpus, system, columns))
        for run in runs
        for corpus, system in dict.fromkeys(
            (experiment.corpus, experiment.system) for experiment in run.plan.experiments
        )
    ]
    systems = dict.fromkeys((row.corpus, row.system) for row in rows if row.system)
    effects = []
    for factor in factors:
        levels = dict.fromkeys(run.trial.levels[factor] for run in runs)
        for baseline, level in combinations(levels, 2):
            matched = _matched(runs, factor, baseline, level)
            for corpus, system in systems:
                for column in columns:
                    effect = Effect(factor, level, baseline, column.label, corpus, system)
                    effects.append(_tested(effect, matched, column))
    signatures = {str(row.score.signature) for run in runs for column in columns for _, row in run.statistics(column)}
    labels = tuple(column.label for column in columns)
    notes = (*table.notes, *_gold_of_trials(runs))
    return Ablation(title, factors, labels, tuple(rows), _corrected(effects), tuple(sorted(signatures)), notes)


def _columns(table: TableConfig, results: Sequence[Result]) -> tuple[Column, ...]:
    """The columns of a sweep's table; where it has rows of its own, each column once for every row."""
    columns = table.columns or all_columns(results)
    if not table.rows:
        return columns
    completed = []
    for row in table.rows:
        for column in columns:
            label = f"{column.label}, {row.label}" if row.label else column.label
            completed.append(row.completed(column).model_copy(update={"label": label}))
    return tuple(completed)


def _gold_of_trials(runs: Sequence[_TrialRun]) -> list[str]:
    """What gold was shown, and in which trials where not in all."""
    shown: dict[str, list[str]] = {}
    for run in runs:
        for note in gold_notes(run.results):
            shown.setdefault(note, []).append(str(run.trial))
    return [note if len(where) == len(runs) else f"{note}: {'; '.join(where)}" for note, where in shown.items()]


def _matched(runs: Sequence[_TrialRun], factor: str, baseline: str, level: str) -> list[tuple[_TrialRun, _TrialRun]]:
    """The pairs of trials that differ in a factor alone: the first at the baseline, the second at the level."""
    return [
        (first, second)
        for first in runs
        for second in runs
        if first.trial.levels[factor] == baseline
        and second.trial.levels[factor] == level
        and {**first.trial.levels, factor: ""} == {**second.trial.levels, factor: ""}
    ]


def _tested(effect: Effect, matched: Sequence[tuple[_TrialRun, _TrialRun]], column: Column) -> Effect:
    """An effect with its difference and test, or the reason why there is none."""
    where = (column, effect.corpus, effect.system)
    both = [
        pair
        for first, second in matched
        for pair in zip(first.statistics(*where), second.statistics(*where), strict=False)
    ]
    pairs = [(before, after) for (key, before), (other_key, after) in both if key != other_key]
    effect = replace(effect, pairs=len(pairs))
    if not pairs:
        if both:
            return replace(effect, note="both levels have the same predictions here")
        untested = "there are no scores of single dialogues to compare"
        return replace(effect, note=untested if matched else "no two trials differ in this alone")
    if len({dialogues_of(row) for pair in pairs for row in pair}) > 1:
        return replace(effect, note="the trials were not tested on the same dialogues")
    before, after = ([pair[side] for pair in pairs] for side in (0, 1))
    test = randomization_test(after, before, draws=10_000)
    low, high = test.interval.low, test.interval.high
    return replace(effect, difference=test.effect, low=low, high=high, p_value=test.p_value, note=test.note)


def _corrected(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """The effects with their p-values after Holm's correction."""
    tested = [index for index, effect in enumerate(effects) if effect.p_value is not None]
    corrected = dict(zip(tested, holm([float(effects[index].p_value or 0) for index in tested]), strict=True))
    return tuple(
        replace(effect, corrected=float(corrected[index])) if index in corrected else effect
        for index, effect in enumerate(effects)
    )
