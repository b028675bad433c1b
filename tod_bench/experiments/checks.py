"""Errors of a config that its shape does not show: metrics, judges and columns that do not exist or do not fit."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.reading import SPLITS
from tod_bench.errors import UserError, did_you_mean
from tod_bench.experiments.conditioning import CONDITIONED, PREDICTED_BY, missing_source
from tod_bench.experiments.config import Column, EvalConfig, RowConfig
from tod_bench.experiments.corpus_statistics import check_statistic
from tod_bench.experiments.judge_scores import JUDGED, judge_of, own_metrics
from tod_bench.experiments.opening import BoundSystem, collect
from tod_bench.experiments.results import Experiment
from tod_bench.records import ExperimentTask, TaskName
from tod_bench.scoring import check_metric
from tod_bench.scoring.pairing import GROUPINGS
from tod_bench.splits import UNTESTED, own_split, parse_split, split_and_service, splits_of
from tod_bench.tasks import TASKS
from tod_metrics import canonical
from tod_metrics.judge.agreement import alpha_package


def task_errors(config: EvalConfig) -> list[str]:
    """Errors of the tasks: metrics, groupings, and what a judge or people are asked."""
    errors: list[str] = []
    for task, settings in config.tasks.items():
        for metric in settings.metrics:
            collect(errors, f"tasks.{task}.metrics", partial(_check_metric, task, metric))
        errors += [
            f"tasks.{task}.groups: there is no grouping {name!r}; users can be grouped by {', '.join(GROUPINGS)}"
            for name in settings.groups
            if name not in GROUPINGS
        ]
        if task not in ("response", "people"):
            errors += [f"tasks.{task}.judge: only responses are judged"] if settings.judge else []
            continue
        if task == "people":
            # People are compared with each other and with the judge at the very end; what that needs is said now.
            collect(errors, "tasks.people", alpha_package)
        example = Experiment(next(iter(config.corpora)), "system", task, 0)
        for entry in settings.judge:
            collect(errors, f"tasks.{task}.judge", partial(judge_of, config, example, entry))
    return errors


def _check_metric(task: ExperimentTask, metric: str) -> None:
    if task == "corpus":
        check_statistic(metric)
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
    for label, section in config.corpora.items():
        if "corpus" in config.tasks and not own_split(label, section.splits.train):
            errors.append(
                f"corpora.{label}.splits.train: the task corpus counts its own dialogues, and this names none"
            )
        for name, setting in section.splits.model_dump().items():
            for other, expression in splits_of(label, setting):
                place = f"corpora.{label}.splits.{name}"
                if other not in config.corpora:
                    meant = did_you_mean(other, config.corpora)
                    errors.append(f"{place}: {other!r} is not a corpus of this config{meant}")
                elif name == "test" and other != label:
                    errors.append(f"{place}: a corpus is tested on its own dialogues; write {expression}")
                elif other in corpora and (name, expression) != ("test", UNTESTED):
                    errors += _unknown_splits(corpora[other], expression, place)
    return errors


def _unknown_splits(corpus: Corpus, expression: str, place: str) -> Iterator[str]:
    try:
        parts = {split_and_service(part)[0] for part, *_ in parse_split(expression)}
    except UserError:
        return  # that the expression cannot be read is an error already
    known = {*corpus.splits, *SPLITS}
    for part in sorted(parts - known):
        has = ", ".join(corpus.splits) or "none"
        yield f"{place}: {corpus.name} has no split {part!r}; it has {has}{did_you_mean(part, known)}"


def source_errors(config: EvalConfig, systems: Mapping[str, BoundSystem]) -> list[str]:
    """Errors of tasks that are to be conditioned on predictions that the config does not make."""
    errors = []
    for label, system in systems.items():
        if system.config.system is None:
            continue
        for task in (task for task in CONDITIONED if task in config.tasks and system.does(task)):
            for what in CONDITIONED[task]:
                setting, reads = getattr(config.tasks[task], what), system.reads(task, what)
                source = PREDICTED_BY[what]
                unpredicted = source not in config.tasks or not system.does(source)
                if reads is not False and unpredicted and (setting == "predicted" or (reads and setting is None)):
                    errors.append(missing_source(label, task, what, needed=bool(reads)))
                elif reads and setting == "none":
                    errors.append(f"tasks.{task}.{what}: {label} reads the {what}; show it predicted or gold, not none")
    return errors


def scored_pairs(
    config: EvalConfig, systems: Mapping[str, BoundSystem], corpora: Mapping[str, Corpus]
) -> dict[tuple[str, TaskName], Corpus]:
    """The opened corpora, by their labels and the tasks that systems are scored for on them."""
    return {
        (label, task): corpora[label]
        for system in systems.values()
        for label in config.tested_with(system.config)
        if label in corpora
        for task in TASKS
        if task in config.tasks and system.does(task)
    }


def table_errors(config: EvalConfig) -> list[str]:
    """Errors of the table: what its rows and columns name that the config does not have."""
    rows = config.table.rows
    errors = [
        *(("table.rows", name) for row in rows for name in row.corpora or ()),
        *(("table.difference", name) for one in config.table.difference for name in (one.corpus, one.minus)),
    ]
    sentences = [
        f"{key}: {name!r} is not a corpus of this config" for key, name in errors if name not in config.corpora
    ]
    sentences += _difference_errors(config)
    for column in config.table.columns:
        for row in rows or (RowConfig(label=""),):
            sentences += _column_errors(config, row.completed(column))
    return list(dict.fromkeys(sentences))


def _difference_errors(config: EvalConfig) -> Iterator[str]:
    """Differences between systems that the config cannot have."""
    for wanted in config.table.differences:
        unknown = [name for name in (wanted.system, wanted.minus) if name not in config.systems]
        for name in unknown:
            yield f"table.differences: {name!r} is not a system of this config{did_you_mean(name, config.systems)}"
        if wanted.corpus is not None and wanted.corpus not in config.corpora:
            yield (
                f"table.differences: {wanted.corpus!r} is not a corpus of this config"
                f"{did_you_mean(wanted.corpus, config.corpora)}"
            )
        elif not unknown and not config.compared_on(wanted):
            where = "any corpus together" if wanted.corpus is None else wanted.corpus
            yield f"table.differences: {wanted.system} and {wanted.minus} are not both tested on {where}"


def _column_errors(config: EvalConfig, column: Column) -> Iterator[str]:
    place = f"table.columns: {column.label!r}"
    if column.task is None or not column.metric:
        yield f"{place} needs a task and a metric, its own or of every row"
        return
    if column.task not in config.tasks:
        yield f"{place} is of the task {column.task}, which this config does not run"
        return
    settings = config.tasks[column.task]
    known = {*settings.metrics, *(JUDGED if settings.judge or column.task == "people" else ())}
    if canonical(column.metric) in map(canonical, known):
        return
    if column.task in ("response", "people"):  # files of questions are read for this column alone
        with suppress(UserError):  # `task_errors` says what is wrong with a judge
            known |= set(own_metrics(config, Experiment(next(iter(config.corpora)), "system", column.task, 0)))
    if canonical(column.metric) not in map(canonical, known):
        yield (
            f"{place} shows {column.metric}, which is not among tasks.{column.task}.metrics"
            f"{did_you_mean(column.metric, known)}"
        )
