"""Are differences between corpora, or between systems, more than chance? A paired bootstrap over their dialogues."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import stdev

from tod_bench.errors import UserError
from tod_bench.experiments.config import Column, RowConfig
from tod_bench.experiments.requirements import metrics_of
from tod_bench.experiments.results import Result
from tod_bench.reports.contrasts import Contrast, DifferenceTests, Place, contrasts
from tod_bench.reports.numbers import Number, spec_of
from tod_bench.reports.opened import OpenedRun
from tod_bench.reports.table import all_columns
from tod_bench.scoring import Row, are_alike, bootstrap_test, score_rows
from tod_bench.scoring.resources import Resources
from tod_bench.splits import signed_split
from tod_bench.statistics import holm
from tod_metrics import canonical


def difference_tests(opened: OpenedRun) -> DifferenceTests:
    """Interval and p-value of every difference that the table of a run shows.

    The statistics of each dialogue are computed anew from the stored predictions. P-values are two-sided and
    Holm-corrected over all differences of the table; draws and seed are those of the config's bootstrap. A system of
    several seeds is its mean over them, in every draw as in the table.

    Args:
        opened: The run.

    Returns:
        (contrast, label of the row, column) -> a number with interval and p-value, or with the reason why it has none.
    """
    config = opened.run.config
    columns = config.table.columns or all_columns(opened.run.results)
    kinds = config.table.rows or (RowConfig(label=""),)
    statistics = _Statistics(opened, [kind.completed(column) for kind in kinds for column in columns])
    tests = {
        (contrast, kind.label, column.label): _tested(statistics, contrast, kind.completed(column))
        for contrast in contrasts(config)
        for kind in kinds
        # A row that the table does not have is in no reader's way, and must not make the corrected p-values larger.
        if all(corpus in (kind.corpora or config.corpora) for _, corpus in contrast.places)
        for column in columns
    }
    p_values = {key: number.p for key, number in tests.items() if number.p is not None}
    corrected = dict(zip(p_values, holm(list(p_values.values())), strict=True)) if p_values else {}
    return {key: replace(number, p=corrected.get(key)) for key, number in tests.items()}


class _Statistics:
    """The statistics of each dialogue behind a run's numbers, each prediction file scored once for all columns."""

    def __init__(self, opened: OpenedRun, columns: Sequence[Column]) -> None:
        self.opened, self.columns = opened, columns
        self._rows: dict[str, list[Row]] = {}

    def by_seed(self, place: Place, column: Column) -> dict[int, Row]:
        """The statistics behind one number of the table, one for each seed.

        Raises:
            UserError: There are none; the message is the reason.
        """
        found: dict[int, Row] = {}
        for result in self.opened.run.results:
            experiment = result.experiment
            if experiment.task != column.task or column.task in ("corpus", "people") or _place_of(result) != place:
                continue
            if result.key not in self._rows:
                self._rows[result.key] = self._scored(result)
            for row in self._rows[result.key]:
                if spec_of(row.score) == canonical(column.metric) and row.score.is_of(column.domain):
                    found[experiment.seed] = row
        if not found:
            raise UserError("there are no scores of single dialogues to compare")
        return dict(sorted(found.items()))

    def _scored(self, result: Result) -> list[Row]:
        label, task, config = result.experiment.corpus, result.experiment.predicts, self.opened.run.config
        of_task = metrics_of(config.tasks[task], task)
        metrics = [column.metric for column in self.columns if column.task == task and column.metric in of_task]
        if not metrics:
            return []
        corpus = self.opened.corpus(label)
        rows: list[Row] = score_rows(
            task,
            self.opened.dialogues(label),
            self.opened.predictions(result),
            corpus_name=corpus.name,
            split=signed_split(corpus, config.corpora[label].splits.test),
            schema=corpus.schema,
            metrics=list(dict.fromkeys(metrics)),
            groups=config.tasks[task].groups,
            resources=Resources(corpus, config.corpora[label].splits.test),
            seen_services=getattr(corpus, "seen_services", None),
        )
        return rows


def _place_of(result: Result) -> Place:
    return result.experiment.system, result.experiment.corpus


def _tested(statistics: _Statistics, contrast: Contrast, column: Column) -> Number:
    """The test of one difference in one column."""
    opened, bootstrap = statistics.opened, statistics.opened.run.config.bootstrap
    try:
        first, second = (statistics.by_seed(place, column) for place in contrast.places)
        ids, other_ids = ([dialogue.id for dialogue in opened.dialogues(corpus)] for _, corpus in contrast.places)
    except UserError as error:
        return Number(note=str(error))
    rows, others = list(first.values()), list(second.values())
    why_not = _untestable(contrast, rows, others)
    if ids != other_ids:
        (_, corpus), (_, other) = contrast.places
        why_not = f"{corpus} and {other} do not have the same test dialogues"
    if why_not:
        return Number(note=why_not)
    test = bootstrap_test(rows, others, draws=bootstrap.draws, seed=bootstrap.seed)
    low, high = test.interval.low, test.interval.high
    return Number(test.effect, low, high, _spread(first, second), p=test.p_value, note=test.note)


def _untestable(contrast: Contrast, rows: Sequence[Row], others: Sequence[Row]) -> str:
    """Why two sides cannot be tested against each other; empty where they can."""
    if contrast.of_systems:
        meanings = {str(row.score.meaning) for row in (*rows, *others)}
        if len(meanings) > 1:
            return f"the scores do not mean the same: {' and '.join(sorted(meanings))}"
    alike = all(are_alike(row, other) for row in rows for other in others)
    if alike:
        who = "both systems have" if contrast.of_systems else "the system has"
        where = "" if contrast.of_systems else " on both corpora"
        return f"{who} the same score{where}, dialogue by dialogue"
    return ""


def _spread(first: dict[int, Row], second: dict[int, Row]) -> float | None:
    """Standard deviation of the difference over seeds; None where the two do not have the same seeds, or one alone."""
    if first.keys() != second.keys() or len(first) < 2:
        return None
    values = [(first[seed].value, second[seed].value) for seed in first]
    differences = [a - b for a, b in values if a is not None and b is not None]
    return stdev(differences) if len(differences) == len(values) else None
