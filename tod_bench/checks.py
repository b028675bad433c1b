"""Errors of a config that its shape does not show: metrics, judges and columns that do not exist or do not fit."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from metrics.agreement import alpha_package
from tod_bench.configs import Column, EvalConfig, RowConfig
from tod_bench.counting import check_count
from tod_bench.errors import MissingError, UserError, did_you_mean
from tod_bench.judging import JUDGED, judge_of
from tod_bench.records import CellTask, TaskName
from tod_bench.results import Cell
from tod_bench.scoring import check_metric
from tod_bench.scoring.items import GROUPINGS


def collect(errors: list[str], place: str, attempt: Callable[[], Any]) -> Any:
    """The value of an attempt; where it fails, None and one error more.

    Raises:
        MissingError: Something is not there; that is no error of the config.
    """
    try:
        return attempt()
    except MissingError:
        raise
    except (UserError, ValueError, TypeError) as error:
        errors.append(f"{place}: {error}")
        return None


def task_errors(config: EvalConfig) -> list[str]:
    """Errors of the tasks."""
    errors: list[str] = []
    for task, settings in config.tasks.items():
        for metric in settings.metrics:
            collect(errors, f"tasks.{task}.metrics", partial(_check, task, metric))
        errors += [
            f"tasks.{task}.groups: there is no grouping {name!r}; users can be grouped by {', '.join(GROUPINGS)}"
            for name in settings.groups
            if name not in GROUPINGS
        ]
        errors += _judge_errors(config, task)
    return errors


def _check(task: CellTask, metric: str) -> None:
    if task == "corpus":
        check_count(metric)
    elif task == "people":
        raise UserError("what people said needs no metrics; leave this out")
    else:
        check_metric(task, metric)


def _judge_errors(config: EvalConfig, task: CellTask) -> list[str]:
    place, entries = f"tasks.{task}.judge", config.tasks[task].judge
    if task not in ("response", "people"):
        return [f"{place}: only responses are judged"] if entries else []
    errors: list[str] = []
    if task == "people":
        # People are compared with each other and with the judge at the very end; what that needs is said now.
        collect(errors, "tasks.people", alpha_package)
    example = Cell(next(iter(config.corpora)), "system", task, 0)
    for entry in entries:
        collect(errors, place, partial(judge_of, config, example, entry))
    return errors


def table_errors(config: EvalConfig) -> list[str]:
    """Errors of the table: what its rows and columns name that the config does not have."""
    errors = [
        f"table.rows: {name!r} is not a corpus of this config"
        for row in config.table.rows
        for name in row.corpora or ()
        if name not in config.corpora
    ]
    difference = config.table.difference
    errors += [
        f"table.difference: {name!r} is not a corpus of this config"
        for name in ((difference.corpus, difference.minus) if difference else ())
        if name not in config.corpora
    ]
    completed = [row.completed(column) for column in config.table.columns for row in config.table.rows or (_PLAIN,)]
    return list(dict.fromkeys([*errors, *(error for column in completed for error in _column_errors(config, column))]))


_PLAIN = RowConfig(label="")


def _column_errors(config: EvalConfig, column: Column) -> Iterator[str]:
    place = f"table.columns: {column.label!r}"
    if column.task is None or not column.metric:
        yield f"{place} needs a task and a metric, its own or of every row"
    elif column.task not in config.tasks:
        yield f"{place} is of the task {column.task}, which this config does not run"
    elif column.metric not in _known(config, column.task):
        known = _known(config, column.task)
        yield (
            f"{place} shows {column.metric}, which is not among tasks.{column.task}.metrics"
            f"{did_you_mean(column.metric, known)}"
        )


def _known(config: EvalConfig, task: TaskName | CellTask) -> set[str]:
    settings = config.tasks[task]
    return {*settings.metrics, *(JUDGED if settings.judge or task == "people" else ())}
