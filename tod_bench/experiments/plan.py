"""From a config to its plan: corpora opened, systems bound, experiments laid out, every error reported at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.experiments.checks import (
    label_errors,
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
from tod_bench.experiments.config import EvalConfig, TaskConfig
from tod_bench.experiments.judge_scores import ratings_file
from tod_bench.experiments.opening import (
    BoundSystem,
    bind_system,
    collect,
    missing_access,
    open_configured_corpus,
)
from tod_bench.experiments.requirements import (
    Requirement,
    Undefined,
    find_undefined,
    metrics_of,
    missing_judge,
    missing_personas,
    missing_predictions,
    missing_ratings,
    missing_split,
    prediction_path,
    undefined_requirements,
)
from tod_bench.experiments.results import Experiment
from tod_bench.records import ExperimentTask, TaskName
from tod_bench.splits import SplitOf, common_dialogues, has_same_dialogues, own_split, splits_of
from tod_bench.tasks import TASKS, Source


@dataclass(frozen=True)
class Plan:
    """A config in which every name is bound: what `tod_bench.experiments.runner` runs.

    Attributes:
        config: The config, without judges that cannot be asked.
        corpora: The corpora whose files are there.
        systems: The systems.
        missing: What is missing; the experiments are those that can be run without it.
        undefined: Metrics that a corpus lacks the gold for; they are not computed, and the table has dashes for them.
        left_out: Experiments that are not to be run, because their system cannot be asked; see
            `tod_bench.experiments.access`.
    """

    config: EvalConfig
    corpora: Mapping[str, Corpus]
    systems: Mapping[str, BoundSystem]
    missing: tuple[Requirement, ...] = ()
    undefined: Undefined = field(default_factory=dict)
    left_out: frozenset[Experiment] = frozenset()
    _gold: dict[Experiment, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        """Every experiment, each after the experiments whose predictions it is conditioned on."""
        return tuple(experiment for experiment in self._lay_out() if experiment not in self.left_out)

    def _lay_out(self) -> Iterator[Experiment]:
        tasks, first_seed = self.config.tasks, self.config.seeds[0]
        for corpus in self.config.corpora:
            counted = own_split(corpus, self.config.corpora[corpus].splits.train)
            if "corpus" in tasks and corpus in self.corpora and counted:
                yield Experiment(corpus, "", "corpus", first_seed)
            for label, system in self.systems.items():
                if corpus not in self.config.tested_with(system.config):
                    continue
                for task in TASKS:
                    if corpus not in self.corpora or task not in tasks or not system.does(task):
                        continue
                    if system.shared_training(task) and not self._can_train(corpus):
                        continue
                    for seed in self._seeds(system, task):
                        experiment = Experiment(corpus, label, task, seed)
                        scored = tasks[task].judge or self.metrics(experiment)
                        if scored and self._has_predictions(experiment):
                            yield experiment
                people = Experiment(corpus, label, "people", first_seed)
                if "people" in tasks and self._has_ratings(people):
                    yield people

    def _can_train(self, corpus: str) -> bool:
        """Whether the files of every corpus are there that the systems tested on one are trained on."""
        return all(other in self.corpora for other, _ in self.trained_on(corpus))

    def trained_on(self, corpus: str) -> tuple[SplitOf, ...]:
        """The dialogues that systems tested on a corpus are trained and selected on."""
        splits = self.config.corpora[corpus].splits
        return (*splits_of(corpus, splits.train), *splits_of(corpus, splits.dev))

    def _seeds(self, system: BoundSystem, task: TaskName) -> tuple[int, ...]:
        seeds = system.config.seeds or self.config.seeds
        same_each_time = system.config.predictions is None and not system.shared_training(task)
        return seeds[:1] if same_each_time else seeds

    def _has_predictions(self, experiment: Experiment) -> bool:
        """Whether a system can make the experiment's predictions, or the file of them is there."""
        path = self.prediction_file(experiment)
        return path is None or path.is_file()

    def _has_ratings(self, experiment: Experiment) -> bool:
        path = ratings_file(self.config, experiment)
        return self.responses(experiment) is not None if path is None else path.is_file()

    def responses(self, experiment: Experiment) -> Experiment | None:
        """The experiment whose responses people rated; None where there are no such responses."""
        system = self.systems[experiment.system]
        if experiment.corpus not in self.corpora or not system.does("response"):
            return None
        rated = Experiment(experiment.corpus, experiment.system, "response", self._seeds(system, "response")[0])
        return rated if self._has_predictions(rated) else None

    def prediction_file(self, experiment: Experiment) -> Path | None:
        """The prediction file that the config names for an experiment; None where a system is to be run."""
        section = self.systems[experiment.system].config
        return None if section.predictions is None else prediction_path(section, experiment)

    def settings(self, task: ExperimentTask) -> TaskConfig:
        """What the config says of a task; the defaults where it says nothing."""
        return self.config.tasks.get(task, TaskConfig())

    def split(self, experiment: Experiment) -> str:
        """The split expression of the dialogues that an experiment is about."""
        splits = self.config.corpora[experiment.corpus].splits
        return own_split(experiment.corpus, splits.train) if experiment.task == "corpus" else splits.test

    def metrics(self, experiment: Experiment) -> tuple[str, ...]:
        """The metrics of an experiment, without those that are undefined on its corpus."""
        undefined = self.undefined.get((experiment.corpus, experiment.task), {})
        specs = metrics_of(self.settings(experiment.task), experiment.predicts)
        return tuple(spec for spec in specs if spec not in undefined)

    def shared_training(self, experiment: Experiment) -> tuple[TaskName, ...]:
        """Tasks that one training serves, the experiment's own among them; empty when nothing is trained."""
        if experiment.task in ("corpus", "people"):
            return ()
        return self.systems[experiment.system].shared_training(experiment.predicts)

    def sources(self, experiment: Experiment) -> dict[Conditioning, Source]:
        """Where the state and the acts that an experiment's system is shown come from.

        Empty where nothing is shown at all. A prediction file's system was shown what it was shown elsewhere.
        """
        system = self.systems.get(experiment.system)
        if system is None or system.config.system is None or experiment.task not in CONDITIONED:
            return {}
        sources: dict[Conditioning, Source] = {}
        for what in CONDITIONED[experiment.predicts]:
            setting: Source | None = getattr(self.settings(experiment.task), what)
            if system.reads(experiment.predicts, what) is False:
                sources[what] = "none"
            elif setting is None:
                sources[what] = "predicted" if self._predicting(experiment, what) else "none"
            else:
                sources[what] = setting
        return sources

    def _predicting(self, experiment: Experiment, what: Conditioning) -> Experiment | None:
        """The experiment of the same system and corpus, of the same seed where there is one, that predicts `what`."""
        source = (experiment.corpus, experiment.system, PREDICTED_BY[what])
        same = [other for other in self.experiments if (other.corpus, other.system, other.task) == source]
        return next((other for other in same if other.seed == experiment.seed), same[0] if same else None)

    def depends_on(self, experiment: Experiment) -> dict[Conditioning, Experiment]:
        """The experiments whose predictions an experiment is conditioned on, by what they predict.

        Raises:
            UserError: It is to be conditioned on predictions that the config does not make.
        """
        predicting: dict[Conditioning, Experiment] = {}
        for what, source in self.sources(experiment).items():
            if source == "predicted":
                other = self._predicting(experiment, what)
                if other is None:
                    raise UserError(missing_source(experiment.system, experiment.predicts, what))
                predicting[what] = other
        return predicting

    def gold_shown(self, experiment: Experiment) -> tuple[str, ...]:
        """The gold that an experiment's predictions rest on; empty where its system saw none.

        ``gold`` (the whole turn) and ``previous_state`` are what a system declares; ``gold_state`` and ``gold_acts``
        what the config shows it; ``test_dialogues`` says that dialogues of the test split are among those that it was
        trained on, or its checkpoint chosen by. What only an earlier task was shown is followed by ``(through state)``,
        say. Of a prediction file it is what its lines say (`conditioning.GOLD_NOTE`), if tod-bench wrote them.
        """
        if experiment not in self._gold:
            self._gold[experiment] = tuple(dict.fromkeys(self._gold_names(experiment)))
        return self._gold[experiment]

    def _gold_names(self, experiment: Experiment) -> Iterator[str]:
        if experiment.task in ("corpus", "people"):
            return
        path = self.prediction_file(experiment)
        if path is not None:
            yield from gold_noted(path)
            return
        sources, declared = self.sources(experiment), self.systems[experiment.system].gold_access
        if sources.get("state") == "predicted":
            declared -= {"previous_state"}  # the state before is then the predicted one
        yield from sorted(declared)
        if self.shared_training(experiment) and self._trained_on_test[experiment.corpus]:
            yield "test_dialogues"
        yield from (f"gold_{what}" for what, source in sources.items() if source == "gold")
        for what, other in self.depends_on(experiment).items():
            inherited = (name.partition(" (")[0] for name in self.gold_shown(other))
            yield from (f"{name} (through {what})" for name in inherited if name not in declared)

    @cached_property
    def _trained_on_test(self) -> dict[str, bool]:
        """Whether the test split of each corpus shares dialogues with the ones to train and select on.

        Those may be of another corpus, which may be the same under another label, or made of it.
        """
        return {
            label: any(self._shares(source, label) for source in self.trained_on(label))
            for label in self.config.tested
            if label in self.corpora and self._can_train(label)
        }

    def _shares(self, source: SplitOf, tested: str) -> bool:
        test, corpus = self.config.corpora[tested].splits.test, self.corpora[tested]
        if source.corpus == tested:
            return common_dialogues(corpus, source.expression, test) > 0
        return has_same_dialogues(self.corpora[source.corpus], source.expression, corpus, test)

    def remarks(self) -> list[str]:
        """What must be known of what systems are shown (gold, and state or acts that they would be expected to read).

        What they say of themselves (`System.remarks`) comes last.
        """
        shown = [(experiment.system, experiment.task, self.gold_shown(experiment)) for experiment in self.experiments]
        unshown = [
            f"{experiment.system} is shown no {what} in {experiment.task}: it predicts none here, and gold is shown "
            f"only where the config says `{what}: gold`"
            for experiment in self.experiments
            for what, source in self.sources(experiment).items()
            if source == "none"
            and getattr(self.settings(experiment.task), what) is None
            and self.systems[experiment.system].reads(experiment.predicts, what) is None
        ]
        of_systems = [
            f"{label}: {sentence}"
            for label, system in self.systems.items()
            if system.config.system is not None
            for sentence in system.untrained.remarks()
        ]
        return list(dict.fromkeys([*gold_sentences(shown), *unshown, *self._elsewhere(), *of_systems]))

    def _elsewhere(self) -> Iterator[str]:
        """What is trained on other dialogues than the own ones of the corpus that it is tested on, a sentence each."""
        for experiment in self.experiments:
            splits = self.config.corpora[experiment.corpus].splits
            train, dev = (splits_of(experiment.corpus, setting) for setting in (splits.train, splits.dev))
            if self.shared_training(experiment) and any(
                source.corpus != experiment.corpus for source in (*train, *dev)
            ):
                yield (
                    f"{experiment.system}, tested on {experiment.corpus}, is trained on {', '.join(map(str, train))} "
                    f"and selected on {', '.join(map(str, dev))}"
                )


def build(config: EvalConfig, *, incomplete: bool = False) -> Plan:
    """Finds everything that a config names and binds every key against the real signatures.

    Args:
        config: The config.
        incomplete: Whether files, ratings and keys may be missing; the plan then says which are, and has the
            experiments that can do without them.

    Raises:
        UserError: Anything is wrong; every error is in the message, a line each.
    """
    errors, plan = check(config)
    if not incomplete:
        errors += [str(requirement) for requirement in plan.missing if not requirement.dash]
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
    missing: list[Requirement] = []
    corpora: dict[str, Corpus] = {}
    for label, corpus_section in config.corpora.items():
        corpus = open_configured_corpus(label, corpus_section, errors, missing)
        corpora |= {} if corpus is None else {label: corpus}
    systems: dict[str, BoundSystem] = {}
    for label, section in config.systems.items():
        system = bind_system(label, section, errors)
        systems |= {} if system is None else {label: system}
    scored = scored_pairs(config, systems, corpora)
    errors += [*task_errors(config), *split_errors(config, corpora)]
    if whole:
        errors += [*label_errors(config), *table_errors(config), *source_errors(config, systems)]
    if errors:
        return errors, Plan(config, corpora, systems, tuple(missing))

    dashes: list[Requirement] = []
    undefined: dict[tuple[str, ExperimentTask], Mapping[str, str]] = {}
    for label, corpus in list(corpora.items()):
        absent = missing_split(config, label, corpus)
        if absent is not None:
            missing.append(absent)
            del corpora[label]
            continue
        tasks = {task for of_corpus, task in scored if of_corpus == label}
        undefined |= collect(errors, f"corpora.{label}", partial(find_undefined, config, label, corpus, tasks)) or {}
        dashes += missing_personas(config, label, corpus)
    nowhere, partly = undefined_requirements(undefined, scored)
    without_judge = list(missing_judge(config))
    missing += [*missing_predictions(config), *missing_ratings(config), *without_judge, *missing_access(systems)]
    missing += [*dashes, *partly]
    plan = Plan(_without_judge(config) if without_judge else config, corpora, systems, tuple(missing), undefined)
    return [*errors, *nowhere], plan


def _without_judge(config: EvalConfig) -> EvalConfig:
    """The config without its judge's questions; where they are all that is asked of responses, without that task."""
    response = config.tasks["response"].model_copy(update={"judge": ()})
    rest = {task: settings for task, settings in config.tasks.items() if task != "response"}
    return config.model_copy(update={"tasks": {**rest, "response": response} if response.metrics else rest})
