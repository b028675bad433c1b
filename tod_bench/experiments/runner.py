"""Running a plan: job after job, reusing whatever the store already has.

A kill loses the job under way, and of a training no more than what lies behind its last checkpoint. Several processes
can run plans into one store: each job is made under its lock, and who waits for a lock finds the job done.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.experiments.access import store_access
from tod_bench.experiments.config import load_config
from tod_bench.experiments.jobs import Job, Predict, PredictionFile, Train, predictions_job
from tod_bench.experiments.judge_scores import judge_of
from tod_bench.experiments.keys import changes
from tod_bench.experiments.plan import Plan, build
from tod_bench.experiments.result_jobs import ScorePredictions, result_job
from tod_bench.experiments.results import Experiment, Result, Store
from tod_bench.files import digest_of
from tod_bench.judge import JudgeConfig
from tod_bench.llm.config import Access
from tod_bench.predictions import read_predictions
from tod_bench.progress import progress
from tod_bench.records import Dialogue
from tod_bench.scoring import PooledRow, ScoreRow
from tod_bench.splits import read_all
from tod_bench.systems import System
from tod_bench.tasks import Predictions

Announce = Callable[[Experiment, str], None]
"""Called with an experiment and what is done: ``training``, ``predicting``, ``scoring``, ``counting``, ``cached``."""


def run(
    plan: Plan,
    store: Store,
    announce: Announce = lambda _experiment, _step: None,
    access: Access | None = None,
) -> list[Result]:
    """Runs every experiment that is not finished and returns the results of all, in the plan's order.

    Args:
        plan: The plan.
        store: The store.
        announce: Called with each step when it begins.
        access: How models behind a server are reached; with what the store has, where None.

    Raises:
        UserError: A corpus, a prediction file or the store is unusable; what was finished is kept.
    """
    results = {}
    with progress(plan.config.name, len(plan.experiments), unit="experiments", bar=False) as shown:

        def announce_both(experiment: Experiment, step: str) -> None:
            shown.now(f"{experiment}: {step}")
            announce(experiment, step)

        runner = Runner(plan, store, announce_both, access)
        for experiment in by_model(plan):
            results[experiment] = runner.result(experiment)
            shown.advance()
    return [results[experiment] for experiment in plan.experiments]


def by_model(plan: Plan) -> list[Experiment]:
    """The experiments with the tasks of one model side by side, so that it is loaded once."""
    models: dict[tuple[object, ...], list[Experiment]] = {}
    for experiment in plan.experiments:
        tasks = plan.shared_training(experiment) or experiment.task
        models.setdefault((experiment.corpus, experiment.system, tasks, experiment.seed), []).append(experiment)
    return [experiment for experiments in models.values() for experiment in experiments]


class Runner:
    """The state of one run: the dialogues in memory and the system last loaded."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        announce: Announce = lambda _experiment, _step: None,
        access: Access | None = None,
    ) -> None:
        self.plan, self.store, self.announce = plan, store, announce
        self.access = access or store_access(store)
        self._splits: dict[tuple[str, str], list[Dialogue]] = {}
        self._loaded: tuple[str, System] | None = None

    def result(self, experiment: Experiment) -> Result:
        """The result of an experiment, from the store or computed now."""
        job = result_job(self.plan, experiment)
        if not self.ensure(job):
            self.announce(experiment, "cached")
        result = job.record(self.store)
        if result is None:
            raise UserError(f"{self.store.result_path(job.key)} was deleted while it was read; run the command again")
        return result

    def rows(self, experiment: Experiment) -> list[ScoreRow | PooledRow]:
        """The statistics of each dialogue behind an experiment's scores, for tests between experiments."""
        return ScorePredictions(self.plan, experiment).rows(self)

    def prediction_file(self, experiment: Experiment) -> Path:
        """The file of an experiment's predictions, which are made now if need be."""
        job = predictions_job(self.plan, experiment)
        self.ensure(job)
        return job.path(self.store)

    def ensure(self, job: Job) -> bool:
        """Makes what a job makes, after all that it depends on; False where the store has it already.

        Raises:
            UserError: Something must be supplied first.
        """
        if job.record(self.store) is not None:
            return False
        missing = job.missing()
        if missing:
            raise UserError("\n".join(map(str, missing)))
        for other in job.depends_on:
            self.ensure(other)
        with self.store.lock(job.lock, lambda: self.announce(job.experiment, "waiting for another process")):
            if job.record(self.store) is not None:
                return False
            job.run(self)
        return True

    def predictions(self, job: Predict | PredictionFile) -> Predictions:
        """The predictions that a job makes or names, by dialogue and turn; made now if need be."""
        self.ensure(job)
        predictions = read_predictions(job.path(self.store))
        return {(prediction.dialogue_id, prediction.turn): prediction for prediction in predictions}

    def dialogues(self, corpus: str, expression: str) -> list[Dialogue]:
        """The dialogues of a split of a corpus.

        Raises:
            UserError: There are none.
        """
        if (corpus, expression) not in self._splits:
            # One corpus at a time: experiments come corpus by corpus, and a big one fills the memory.
            self._splits = {key: value for key, value in self._splits.items() if key[0] == corpus}
            self._splits[corpus, expression] = read_all(self.plan.corpora[corpus], expression)
            if not self._splits[corpus, expression]:
                raise UserError(f"corpora.{corpus}: the split {expression} has no dialogues")
        return self._splits[corpus, expression]

    def loaded(self, training: Train) -> System:
        """The system of a training, ready to predict."""
        system = self.plan.systems[training.experiment.system]
        key = digest_of([training.key, system.prediction_params])
        if self._loaded is None or self._loaded[0] != key:
            self._loaded = None  # the old model's memory goes before the new one's is taken
            fresh = system.new()
            fresh.load(training.context(self.store, self.access))
            self._loaded = (key, fresh)
        return self._loaded[1]


@dataclass(frozen=True, slots=True)
class Status:
    """What the store has of an experiment.

    Attributes:
        experiment: The experiment.
        trained: Whether its system is trained; None where it is not trained at all.
        predicted: Whether its predictions are made, or need not be.
        scored: Whether its result is there.
        model_folder: Where its system is trained; None where it is not.
        changed: What is different from the newest result of this experiment in the store, a phrase each; nothing where
            its own result is there.
        since: When that result was made.
    """

    experiment: Experiment
    trained: bool | None
    predicted: bool
    scored: bool
    model_folder: Path | None = None
    changed: tuple[str, ...] = ()
    since: str = ""


def statuses(plan: Plan, store: Store) -> Iterator[Status]:
    """What would be run and what is cached, experiment by experiment."""
    earlier: dict[Experiment, Result] | None = None
    for experiment in plan.experiments:
        job = result_job(plan, experiment)
        predictions = job.predictions if isinstance(job, ScorePredictions) else None
        trainings = [other for other in predictions.depends_on if isinstance(other, Train)] if predictions else []
        changed: tuple[str, ...] = ()
        scored, since = job.record(store) is not None, ""
        if not scored:
            earlier = store.results_of(plan.config.name) if earlier is None else earlier
            result = earlier.get(experiment)
            if result is not None and result.inputs:
                changed, since = changes(result.inputs, job.inputs), result.date
        yield Status(
            experiment,
            trained=trainings[0].record(store) is not None if trainings else None,
            predicted=predictions is None or predictions.record(store) is not None,
            scored=scored,
            model_folder=store.model_folder(trainings[0].key) if trainings else None,
            changed=changed,
            since=since,
        )


def people_config(
    name: str, overrides: Sequence[str], labels: tuple[str, str], store: Path, *, small: bool = False
) -> JudgeConfig:
    """What people are asked of a system's responses, as a judge config.

    Args:
        name: An eval config whose task ``people`` has a judge config.
        overrides: ``key=value`` pairs for it.
        labels: Labels of the corpus and of the system.
        store: Where the responses are kept; they are made now if need be.
        small: Whether it is the small variant.

    Raises:
        UserError: The config asks people nothing, or has no such responses.
    """
    config = load_config(name, overrides, small=small)
    plan, experiment = build(config, incomplete=True), Experiment(*labels, "people", config.seeds[0])
    entries = plan.settings("people").judge
    if not entries:
        raise UserError(f"{name} asks people nothing; give a config with tasks.people.judge")
    responses = plan.responses(experiment) if experiment.system in plan.systems else None
    if responses is None:
        reasons = "; ".join(map(str, plan.missing)) or "it has no such corpus or system"
        raise UserError(f"{name} has no responses of {experiment.system} on {experiment.corpus}: {reasons}")
    file = Runner(plan, Store(store)).prediction_file(responses)
    return judge_of(config, experiment, entries[0], file)
