"""From a config to its cells: corpora opened, systems built, keys known, every error reported at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, Literal

from tod_bench import __version__
from tod_bench.binding import bind
from tod_bench.corpora.base import GROUP as CORPORA
from tod_bench.corpora.base import Corpus, corpus_class
from tod_bench.errors import MissingError, UserError
from tod_bench.experiments.built import BuiltSystem
from tod_bench.experiments.checks import (
    collect,
    label_errors,
    metric_errors,
    scored_pairs,
    source_errors,
    split_errors,
    table_errors,
    task_errors,
)
from tod_bench.experiments.conditioning import (
    CONDITIONED,
    PREDICTED_BY,
    Conditioning,
    gold_noted,
    gold_sentences,
    missing_source,
)
from tod_bench.experiments.config import CorpusConfig, EvalConfig, SystemConfig, TaskConfig
from tod_bench.experiments.content import OWN, local_files, own_source, source_digest
from tod_bench.experiments.judge_scores import judge_of, ratings_file
from tod_bench.experiments.requirements import (
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
from tod_bench.experiments.results import Experiment
from tod_bench.files import digest_of
from tod_bench.records import ExperimentTask, TaskName
from tod_bench.splits import common_dialogues, parse_split
from tod_bench.systems import system_class
from tod_bench.tasks import TASKS, Source
from tod_metrics import GROUP as METRICS
from tod_metrics import metric_class, parse_spec


@dataclass(frozen=True)
class Plan:
    """A config whose names have all been found: what `tod_bench.experiments.runner` runs.

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
    def cells(self) -> tuple[Experiment, ...]:
        """Every cell, each after the cells whose predictions it is conditioned on."""
        return tuple(cell for corpus in self.config.corpora for cell in self._cells(corpus))

    def _cells(self, corpus: str) -> Iterator[Experiment]:
        first = self.config.seeds[0]
        if "corpus" in self.config.tasks and corpus in self.corpora:
            yield Experiment(corpus, "", "corpus", first)
        for system, built in self.systems.items():
            if corpus in (built.config.corpora or self.config.corpora):
                yield from self._runs(corpus, system) if corpus in self.corpora else ()
                rated = Experiment(corpus, system, "people", first)
                yield from [rated] if "people" in self.config.tasks and self._is_rated(rated) else ()

    def _runs(self, corpus: str, system: str) -> Iterator[Experiment]:
        built = self.systems[system]
        tasks = [
            task for task in TASKS if task in self.config.tasks and built.does(task) and self._scores(corpus, task)
        ]
        cells = (Experiment(corpus, system, task, seed) for task in tasks for seed in self._seeds(built, task))
        return filter(self._is_at_hand, cells)

    def metrics(self, cell: Experiment) -> tuple[str, ...]:
        """The metrics of a cell, without those that are undefined on its corpus."""
        undefined = self.undefined.get((cell.corpus, cell.task), {})
        return tuple(spec for spec in metrics_of(self.settings(cell.task), cell.predicts) if spec not in undefined)

    def _scores(self, corpus: str, task: TaskName) -> bool:
        """Whether a corpus has the gold for any score of a task."""
        return bool(self.settings(task).judge or self.metrics(Experiment(corpus, "", task, 0)))

    def _is_rated(self, cell: Experiment) -> bool:
        file = ratings_file(self.config, cell)
        return self.responses(cell) is not None if file is None else file.is_file()

    def responses(self, cell: Experiment) -> Experiment | None:
        """The cell whose responses people rated; None where they are not at hand."""
        built = self.systems[cell.system]
        if cell.corpus not in self.corpora or not built.does("response"):
            return None
        seed = self._seeds(built, "response")[0]
        found = Experiment(cell.corpus, cell.system, "response", seed)
        return found if self._is_at_hand(found) else None

    def _is_at_hand(self, cell: Experiment) -> bool:
        """Whether the predictions of a cell can be had: made by a system, or read from a file that is there."""
        section = self.systems[cell.system].config
        return section.predictions is None or prediction_path(section, cell.corpus, cell.task, cell.seed).is_file()

    def conditioning(self) -> list[str]:
        """What must be known of what systems are shown: gold, and state or acts that they would be expected to read."""
        shown = [(cell.system, cell.task, self.gold_shown(cell)) for cell in self.cells]
        unshown = [
            f"{cell.system} is shown no {what} in {cell.task}: it predicts none here, and gold is shown only where the "
            f"config says `{what}: gold`"
            for cell in self.cells
            for what, source in self.sources(cell).items()
            if source == "none"
            and getattr(self.settings(cell.task), what) is None
            and self.systems[cell.system].reads(cell.predicts, what) is None
        ]
        return list(dict.fromkeys([*gold_sentences(shown), *unshown]))

    def settings(self, task: ExperimentTask) -> TaskConfig:
        """What the config says of a task; the defaults where it says nothing."""
        return self.config.tasks.get(task, TaskConfig())

    def together(self, cell: Experiment) -> tuple[TaskName, ...]:
        """Tasks that one training serves with the cell's own; empty when nothing is trained."""
        unpredicted = cell.task in ("corpus", "people")
        return () if unpredicted else self.systems[cell.system].fits_together(cell.predicts)

    def sources(self, cell: Experiment) -> dict[Conditioning, Source]:
        """Where the state and the acts that a cell's system is shown come from; empty for what is not shown at all.

        A prediction file's system was shown what it was shown elsewhere.
        """
        built = self.systems.get(cell.system)
        if built is None or built.config.system is None or cell.task not in CONDITIONED:
            return {}
        return {what: self._source(built, cell, what) for what in CONDITIONED[cell.predicts]}

    def _source(self, built: BuiltSystem, cell: Experiment, what: Conditioning) -> Source:
        asked: Source | None = getattr(self.settings(cell.task), what)
        if built.reads(cell.predicts, what) is False:
            return "none"
        if asked is None:
            return "predicted" if self._predicting(cell, what) else "none"
        return asked

    def _predicting(self, cell: Experiment, what: Conditioning) -> Experiment | None:
        """The cell of the same system and corpus, of the same seed where there is one, that predicts state or acts."""
        task = PREDICTED_BY[what]
        same = [one for one in self.cells if (one.corpus, one.system, one.task) == (cell.corpus, cell.system, task)]
        return next((one for one in same if one.seed == cell.seed), same[0] if same else None)

    def upstream(self, cell: Experiment) -> dict[str, Experiment]:
        """The cells whose predictions a cell is conditioned on, by what they predict (``state``, ``acts``).

        Raises:
            UserError: It is to be conditioned on predictions that the config does not make.
        """
        found: dict[str, Experiment] = {}
        for what, source in self.sources(cell).items():
            if source == "predicted":
                predicting = self._predicting(cell, what)
                if predicting is None:
                    raise UserError(missing_source(cell.system, cell.predicts, what))
                found[what] = predicting
        return found

    def gold_shown(self, cell: Experiment) -> tuple[str, ...]:
        """The gold that a cell's predictions rest on; empty where its system saw none.

        ``gold`` (the whole turn) and ``previous_state`` are what a system declares; ``gold_state`` and ``gold_acts``
        what the config shows it; ``test_dialogues`` says that dialogues of the test split are among those that it was
        trained on, or its checkpoint chosen by. What only an earlier task was shown is followed by ``(through state)``,
        say. Of a prediction file it is what its lines say (`conditioning.GOLD_NOTE`), if tod-bench wrote them.
        """
        if cell.task in ("corpus", "people"):
            return ()
        path = self.prediction_file(cell)
        if path is not None:
            return gold_noted(path)
        sources, own = self.sources(cell), self.systems[cell.system].gold_access
        if sources.get("state") == "predicted":
            own -= {"previous_state"}  # the state before is then the predicted one
        trained_on = ["test_dialogues"] if self.together(cell) and self._trained_on_test[cell.corpus] else []
        shown = [*sorted(own), *trained_on, *(f"gold_{what}" for what, source in sources.items() if source == "gold")]
        for what, other in self.upstream(cell).items():
            inherited = [name.partition(" (")[0] for name in self.gold_shown(other)]
            shown += [f"{name} (through {what})" for name in inherited if name not in own]
        return tuple(dict.fromkeys(shown))

    @cached_property
    def _trained_on_test(self) -> dict[str, bool]:
        """Whether the test split of each corpus shares dialogues with the ones to train and select on."""
        found = {}
        for label, corpus in self.corpora.items():
            splits = self.config.corpora[label].splits
            found[label] = any(
                common_dialogues(corpus, expression, splits.test) for expression in (splits.train, splits.dev)
            )
        return found

    @cached_property
    def _corpus_sources(self) -> dict[str, dict[str, Any]]:
        """What decides the dialogues of each corpus: its files and options, and the code that reads them."""
        names = {label: section.corpus for label, section in self.config.corpora.items() if label in self.corpora}
        return {
            label: {
                "fingerprint": self.corpora[label].fingerprint,
                **source_digest(type(self.corpora[label]), CORPORA, name),
            }
            for label, name in names.items()
        }

    def fit_inputs(self, cell: Experiment) -> dict[str, Any]:
        """Everything that decides the training that a cell needs."""
        built, corpus = self.systems[cell.system], self.config.corpora[cell.corpus]
        return {
            "version": __version__,
            "corpus": self._corpus_sources[cell.corpus],
            "train": parse_split(corpus.splits.train),
            "dev": parse_split(corpus.splits.dev),
            "system": built.config.system,
            "code": built.source,
            "params": built.training_params,
            "files": built.training_files,
            "tasks": self.together(cell),
            "seed": cell.seed,
        }

    def prediction_inputs(self, cell: Experiment) -> dict[str, Any]:
        """Everything that decides a cell's predictions."""
        path = self.prediction_file(cell)
        if path is not None:
            return {"files": local_files(str(path))}
        built = self.systems[cell.system]
        return {
            "fit": self.fit_inputs(cell),
            "params": built.prediction_params,
            "files": built.prediction_files,
            "test": parse_split(self.config.corpora[cell.corpus].splits.test),
            "task": cell.task,
            "sources": self.sources(cell),
            "gold": self.gold_shown(cell),
            "upstream": {what: self.prediction_inputs(other) for what, other in self.upstream(cell).items()},
            "harness": _harness("predict"),
        }

    def result_inputs(self, cell: Experiment) -> dict[str, Any]:
        """Everything that decides a cell's scores."""
        settings, splits = self.settings(cell.task), self.config.corpora[cell.corpus].splits
        asked = self._judges(cell, settings)
        return {
            "scored": self._scored_inputs(cell),
            "cell": str(cell),
            "corpus": self._corpus_sources.get(cell.corpus, {}),
            "split": splits.train if cell.task == "corpus" else splits.test,
            "metrics": settings.metrics,
            "metric_code": self._metric_sources(cell.task),
            "groups": settings.groups,
            "judge": asked,
            "files": _judge_files(asked),
            "bootstrap": self.config.bootstrap.model_dump(),
            "version": __version__,
            "harness": _harness("judge" if asked or cell.task == "people" else "score"),
        }

    def fit_key(self, cell: Experiment) -> str:
        """Key of the training that a cell needs."""
        return digest_of(self.fit_inputs(cell))

    def prediction_key(self, cell: Experiment) -> str:
        """Key of a cell's predictions."""
        return digest_of(self.prediction_inputs(cell))

    def result_key(self, cell: Experiment) -> str:
        """Key of a cell's scores."""
        return digest_of(self.result_inputs(cell))

    def _judges(self, cell: Experiment, settings: TaskConfig) -> list[dict[str, Any]]:
        return [judge_of(self.config, cell, entry).model_dump(mode="json") for entry in settings.judge]

    def _metric_sources(self, task: ExperimentTask) -> dict[str, dict[str, str]]:
        """What tells one version from another of the code of metrics that are not tod-bench's own."""
        if task in ("corpus", "people"):
            return {}
        names = {parse_spec(spec).name for spec in self.settings(task).metrics}
        classes = {name: metric_class(name) for name in sorted(names)}
        theirs = {name: found for name, found in classes.items() if found.__module__.partition(".")[0] not in OWN}
        return {name: source_digest(found, METRICS, name) for name, found in theirs.items()}

    def _scored_inputs(self, cell: Experiment) -> dict[str, Any]:
        """What decides what is scored: predictions, or people's ratings; empty for a corpus, which is named anyway."""
        if cell.task == "corpus":
            return {}
        if cell.task != "people":
            return self.prediction_inputs(cell)
        ratings, rated = ratings_file(self.config, cell), self.responses(cell)
        asked = self._judges(rated or cell, self.settings("response")) if rated else []
        return {
            "ratings": local_files(str(ratings)) if ratings else "scripted",
            "responses": self.prediction_inputs(rated) if rated else {},
            "judge": asked,
            "files": _judge_files(asked),
        }

    def prediction_file(self, cell: Experiment) -> Path | None:
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


def build(config: EvalConfig, *, incomplete: bool = False) -> Plan:
    """Finds everything that a config names and binds every key against the real signatures.

    Args:
        config: The config.
        incomplete: Whether files, ratings and keys may be missing; the board then says which are, and has the cells
            that can do without them.

    Raises:
        UserError: Anything is wrong; every error is in the message, a line each.
    """
    errors, board = check(config)
    if not incomplete:
        errors += [str(need) for need in board.needs if not need.dash]
    if errors:
        raise UserError("\n".join([f"config {config.name} cannot run:", *(f"  - {error}" for error in errors)]))
    return board


def check(config: EvalConfig, *, whole: bool = True) -> tuple[list[str], Plan]:
    """Every error of a config, and its board as far as it can be built.

    Args:
        config: The config.
        whole: Whether parts may be checked against each other; not where errors of layout have taken some away.
    """
    errors: list[str] = []
    needs: list[Need] = []
    dashes: list[Need] = []
    undefined: dict[tuple[str, ExperimentTask], Mapping[str, str]] = {}
    corpora = {label: _corpus(label, section, errors, needs) for label, section in config.corpora.items()}
    systems = {label: _system(label, section, errors) for label, section in config.systems.items()}
    at_hand = {label: corpus for label, corpus in corpora.items() if corpus is not None}
    errors += [*task_errors(config), *split_errors(config, at_hand)]
    scored = scored_pairs(config, systems, at_hand)
    errors += metric_errors(config, scored)
    if whole:
        errors += [*label_errors(config), *table_errors(config), *source_errors(config, systems)]
    if not errors:
        short = {label: need for label, corpus in at_hand.items() if (need := split_need(config, label, corpus))}
        at_hand = {label: corpus for label, corpus in at_hand.items() if label not in short}
        unasked = judge_need(config, config.corpora)
        for label, corpus in at_hand.items():
            tasks = {task for one, task in scored if one == label}
            found = collect(errors, f"corpora.{label}", partial(find_undefined, config, label, corpus, tasks))
            undefined |= found or {}
            dashes += group_needs(config, label, corpus)
        nowhere, partly = undefined_needs(undefined, scored)
        dashes += partly
        errors += nowhere
        needs += [*short.values(), *prediction_needs(config), *rating_needs(config), *([unasked] if unasked else [])]
        config = _without_judge(config) if unasked else config
    built = {label: system for label, system in systems.items() if system is not None}
    dashes = [replace(need, dash=True) for need in dashes]
    return errors, Plan(config, at_hand, built, (*needs, *dashes), undefined)


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


def _system(label: str, section: SystemConfig, errors: list[str]) -> BuiltSystem | None:
    place = f"systems.{label}"
    if (section.system is None) == (section.predictions is None):
        errors.append(f"{place}: give either `system` (an installed one) or `predictions` (a file)")
        return None
    if section.system is None:
        return BuiltSystem(section)
    found = collect(errors, f"{place}.system", lambda: system_class(str(section.system)))
    if found is None:
        return None
    params, wrong = bind(found, section.params, f"{place}.params")
    errors += wrong
    if wrong:
        # What is right is checked all the same, so that one wrong key does not hide another.
        fine = {name: value for name, value in params.items() if not _is_told(f"{place}.params.{name}", wrong)}
        with suppress(UserError, TypeError, ValueError):  # a required key may be among the wrong ones
            errors += _problems(BuiltSystem(section, found, fine), place)
        return None
    built = BuiltSystem(section, found, params)
    if collect(errors, f"{place}.params", lambda: built.trait) is None:
        return None
    collect(errors, place, lambda: built.gold_access)
    errors += _problems(built, place)
    return built


def _is_told(place: str, errors: Iterable[str]) -> bool:
    return any(error.startswith((f"{place}:", f"{place}.")) for error in errors)


def _problems(built: BuiltSystem, place: str) -> list[str]:
    """What a system itself says is wrong with its parameters."""
    check: Callable[[], Iterable[str]] | None = getattr(built.trait, "check", None)
    return [f"{place}.params: {problem}" for problem in (check() if check else ())]


def _judge_files(judges: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The files that judge configs name: prompts, and lists of the dialogues to judge."""
    return local_files([[judge["prompt"], judge["sample"].get("ids")] for judge in judges])


@cache
def _harness(step: Literal["predict", "score", "judge"]) -> str:
    """Digest of tod-bench's own code behind a step, which a checkout can change without a new version."""
    counted = ("records", "scoring", "statistics", "experiments.corpus_statistics")
    scoring = ("tod_metrics", *(f"tod_bench.{name}" for name in counted))
    modules = {
        "predict": tuple(f"tod_bench.{name}" for name in ("records", "systems", "tasks", "linearize")),
        "score": scoring,
        "judge": (*scoring, "tod_bench.experiments.judge_scores", "tod_bench.judge"),
    }
    return own_source(*modules[step])
