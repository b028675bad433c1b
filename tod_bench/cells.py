"""From a config to its cells: corpora opened, systems built, keys known, every error reported at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tod_bench import __version__
from tod_bench.binding import bind
from tod_bench.configs import CorpusConfig, EvalConfig, SystemConfig, TaskConfig
from tod_bench.corpora.base import Corpus, corpus_class
from tod_bench.errors import UserError
from tod_bench.files import digest_of, digest_of_files
from tod_bench.judge import load_judge_config
from tod_bench.judging import judge_of
from tod_bench.records import TaskName
from tod_bench.results import Cell
from tod_bench.scoring import check_metric
from tod_bench.splits import parse_split
from tod_bench.systems import System, system_class
from tod_bench.tasks import TASKS


@dataclass(frozen=True)
class BuiltSystem:
    """A system of a config: the class bound to its parameters, or a prediction file."""

    config: SystemConfig
    params: Mapping[str, Any]

    def new(self) -> System:
        """A fresh instance."""
        return system_class(self._name)(**self.params)

    @cached_property
    def trait(self) -> System:
        """An instance to ask for tasks and privileges; it is never trained."""
        return self.new()

    @property
    def _name(self) -> str:
        if self.config.system is None:
            raise ValueError("a prediction file is not a system that can be built")
        return self.config.system

    def does(self, task: TaskName) -> bool:
        """Whether it is to be run on a task."""
        if self.config.tasks is not None:
            return task in self.config.tasks
        return self.config.system is None or task in self.trait.tasks

    @property
    def prediction_params(self) -> dict[str, Any]:
        """The parameters that decide only how a trained model predicts; see `tod_bench.systems.System`."""
        settings: frozenset[str] = getattr(self.trait, "prediction_settings", frozenset())
        return {name: value for name, value in self.config.params.items() if name in settings}

    @property
    def training_params(self) -> dict[str, Any]:
        """The other parameters."""
        return {name: value for name, value in self.config.params.items() if name not in self.prediction_params}

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        """Tasks that one training serves; empty when nothing is trained."""
        return () if self.config.system is None else self.trait.fits_together(task)


@dataclass(frozen=True)
class Board:
    """A config whose names have all been found: what `tod_bench.runner` runs."""

    config: EvalConfig
    corpora: Mapping[str, Corpus]
    systems: Mapping[str, BuiltSystem]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell, each after the cells whose predictions it is conditioned on."""
        return tuple(
            Cell(corpus, system, task, seed)
            for corpus in self.corpora
            for system, built in self.systems.items()
            for task in TASKS
            if task in self.config.tasks and built.does(task) and corpus in (built.config.corpora or self.corpora)
            for seed in self._seeds(built, task)
        )

    def upstream(self, cell: Cell) -> dict[str, Cell]:
        """The cells whose predictions a cell is conditioned on, by what they predict (``state``, ``acts``)."""
        settings = self.config.tasks[cell.task]
        found = {}
        for what, source, task in (("state", settings.state, "dst"), ("acts", settings.acts, "policy")):
            needed = cell.task != "dst" and (what == "state" or cell.task == "response")
            candidates = [other for other in self.cells if (other.corpus, other.system) == (cell.corpus, cell.system)]
            same = [other for other in candidates if other.task == task]
            if needed and source == "predicted" and same:
                found[what] = next((other for other in same if other.seed == cell.seed), same[0])
        return found

    def fit_key(self, cell: Cell) -> str:
        """Key of the training that a cell needs."""
        built, corpus = self.systems[cell.system], self.config.corpora[cell.corpus]
        return digest_of(
            {
                "version": __version__,
                "corpus": self.corpora[cell.corpus].fingerprint,
                "train": parse_split(corpus.splits.train),
                "dev": parse_split(corpus.splits.dev),
                "system": built.config.system,
                "params": built.training_params,
                "tasks": built.fits_together(cell.task),
                "seed": cell.seed,
            }
        )

    def prediction_key(self, cell: Cell) -> str:
        """Key of a cell's predictions."""
        path = self.prediction_file(cell)
        if path is not None:
            return digest_of({"file": digest_of_files([path])})
        settings = self.config.tasks[cell.task]
        return digest_of(
            {
                "fit": self.fit_key(cell),
                "params": self.systems[cell.system].prediction_params,
                "test": parse_split(self.config.corpora[cell.corpus].splits.test),
                "task": cell.task,
                "sources": [settings.state, settings.acts] if cell.task != "dst" else [],
                "upstream": {what: self.prediction_key(other) for what, other in self.upstream(cell).items()},
            }
        )

    def result_key(self, cell: Cell) -> str:
        """Key of a cell's scores."""
        return digest_of(
            {
                "predictions": self.prediction_key(cell),
                "cell": str(cell),
                "corpus": self.corpora[cell.corpus].fingerprint,
                "test": self.config.corpora[cell.corpus].splits.test,
                "metrics": self.config.tasks[cell.task].metrics,
                "judge": [judge_of(self.config, cell, name).model_dump(mode="json") for name in self._judges(cell)],
                "bootstrap": self.config.bootstrap.model_dump(),
                "version": __version__,
            }
        )

    def prediction_file(self, cell: Cell) -> Path | None:
        """The prediction file that the config names for a cell; None where a system is to be run.

        Raises:
            UserError: There is no such file.
        """
        pattern = self.systems[cell.system].config.predictions
        if pattern is None:
            return None
        path = Path(pattern.format(corpus=cell.corpus, task=cell.task, seed=cell.seed))
        if not path.is_file():
            raise UserError(f"systems.{cell.system}.predictions: there is no file {path}")
        return path

    def _judges(self, cell: Cell) -> tuple[str, ...]:
        return self.config.tasks[cell.task].judge

    def _seeds(self, built: BuiltSystem, task: TaskName) -> tuple[int, ...]:
        seeds = built.config.seeds or self.config.seeds
        repeatable = built.config.predictions is None and not built.fits_together(task)
        return seeds[:1] if repeatable else seeds


def build(config: EvalConfig) -> Board:
    """Finds everything that a config names and binds every key against the real signatures.

    Raises:
        UserError: Anything is wrong; every error is in the message, a line each.
    """
    errors: list[str] = []
    corpora = {label: _corpus(label, section, errors) for label, section in config.corpora.items()}
    systems = {label: _system(label, section, config, errors) for label, section in config.systems.items()}
    for task, settings in config.tasks.items():
        for metric in settings.metrics:
            _collect(errors, f"tasks.{task}.metrics", lambda task=task, metric=metric: check_metric(task, metric))
        errors += _judge_errors(task, settings)
    errors += _table_errors(config)
    if errors:
        raise UserError("\n".join([f"config {config.name} cannot run:", *(f"  - {error}" for error in errors)]))
    return Board(
        config,
        {label: corpus for label, corpus in corpora.items() if corpus is not None},
        {label: system for label, system in systems.items() if system is not None},
    )


def _corpus(label: str, section: CorpusConfig, errors: list[str]) -> Corpus | None:
    place = f"corpora.{label}"
    for name, expression in section.splits.model_dump().items():
        _collect(errors, f"{place}.splits.{name}", lambda expression=expression: parse_split(expression))
    found = _collect(errors, f"{place}.corpus", lambda: corpus_class(section.corpus))
    if found is None:
        return None
    options, wrong = bind(found, section.options, f"{place}.options")
    errors += wrong
    corpus: Corpus | None = None if wrong else _collect(errors, place, lambda: found(**options))
    return corpus


def _system(label: str, section: SystemConfig, config: EvalConfig, errors: list[str]) -> BuiltSystem | None:
    place = f"systems.{label}"
    errors += [
        f"{place}.corpora: {name!r} is not a corpus of this config"
        for name in section.corpora or ()
        if name not in config.corpora
    ]
    if (section.system is None) == (section.predictions is None):
        errors.append(f"{place}: give either `system` (an installed one) or `predictions` (a file)")
        return None
    if section.system is None:
        return BuiltSystem(section, {})
    found = _collect(errors, f"{place}.system", lambda: system_class(str(section.system)))
    if found is None:
        return None
    params, wrong = bind(found, section.params, f"{place}.params")
    errors += wrong
    built = BuiltSystem(section, params)
    usable = not wrong and _collect(errors, f"{place}.params", lambda: built.trait) is not None
    return built if usable else None


def _table_errors(config: EvalConfig) -> list[str]:
    errors = [
        f"table.columns: {column.label!r} is of the task {column.task}, which this config does not run"
        for column in config.table.columns
        if column.task not in config.tasks
    ]
    errors += [
        f"table.columns: {column.label!r} shows {column.metric}, which is not among tasks.{column.task}.metrics"
        for column in config.table.columns
        if column.task in config.tasks and column.metric not in config.tasks[column.task].metrics
    ]
    difference = config.table.difference
    for name in (difference.corpus, difference.minus) if difference else ():
        if name not in config.corpora:
            errors.append(f"table.difference: {name!r} is not a corpus of this config")
    return errors


def _judge_errors(task: TaskName, settings: TaskConfig) -> list[str]:
    place = f"tasks.{task}.judge"
    if settings.judge and task != "response":
        return [f"{place}: only responses are judged"]
    errors: list[str] = []
    for name in settings.judge:
        found = _collect(errors, place, lambda name=name: load_judge_config(name))
        if found is not None and found.task == "pairwise":
            errors.append(f"{place}: {name} compares two systems; run it with `tod-bench judge pairwise`")
    return errors


def _collect(errors: list[str], place: str, attempt: Any) -> Any:
    try:
        return attempt()
    except (UserError, ValueError, TypeError) as error:
        errors.append(f"{place}: {error}")
        return None
