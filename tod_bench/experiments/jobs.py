"""The jobs of a plan: what each makes, what decides it, what it depends on, and how it is made.

    Train ──▶ Predict ──────▶ Score ──▶ Result      of a system's task
              PredictionFile ──▲                     the same, of a file made elsewhere
              Predict ─────▶ Predict                 of the same system, conditioned on earlier predictions
              Predict ─────▶ RatePeople ──▶ Result   of the task people
                             CountCorpus ─▶ Result   of the task corpus

Every job has a key, the digest of its inputs, under which the store keeps what it made. The runner makes what is not
there, after what it depends on; `tod-bench plan` asks which jobs are done, and `--force` deletes what jobs have made.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from tod_bench import __version__
from tod_bench.errors import UserError
from tod_bench.experiments.content import local_files
from tod_bench.experiments.joint import joint_images, joint_resources, origins, tested_dialogues, training_dialogues
from tod_bench.experiments.keys import harness_source
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.requirements import Requirement
from tod_bench.experiments.results import Experiment, Step, Store
from tod_bench.files import digest_of
from tod_bench.llm.config import Access
from tod_bench.memory import give_back
from tod_bench.predictions import GOLD_NOTE, write_predictions
from tod_bench.records import Dialogue, Prediction
from tod_bench.splits import SplitOf, parse_split, splits_of
from tod_bench.systems import FitContext
from tod_bench.tasks import Shown, learnable, turn_inputs

if TYPE_CHECKING:
    from tod_bench.experiments.runner import Runner

Material: TypeAlias = Mapping[SplitOf, list[Dialogue]]
"""Dialogues by the split that they are of."""


class Job(ABC):
    """Something that a plan makes for an experiment and that the store keeps.

    Attributes:
        step: The step that it belongs to.
        plan: The plan.
        experiment: The experiment; for a training that several experiments share, any of them.
    """

    step: ClassVar[Step]

    def __init__(self, plan: Plan, experiment: Experiment) -> None:
        self.plan, self.experiment = plan, experiment

    @cached_property
    @abstractmethod
    def inputs(self) -> dict[str, Any]:
        """Everything that decides what it makes, as JSON values."""

    @cached_property
    def key(self) -> str:
        """The key in the store of what it makes."""
        return digest_of(self.inputs)

    @property
    def lock(self) -> str:
        """Name of the lock that is held while it is made; two jobs are the same where their locks are."""
        return self.step[0] + self.key

    @property
    def depends_on(self) -> tuple["Job", ...]:
        """The jobs that must be done before it."""
        return ()

    def missing(self) -> tuple[Requirement, ...]:
        """What must be supplied before it can run, a sentence each."""
        return ()

    def record(self, store: Store) -> Any:
        """What the store has of it; None while it is not done."""
        return store.note(self.step, self.key)

    @abstractmethod
    def run(self, runner: "Runner") -> None:
        """Makes it and saves it; its lock is held, and what it depends on is done."""

    def forget(self, store: Store) -> bool:
        """Deletes what it made; False where there is nothing."""
        return store.forget(self.step, self.key)


class Train(Job):
    """Trains a system for the tasks that share the training."""

    step = "fit"

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that decides the training; an untrained system's predictions rest on the same."""
        system = self.plan.systems[self.experiment.system]
        return {
            "version": __version__,
            **training_dialogues(self.plan, self.experiment.corpus),
            "system": system.config.system,
            "code": system.source,
            "params": system.training_params,
            "files": local_files(system.training_params),
            "tasks": self.plan.shared_training(self.experiment),
            "seed": self.experiment.seed,
            **self._pictures(),
        }

    def _pictures(self) -> dict[str, Any]:
        """What decides the pictures that a system sees; nothing where it sees none."""
        if not self.plan.systems[self.experiment.system].untrained.sees:
            return {}
        trained = self.plan.shared_training(self.experiment)
        learned = joint_images(self.plan, self.experiment) if trained else None
        tested = self.plan.corpora[self.experiment.corpus].images
        found = {"images": tested, "learned_images": learned}
        prints = {name: images.fingerprint for name, images in found.items() if images is not None}
        if prints.get("learned_images") == prints.get("images"):
            prints.pop("learned_images", None)  # the usual case, in which one says it
        return prints

    def context(self, store: Store, access: Access | None) -> FitContext:
        """Where and how the system is trained, and later loaded."""
        corpus = self.plan.corpora[self.experiment.corpus]
        task, seed = self.experiment.predicts, self.experiment.seed
        folder = store.model_folder(self.key)
        return FitContext(task, corpus.schema, seed, folder, corpus.database, access, corpus.images)

    def material(self, runner: "Runner") -> tuple[Material, Material, FitContext]:
        """The dialogues to train and to select on, by where they come from, and where and how to train."""
        corpus = self.experiment.corpus
        splits = self.plan.config.corpora[corpus].splits
        schema, database = joint_resources(self.plan, self.experiment)
        images = joint_images(self.plan, self.experiment)
        context = replace(self.context(runner.store, runner.access), schema=schema, database=database, images=images)
        train, dev = (
            {source: runner.dialogues(*source) for source in splits_of(corpus, setting)}
            for setting in (splits.train, splits.dev)
        )
        return train, dev, context

    def run(self, runner: "Runner") -> None:
        """Trains the system into its folder of the store."""
        runner.announce(self.experiment, "training")
        corpus, began = self.experiment.corpus, time.perf_counter()
        train, dev, context = self.material(runner)
        context.folder.mkdir(parents=True, exist_ok=True)
        system = self.plan.systems[self.experiment.system].new()
        details = system.fit(list(chain(*train.values())), list(chain(*dev.values())), context)
        del system
        give_back()
        sizes: dict[str, Any] = {
            "train_dialogues": sum(map(len, train.values())),
            "dev_dialogues": sum(map(len, dev.values())),
        }
        if any(source.corpus != corpus for source in (*train, *dev)) or len(train) > 1:
            sizes |= origins(train, dev)
        unlearned = {
            task: number
            for task in self.plan.shared_training(self.experiment)
            if (number := sum(not learnable(task, dialogue) for dialogue in chain(*train.values())))
        }
        if unlearned:
            sizes["without_gold"] = unlearned
        seconds = round(time.perf_counter() - began, 3)
        runner.store.save_note(self.step, self.key, {**sizes, "seconds": seconds, "details": details})


class Predict(Job):
    """Asks a system for its predictions."""

    step = "predict"

    @cached_property
    def training(self) -> Train:
        """The training that the system needs; of a system that is not trained, what it is loaded with."""
        return Train(self.plan, self.experiment)

    @cached_property
    def earlier(self) -> dict[str, "Predict"]:
        """The predictions that the system is shown: ``state`` and ``acts``."""
        return {what: Predict(self.plan, other) for what, other in self.plan.depends_on(self.experiment).items()}

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that decides the predictions."""
        system = self.plan.systems[self.experiment.system]
        return {
            "fit": self.training.inputs,
            "params": system.prediction_params,
            "files": local_files(system.prediction_params),
            **tested_dialogues(self.plan, self.experiment),
            "test": parse_split(self.plan.split(self.experiment)),
            "task": self.experiment.task,
            "sources": self.plan.sources(self.experiment),
            "gold": self.plan.gold_shown(self.experiment),
            "depends_on": {what: job.inputs for what, job in self.earlier.items()},
            "harness": harness_source("predict"),
        }

    @property
    def depends_on(self) -> tuple[Job, ...]:
        """The predictions that its system is shown, and its training."""
        trained = [self.training] if self.plan.shared_training(self.experiment) else []
        return (*self.earlier.values(), *trained)

    def path(self, store: Store) -> Path:
        """The prediction file."""
        return store.predictions_path(self.key)

    def shown_path(self, store: Store) -> str:
        """The prediction file as results name it: relative to the store."""
        return str(self.path(store).relative_to(store.root))

    def run(self, runner: "Runner") -> None:
        """Predicts every turn of the test split and writes the predictions to the store."""
        plan, experiment, store = self.plan, self.experiment, runner.store
        sources = plan.sources(experiment)
        shown: dict[str, Shown] = {
            what: runner.predictions(self.earlier[what]) if source == "predicted" else "gold"
            for what, source in sources.items()
            if source != "none"
        }
        training = self.training.record(store) if plan.shared_training(experiment) else None
        system = runner.loaded(self.training)
        runner.announce(experiment, "predicting")
        began, gold = time.perf_counter(), plan.gold_shown(experiment)
        inputs = turn_inputs(
            runner.dialogues(experiment.corpus, plan.split(experiment)),
            experiment.predicts,
            gold_access=plan.systems[experiment.system].gold_access,
            states=shown.get("state"),
            acts=shown.get("acts"),
            database=plan.corpora[experiment.corpus].database,
        )
        predictions = system.predict(experiment.predicts, inputs)
        write_predictions(self.path(store), _with_origin(predictions, shown.get("state"), gold))
        asked = dict(system.record())
        record = {
            "experiment": asdict(experiment),
            "fit": training or {},
            **({"asked": asked} if asked else {}),
            "gold_access": list(gold),
            "shown": dict(sources),
            "depends_on": {what: str(job.experiment) for what, job in self.earlier.items()},
            "seconds": {
                "fit": (training or {}).get("seconds", 0.0),
                "predict": round(time.perf_counter() - began, 3),
            },
        }
        store.save_note(self.step, self.key, record)


def _with_origin(predictions: Iterable[Prediction], states: Shown, gold: Sequence[str]) -> Iterator[Prediction]:
    """Predictions with what they were made from: the predicted state, where they have none of their own, and gold."""
    for prediction in predictions:
        state, notes = prediction.state, prediction.notes
        if isinstance(states, Mapping) and prediction.response is not None and state is None:
            state = states[prediction.dialogue_id, prediction.turn].state
        yield replace(prediction, state=state, notes={**notes, GOLD_NOTE: list(gold)} if gold else notes)


class PredictionFile(Job):
    """Predictions that were made elsewhere: nothing is run, the file must be there."""

    step = "predict"

    @cached_property
    def _file(self) -> Path:
        path = self.plan.prediction_file(self.experiment)
        assert path is not None
        return path

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """The content of the file."""
        return {"files": local_files(str(self._file))}

    def path(self, _store: Store) -> Path:
        """The prediction file."""
        return self._file

    def shown_path(self, _store: Store) -> str:
        """The prediction file as results name it: as the config gives it."""
        return str(self._file)

    def missing(self) -> tuple[Requirement, ...]:
        """The file, where it is not there."""
        if self._file.is_file():
            return ()
        return (Requirement(f"systems.{self.experiment.system}.predictions", f"there is no file {self._file}"),)

    def record(self, _store: Store) -> dict[str, Any] | None:
        """The file, and the gold that its lines say its system was shown."""
        if self.missing():
            return None
        gold = self.plan.gold_shown(self.experiment)
        return {"file": str(self._file), **({"gold_access": list(gold)} if gold else {})}

    def run(self, _runner: "Runner") -> None:
        """Never called: the file is there, or it is missing.

        Raises:
            UserError: Always.
        """
        raise UserError("\n".join(map(str, self.missing())))

    def forget(self, _store: Store) -> bool:
        """Deletes nothing: the file is the user's."""
        return False


def predictions_job(plan: Plan, experiment: Experiment) -> Predict | PredictionFile:
    """The job of an experiment's predictions."""
    return Predict(plan, experiment) if plan.prediction_file(experiment) is None else PredictionFile(plan, experiment)
