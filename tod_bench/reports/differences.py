"""Are differences between two corpora more than chance? A paired bootstrap over the dialogues that both have."""

from collections.abc import Sequence
from dataclasses import replace

from tod_bench.errors import UserError
from tod_bench.experiments.config import Column, RowConfig
from tod_bench.experiments.requirements import metrics_of
from tod_bench.experiments.results import Result
from tod_bench.reports.numbers import Number, spec_of
from tod_bench.reports.opened import OpenedRun
from tod_bench.reports.table import DifferenceTests, all_columns
from tod_bench.scoring import Row, are_alike, bootstrap_test, score_rows
from tod_bench.scoring.resources import Resources
from tod_bench.splits import signed_split
from tod_bench.statistics import holm
from tod_metrics import canonical


def difference_tests(opened: OpenedRun) -> DifferenceTests:
    """Interval and p-value of every difference that the table of a run shows.

    The statistics of each dialogue are computed anew from the stored predictions. P-values are two-sided and
    Holm-corrected over all differences of the table; draws and seed are those of the config's bootstrap.

    Args:
        opened: The run.

    Returns:
        (system, label of the row, column) -> a number with interval and p-value, or with the reason why it has none.
    """
    config = opened.run.config
    if config.table.difference is None:
        return {}
    columns = config.table.columns or all_columns(opened.run.results)
    kinds = config.table.rows or (RowConfig(label=""),)
    statistics = _Statistics(opened, [kind.completed(column) for kind in kinds for column in columns])
    tests = {
        (system, kind.label, column.label): _tested(statistics, system, kind.completed(column))
        for system in config.systems
        for kind in kinds
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

    def row(self, system: str, corpus: str, column: Column) -> Row:
        """The statistics behind one number.

        Raises:
            UserError: There are none; the message is the reason.
        """
        results = [
            result
            for result in self.opened.run.results
            if result.experiment.task == column.task not in ("corpus", "people")
            and (result.experiment.system, result.experiment.corpus) == (system, corpus)
        ]
        if len(results) > 1:
            raise UserError("scores over several seeds have a spread instead")
        for result in results:
            if result.key not in self._rows:
                self._rows[result.key] = self._scored(result)
            for row in self._rows[result.key]:
                if spec_of(row.score) == canonical(column.metric) and row.score.is_of(column.domain):
                    return row
        raise UserError("there are no scores of single dialogues to compare")

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
            database=corpus.database,
            resources=Resources(corpus, config.corpora[label].splits.test),
            seen_services=getattr(corpus, "seen_services", None),
        )
        return rows


def _tested(statistics: _Statistics, system: str, column: Column) -> Number:
    """The test of one system's difference in one column."""
    opened = statistics.opened
    difference, bootstrap = opened.run.config.table.difference, opened.run.config.bootstrap
    assert difference is not None
    labels = (difference.corpus, difference.minus)
    try:
        first, second = (statistics.row(system, label, column) for label in labels)
        ids, other_ids = ([dialogue.id for dialogue in opened.dialogues(label)] for label in labels)
    except UserError as error:
        return Number(note=str(error))
    if ids != other_ids:
        return Number(note=f"{labels[0]} and {labels[1]} do not have the same test dialogues")
    if are_alike(first, second):
        return Number(note="the system has the same score on both corpora, dialogue by dialogue")
    test = bootstrap_test(first, second, draws=bootstrap.draws, seed=bootstrap.seed)
    return Number(test.effect, test.interval.low, test.interval.high, p=test.p_value, note=test.note)
