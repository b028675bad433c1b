"""Errors of a config that its shape does not show: metrics, judges and columns that do not exist or do not fit."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.reading import SPLITS
from tod_bench.errors import MissingError, UserError, did_you_mean
from tod_bench.experiments.built import BuiltSystem
from tod_bench.experiments.conditioning import CONDITIONED, PREDICTED_BY, missing_source
from tod_bench.experiments.config import Column, EvalConfig, RowConfig
from tod_bench.experiments.corpus_statistics import check_count
from tod_bench.experiments.judge_scores import JUDGED, judge_of
from tod_bench.experiments.results import Experiment
from tod_bench.records import ExperimentTask, TaskName
from tod_bench.scoring import check_metric
from tod_bench.scoring.pairing import GROUPINGS
from tod_bench.splits import parse_split, split_and_service
from tod_bench.tasks import TASKS
from tod_metrics import canonical
from tod_metrics.judge.agreement import alpha_package


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


def _check(task: ExperimentTask, metric: str) -> None:
    if task == "corpus":
        check_count(metric)
    elif task == "people":
        raise UserError("what people said needs no metrics; leave this out")
    else:
        check_metric(task, metric)


def label_errors(config: EvalConfig) -> list[str]:
    """Errors of systems that are to be run on corpora that the config does not have."""
    return [
        f"systems.{label}.corpora: {name!r} is not a corpus of this config{did_you_mean(name, config.corpora)}"
        for label, section in config.systems.items()
        for name in section.corpora or ()
        if name not in config.corpora
    ]


def split_errors(config: EvalConfig, corpora: Mapping[str, Corpus]) -> list[str]:
    """Errors of splits that a corpus cannot have; one whose files are missing is a requirement (see `requirements`)."""
    errors = []
    for label, corpus in corpora.items():
        for name, expression in config.corpora[label].splits.model_dump().items():
            try:
                parts = {split_and_service(part)[0] for part, *_ in parse_split(expression)}
            except UserError:
                continue  # it is told already that the expression cannot be read
            known = {*corpus.splits, *SPLITS}
            errors += [
                f"corpora.{label}.splits.{name}: {corpus.name} has no split {part!r}; it has "
                f"{', '.join(corpus.splits) or 'none at hand'}{did_you_mean(part, known)}"
                for part in sorted(parts - known)
            ]
    return errors


def source_errors(config: EvalConfig, systems: Mapping[str, BuiltSystem | None]) -> list[str]:
    """Errors of tasks that are to be conditioned on predictions that the config does not make."""
    errors = []
    for label, built in systems.items():
        if built is None or built.config.system is None:
            continue
        for task in (task for task in CONDITIONED if task in config.tasks and built.does(task)):
            for what in CONDITIONED[task]:
                asked, reads = getattr(config.tasks[task], what), built.reads(task, what)
                source = PREDICTED_BY[what]
                unmade = source not in config.tasks or not built.does(source)
                if reads is not False and unmade and (asked == "predicted" or (reads and asked is None)):
                    errors.append(missing_source(label, task, what, needed=bool(reads)))
                elif reads and asked == "none":
                    errors.append(f"tasks.{task}.{what}: {label} reads the {what}; show it predicted or gold, not none")
    return errors


def scored_pairs(
    config: EvalConfig, systems: Mapping[str, BuiltSystem | None], corpora: Mapping[str, Corpus]
) -> dict[tuple[str, TaskName], Corpus]:
    """The corpora at hand, by their labels and the tasks that systems are scored for on them."""
    return {
        (label, task): corpora[label]
        for built in systems.values()
        if built is not None
        for label in built.config.corpora or config.corpora
        if label in corpora
        for task in TASKS
        if task in config.tasks and built.does(task)
    }


def _judge_errors(config: EvalConfig, task: ExperimentTask) -> list[str]:
    place, entries = f"tasks.{task}.judge", config.tasks[task].judge
    if task not in ("response", "people"):
        return [f"{place}: only responses are judged"] if entries else []
    errors: list[str] = []
    if task == "people":
        # People are compared with each other and with the judge at the very end; what that needs is said now.
        collect(errors, "tasks.people", alpha_package)
    example = Experiment(next(iter(config.corpora)), "system", task, 0)
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
    elif canonical(column.metric) not in map(canonical, _known(config, column.task)):
        known = _known(config, column.task)
        yield (
            f"{place} shows {column.metric}, which is not among tasks.{column.task}.metrics"
            f"{did_you_mean(column.metric, known)}"
        )


def _known(config: EvalConfig, task: TaskName | ExperimentTask) -> set[str]:
    settings = config.tasks[task]
    return {*settings.metrics, *(JUDGED if settings.judge or task == "people" else ())}
