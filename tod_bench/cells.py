"""From a config to its cells: corpora opened, systems built, keys known, every error reported at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from tod_bench import __version__
from tod_bench.binding import bind
from tod_bench.checks import collect, table_errors, task_errors
from tod_bench.configs import CorpusConfig, EvalConfig, SystemConfig, TaskConfig
from tod_bench.corpora.base import Corpus, corpus_class
from tod_bench.errors import MissingError, UserError
from tod_bench.files import digest_of, digest_of_files
from tod_bench.judging import judge_of, ratings_file
from tod_bench.needs import (
    Need,
    Undefined,
    find_undefined,
    group_needs,
    judge_need,
    metrics_of,
    prediction_needs,
    prediction_path,
    rating_needs,
    split_need,
    undefined_needs,
)
from tod_bench.records import CellTask, TaskName
from tod_bench.results import Cell
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
    """A config whose names have all been found: what `tod_bench.runner` runs.

    Attributes:
        config: The config, without judges that cannot be asked.
        corpora: The corpora that are at hand.
        systems: The systems.
        needs: What is missing; the cells are those that can be run without it.
        undefined: Metrics that a corpus lacks the gold for; they are not computed, and the table has dashes for them.
    """

    config: EvalConfig
    corpora: Mapping[str, Corpus]
    systems: Mapping[str, BuiltSystem]
    needs: tuple[Need, ...] = field(default=())
    undefined: Undefined = field(default_factory=dict)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell, each after the cells whose predictions it is conditioned on."""
        return tuple(cell for corpus in self.config.corpora for cell in self._cells(corpus))

    def _cells(self, corpus: str) -> Iterator[Cell]:
        first = self.config.seeds[0]
        if "corpus" in self.config.tasks and corpus in self.corpora:
            yield Cell(corpus, "", "corpus", first)
        for system, built in self.systems.items():
            if corpus in (built.config.corpora or self.config.corpora):
                yield from self._runs(corpus, system) if corpus in self.corpora else ()
                rated = Cell(corpus, system, "people", first)
                yield from [rated] if "people" in self.config.tasks and self._is_rated(rated) else ()

    def _runs(self, corpus: str, system: str) -> Iterator[Cell]:
        built = self.systems[system]
        tasks = [
            task for task in TASKS if task in self.config.tasks and built.does(task) and self._scores(corpus, task)
        ]
        cells = (Cell(corpus, system, task, seed) for task in tasks for seed in self._seeds(built, task))
        return filter(self._is_at_hand, cells)

    def metrics(self, cell: Cell) -> tuple[str, ...]:
        """The metrics of a cell, without those that are undefined on its corpus."""
        undefined = self.undefined.get((cell.corpus, cell.task), {})
        return tuple(spec for spec in metrics_of(self.settings(cell.task), cell.predicts) if spec not in undefined)

    def _scores(self, corpus: str, task: TaskName) -> bool:
        """Whether a corpus has the gold for any score of a task."""
        return bool(self.settings(task).judge or self.metrics(Cell(corpus, "", task, 0)))

    def _is_rated(self, cell: Cell) -> bool:
        file = ratings_file(self.config, cell)
        return self.responses(cell) is not None if file is None else file.is_file()

    def responses(self, cell: Cell) -> Cell | None:
        """The cell whose responses people rated; None where they are not at hand."""
        built = self.systems[cell.system]
        if cell.corpus not in self.corpora or not built.does("response"):
            return None
        seed = self._seeds(built, "response")[0]
        found = Cell(cell.corpus, cell.system, "response", seed)
        return found if self._is_at_hand(found) else None

    def _is_at_hand(self, cell: Cell) -> bool:
        """Whether the predictions of a cell can be had: made by a system, or read from a file that is there."""
        section = self.systems[cell.system].config
        return section.predictions is None or prediction_path(section, cell.corpus, cell.task, cell.seed).is_file()

    def settings(self, task: CellTask) -> TaskConfig:
        """What the config says of a task; the defaults where it says nothing."""
        return self.config.tasks.get(task, TaskConfig())

    def together(self, cell: Cell) -> tuple[TaskName, ...]:
        """Tasks that one training serves with the cell's own; empty when nothing is trained."""
        unpredicted = cell.task in ("corpus", "people")
        return () if unpredicted else self.systems[cell.system].fits_together(cell.predicts)

    def upstream(self, cell: Cell) -> dict[str, Cell]:
        """The cells whose predictions a cell is conditioned on, by what they predict (``state``, ``acts``)."""
        settings = self.settings(cell.task)
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
                "tasks": self.together(cell),
                "seed": cell.seed,
            }
        )

    def prediction_key(self, cell: Cell) -> str:
        """Key of a cell's predictions."""
        path = self.prediction_file(cell)
        if path is not None:
            return digest_of({"file": digest_of_files([path])})
        settings = self.settings(cell.task)
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
        settings, splits = self.settings(cell.task), self.config.corpora[cell.corpus].splits
        return digest_of(
            {
                "source": self._source_key(cell),
                "cell": str(cell),
                "corpus": self.corpora[cell.corpus].fingerprint if cell.corpus in self.corpora else "",
                "split": splits.train if cell.task == "corpus" else splits.test,
                "metrics": settings.metrics,
                "groups": settings.groups,
                "judge": [judge_of(self.config, cell, entry).model_dump(mode="json") for entry in settings.judge],
                "bootstrap": self.config.bootstrap.model_dump(),
                "version": __version__,
            }
        )

    def _source_key(self, cell: Cell) -> str:
        """Key of what is scored: predictions, or people's ratings; empty for a corpus, which has its fingerprint."""
        if cell.task == "corpus":
            return ""
        if cell.task != "people":
            return self.prediction_key(cell)
        ratings, rated = ratings_file(self.config, cell), self.responses(cell)
        asked = self.settings("response").judge if rated else ()
        return digest_of(
            {
                "ratings": digest_of_files([ratings]) if ratings else "scripted",
                "responses": self.prediction_key(rated) if rated else "",
                "judge": [judge_of(self.config, rated or cell, entry).model_dump(mode="json") for entry in asked],
            }
        )

    def prediction_file(self, cell: Cell) -> Path | None:
        """The prediction file that the config names for a cell; None where a system is to be run.

        Raises:
            UserError: There is no such file.
        """
        section = self.systems[cell.system].config
        if section.predictions is None:
            return None
        path = prediction_path(section, cell.corpus, cell.task, cell.seed)
        if not path.is_file():
            raise UserError(f"systems.{cell.system}.predictions: there is no file {path}")
        return path

    def _seeds(self, built: BuiltSystem, task: TaskName) -> tuple[int, ...]:
        seeds = built.config.seeds or self.config.seeds
        repeatable = built.config.predictions is None and not built.fits_together(task)
        return seeds[:1] if repeatable else seeds


def build(config: EvalConfig, *, incomplete: bool = False) -> Board:
    """Finds everything that a config names and binds every key against the real signatures.

    Args:
        config: The config.
        incomplete: Whether files, ratings and keys may be missing; the board then says which are, and has the cells
            that can do without them.

    Raises:
        UserError: Anything is wrong; every error is in the message, a line each.
    """
    errors: list[str] = []
    needs: list[Need] = []
    dashes: list[Need] = []
    undefined: dict[tuple[str, CellTask], Mapping[str, str]] = {}
    corpora = {label: _corpus(label, section, errors, needs) for label, section in config.corpora.items()}
    systems = {label: _system(label, section, config, errors) for label, section in config.systems.items()}
    errors += [*task_errors(config), *table_errors(config)]
    at_hand = {label: corpus for label, corpus in corpora.items() if corpus is not None}
    if not errors:
        short = {label: need for label, corpus in at_hand.items() if (need := split_need(config, label, corpus))}
        at_hand = {label: corpus for label, corpus in at_hand.items() if label not in short}
        unasked = judge_need(config, config.corpora)
        for label, corpus in at_hand.items():
            undefined |= collect(errors, f"corpora.{label}", partial(find_undefined, config, label, corpus)) or {}
            dashes += group_needs(config, label, corpus)
        nowhere, partly = undefined_needs(config, undefined)
        dashes += partly
        errors += nowhere
        needs += [*short.values(), *prediction_needs(config), *rating_needs(config), *([unasked] if unasked else [])]
        config = _without_judge(config) if unasked else config
    if not incomplete:
        errors += map(str, needs)
    if errors:
        raise UserError("\n".join([f"config {config.name} cannot run:", *(f"  - {error}" for error in errors)]))
    return Board(
        config,
        at_hand,
        {label: system for label, system in systems.items() if system is not None},
        (*needs, *dashes),
        undefined,
    )


def _without_judge(config: EvalConfig) -> EvalConfig:
    """The config without its judge's questions; where they are all that is asked of responses, without that task."""
    response = config.tasks["response"].model_copy(update={"judge": ()})
    rest = {task: settings for task, settings in config.tasks.items() if task != "response"}
    return config.model_copy(update={"tasks": {**rest, "response": response} if response.metrics else rest})


def _corpus(label: str, section: CorpusConfig, errors: list[str], needs: list[Need]) -> Corpus | None:
    place = f"corpora.{label}"
    for name, expression in section.splits.model_dump().items():
        collect(errors, f"{place}.splits.{name}", partial(parse_split, expression))
    found: type[Corpus] | None = collect(errors, f"{place}.corpus", lambda: corpus_class(section.corpus))
    if found is None:
        return None
    options, wrong = bind(found, section.options, f"{place}.options")
    errors += wrong
    try:
        corpus: Corpus | None = None if wrong else collect(errors, place, lambda: found(**options))
    except MissingError as error:
        needs.append(Need(place, str(error)))
        return None
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
    found = collect(errors, f"{place}.system", lambda: system_class(str(section.system)))
    if found is None:
        return None
    params, wrong = bind(found, section.params, f"{place}.params")
    errors += wrong
    built = BuiltSystem(section, params)
    usable = not wrong and collect(errors, f"{place}.params", lambda: built.trait) is not None
    return built if usable else None
