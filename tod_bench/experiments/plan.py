"""From a config to its experiments: corpora opened, systems built, keys known, every error reported at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
        needs: What is missing; the experiments are those that can be run without it.
        undefined: Metrics that a corpus lacks the gold for; they are not computed, and the table has dashes for them.
    """

    config: EvalConfig
    corpora: Mapping[str, Corpus]
    systems: Mapping[str, BuiltSystem]
    needs: tuple[Need, ...] = field(default=())
    undefined: Undefined = field(default_factory=dict)

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        """Every experiment, each after the experiments whose predictions it is conditioned on."""
        return tuple(experiment for corpus in self.config.corpora for experiment in self._cells(corpus))

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
        experiments = (Experiment(corpus, system, task, seed) for task in tasks for seed in self._seeds(built, task))
        return filter(self._is_at_hand, experiments)

    def metrics(self, experiment: Experiment) -> tuple[str, ...]:
        """The metrics of an experiment, without those that are undefined on its corpus."""
        undefined = self.undefined.get((experiment.corpus, experiment.task), {})
        return tuple(
            spec for spec in metrics_of(self.settings(experiment.task), experiment.predicts) if spec not in undefined
        )

    def _scores(self, corpus: str, task: TaskName) -> bool:
        """Whether a corpus has the gold for any score of a task."""
        return bool(self.settings(task).judge or self.metrics(Experiment(corpus, "", task, 0)))

    def _is_rated(self, experiment: Experiment) -> bool:
        file = ratings_file(self.config, experiment)
        return self.responses(experiment) is not None if file is None else file.is_file()

    def responses(self, experiment: Experiment) -> Experiment | None:
        """The experiment whose responses people rated; None where they are not at hand."""
        built = self.systems[experiment.system]
        if experiment.corpus not in self.corpora or not built.does("response"):
            return None
        seed = self._seeds(built, "response")[0]
        found = Experiment(experiment.corpus, experiment.system, "response", seed)
        return found if self._is_at_hand(found) else None

    def _is_at_hand(self, experiment: Experiment) -> bool:
        """Whether the predictions of an experiment can be had: made by a system, or read from a file that is there."""
        section = self.systems[experiment.system].config
        return (
            section.predictions is None
            or prediction_path(section, experiment.corpus, experiment.task, experiment.seed).is_file()
        )

    def conditioning(self) -> list[str]:
        """What must be known of what systems are shown: gold, and state or acts that they would be expected to read."""
        shown = [(experiment.system, experiment.task, self.gold_shown(experiment)) for experiment in self.experiments]
        unshown = [
            f"{experiment.system} is shown no {what} in {experiment.task}: it predicts none here, and gold is shown only where the "
            f"config says `{what}: gold`"
            for experiment in self.experiments
            for what, source in self.sources(experiment).items()
            if source == "none"
            and getattr(self.settings(experiment.task), what) is None
            and self.systems[experiment.system].reads(experiment.predicts, what) is None
        ]
        return list(dict.fromkeys([*gold_sentences(shown), *unshown]))

    def settings(self, task: ExperimentTask) -> TaskConfig:
        """What the config says of a task; the defaults where it says nothing."""
        return self.config.tasks.get(task, TaskConfig())

    def together(self, experiment: Experiment) -> tuple[TaskName, ...]:
        """Tasks that one training serves with the experiment's own; empty when nothing is trained."""
        unpredicted = experiment.task in ("corpus", "people")
        return () if unpredicted else self.systems[experiment.system].fits_together(experiment.predicts)

    def sources(self, experiment: Experiment) -> dict[Conditioning, Source]:
        """Where the state and the acts that an experiment's system is shown come from; empty for what is not shown at all.

        A prediction file's system was shown what it was shown elsewhere.
        """
        built = self.systems.get(experiment.system)
        if built is None or built.config.system is None or experiment.task not in CONDITIONED:
            return {}
        return {what: self._source(built, experiment, what) for what in CONDITIONED[experiment.predicts]}

    def _source(self, built: BuiltSystem, experiment: Experiment, what: Conditioning) -> Source:
        asked: Source | None = getattr(self.settings(experiment.task), what)
        if built.reads(experiment.predicts, what) is False:
            return "none"
        if asked is None:
            return "predicted" if self._predicting(experiment, what) else "none"
        return asked

    def _predicting(self, experiment: Experiment, what: Conditioning) -> Experiment | None:
        """The experiment of the same system and corpus, of the same seed where there is one, that predicts state or acts."""
        task = PREDICTED_BY[what]
        same = [
            one
            for one in self.experiments
            if (one.corpus, one.system, one.task) == (experiment.corpus, experiment.system, task)
        ]
        return next((one for one in same if one.seed == experiment.seed), same[0] if same else None)

    def upstream(self, experiment: Experiment) -> dict[str, Experiment]:
        """The experiments whose predictions an experiment is conditioned on, by what they predict (``state``, ``acts``).

        Raises:
            UserError: It is to be conditioned on predictions that the config does not make.
        """
        found: dict[str, Experiment] = {}
        for what, source in self.sources(experiment).items():
            if source == "predicted":
                predicting = self._predicting(experiment, what)
                if predicting is None:
                    raise UserError(missing_source(experiment.system, experiment.predicts, what))
                found[what] = predicting
        return found

    def gold_shown(self, experiment: Experiment) -> tuple[str, ...]:
        """The gold that an experiment's predictions rest on; empty where its system saw none.

        ``gold`` (the whole turn) and ``previous_state`` are what a system declares; ``gold_state`` and ``gold_acts``
        what the config shows it; ``test_dialogues`` says that dialogues of the test split are among those that it was
        trained on, or its checkpoint chosen by. What only an earlier task was shown is followed by ``(through state)``,
        say. Of a prediction file it is what its lines say (`conditioning.GOLD_NOTE`), if tod-bench wrote them.
        """
        if experiment.task in ("corpus", "people"):
            return ()
        path = self.prediction_file(experiment)
        if path is not None:
            return gold_noted(path)
        sources, own = self.sources(experiment), self.systems[experiment.system].gold_access
        if sources.get("state") == "predicted":
            own -= {"previous_state"}  # the state before is then the predicted one
        trained_on = (
            ["test_dialogues"] if self.together(experiment) and self._trained_on_test[experiment.corpus] else []
        )
        shown = [*sorted(own), *trained_on, *(f"gold_{what}" for what, source in sources.items() if source == "gold")]
        for what, other in self.upstream(experiment).items():
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

    def fit_inputs(self, experiment: Experiment) -> dict[str, Any]:
        """Everything that decides the training that an experiment needs."""
        built, corpus = self.systems[experiment.system], self.config.corpora[experiment.corpus]
        return {
            "version": __version__,
            "corpus": self._corpus_sources[experiment.corpus],
            "train": parse_split(corpus.splits.train),
            "dev": parse_split(corpus.splits.dev),
            "system": built.config.system,
            "code": built.source,
            "params": built.training_params,
            "files": built.training_files,
            "tasks": self.together(experiment),
            "seed": experiment.seed,
        }

    def prediction_inputs(self, experiment: Experiment) -> dict[str, Any]:
        """Everything that decides an experiment's predictions."""
        path = self.prediction_file(experiment)
        if path is not None:
            return {"files": local_files(str(path))}
        built = self.systems[experiment.system]
        return {
            "fit": self.fit_inputs(experiment),
            "params": built.prediction_params,
            "files": built.prediction_files,
            "test": parse_split(self.config.corpora[experiment.corpus].splits.test),
            "task": experiment.task,
            "sources": self.sources(experiment),
            "gold": self.gold_shown(experiment),
            "upstream": {what: self.prediction_inputs(other) for what, other in self.upstream(experiment).items()},
            "harness": _harness("predict"),
        }

    def result_inputs(self, experiment: Experiment) -> dict[str, Any]:
        """Everything that decides an experiment's scores."""
        settings, splits = self.settings(experiment.task), self.config.corpora[experiment.corpus].splits
        asked = self._judges(experiment, settings)
        return {
            "scored": self._scored_inputs(experiment),
            "experiment": str(experiment),
            "corpus": self._corpus_sources.get(experiment.corpus, {}),
            "split": splits.train if experiment.task == "corpus" else splits.test,
            "metrics": settings.metrics,
            "metric_code": self._metric_sources(experiment.task),
            "groups": settings.groups,
            "judge": asked,
            "files": _judge_files(asked),
            "bootstrap": self.config.bootstrap.model_dump(),
            "version": __version__,
            "harness": _harness("judge" if asked or experiment.task == "people" else "score"),
        }

    def fit_key(self, experiment: Experiment) -> str:
        """Key of the training that an experiment needs."""
        return digest_of(self.fit_inputs(experiment))

    def prediction_key(self, experiment: Experiment) -> str:
        """Key of an experiment's predictions."""
        return digest_of(self.prediction_inputs(experiment))

    def result_key(self, experiment: Experiment) -> str:
        """Key of an experiment's scores."""
        return digest_of(self.result_inputs(experiment))

    def _judges(self, experiment: Experiment, settings: TaskConfig) -> list[dict[str, Any]]:
        return [judge_of(self.config, experiment, entry).model_dump(mode="json") for entry in settings.judge]

    def _metric_sources(self, task: ExperimentTask) -> dict[str, dict[str, str]]:
        """What tells one version from another of the code of metrics that are not tod-bench's own."""
        if task in ("corpus", "people"):
            return {}
        names = {parse_spec(spec).name for spec in self.settings(task).metrics}
        classes = {name: metric_class(name) for name in sorted(names)}
        theirs = {name: found for name, found in classes.items() if found.__module__.partition(".")[0] not in OWN}
        return {name: source_digest(found, METRICS, name) for name, found in theirs.items()}

    def _scored_inputs(self, experiment: Experiment) -> dict[str, Any]:
        """What decides what is scored: predictions, or people's ratings; empty for a corpus, which is named anyway."""
        if experiment.task == "corpus":
            return {}
        if experiment.task != "people":
            return self.prediction_inputs(experiment)
        ratings, rated = ratings_file(self.config, experiment), self.responses(experiment)
        asked = self._judges(rated or experiment, self.settings("response")) if rated else []
        return {
            "ratings": local_files(str(ratings)) if ratings else "scripted",
            "responses": self.prediction_inputs(rated) if rated else {},
            "judge": asked,
            "files": _judge_files(asked),
        }

    def prediction_file(self, experiment: Experiment) -> Path | None:
        """The prediction file that the config names for an experiment; None where a system is to be run.

        Raises:
            UserError: There is no such file.
        """
        section = self.systems[experiment.system].config
        if section.predictions is None:
            return None
        path = prediction_path(section, experiment.corpus, experiment.task, experiment.seed)
        if not path.is_file():
            raise UserError(f"systems.{experiment.system}.predictions: there is no file {path}")
        return path

    def _seeds(self, built: BuiltSystem, task: TaskName) -> tuple[int, ...]:
        seeds = built.config.seeds or self.config.seeds
        repeatable = built.config.predictions is None and not built.fits_together(task)
        return seeds[:1] if repeatable else seeds


def build(config: EvalConfig, *, incomplete: bool = False) -> Plan:
    """Finds everything that a config names and binds every key against the real signatures.

    Args:
        config: The config.
        incomplete: Whether files, ratings and keys may be missing; the plan then says which are, and has the experiments
            that can do without them.

    Raises:
        UserError: Anything is wrong; every error is in the message, a line each.
    """
    errors, plan = check(config)
    if not incomplete:
        errors += [str(need) for need in plan.needs if not need.dash]
    if errors:
        raise UserError("\n".join([f"config {config.name} cannot run:", *(f"  - {error}" for error in errors)]))
    return plan


def check(config: EvalConfig, *, whole: bool = True) -> tuple[list[str], Plan]:
    """Every error of a config, and its plan as far as it can be built.

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
    return [f"{place}.params: {problem}" for problem in built.trait.check()]


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
