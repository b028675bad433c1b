"""Running a plan: train, predict and score each experiment, reusing whatever the store already has.

    plan ──▶ experiment ──fit──▶ model ──predict──▶ predictions ──score──▶ Result

Each arrow is looked up in the store first. A kill loses the arrow under way, and of a training no more than what lies
behind its last checkpoint.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tod_bench.corpora.annotations import scored_turns
from tod_bench.errors import UserError
from tod_bench.experiments.changes import as_json, changes
from tod_bench.experiments.conditioning import GOLD_NOTE, Conditioning
from tod_bench.experiments.config import load_config
from tod_bench.experiments.corpus_statistics import counted
from tod_bench.experiments.judge_scores import judge_of, judged, rated, ratings_file
from tod_bench.experiments.plan import Plan, build
from tod_bench.experiments.results import Experiment, Result, Store
from tod_bench.files import digest_of
from tod_bench.judge import JudgeConfig
from tod_bench.judge.groups import attributes_of
from tod_bench.predictions import read_predictions, write_predictions
from tod_bench.progress import progress
from tod_bench.provenance import provenance
from tod_bench.records import Dialogue, Prediction
from tod_bench.scores import Score
from tod_bench.scoring import ScoreRow, score, score_rows
from tod_bench.splits import read_all, signed_split, split_notes
from tod_bench.systems import FitContext, System
from tod_bench.tasks import Predictions, Shown, Source, turn_inputs

Announce = Callable[[Experiment, str], None]
"""Called with an experiment and what is done with it: ``training``, ``predicting``, ``scoring``, ``counting``, ``cached``."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the store has of an experiment.

    Attributes:
        experiment: The experiment.
        trained: Whether its system is trained, or need not be.
        predicted: Whether its predictions are made.
        scored: Whether its result is there.
        changed: Where it is not: what is different from the newest result of this experiment in the store, a phrase each.
        since: When that result was made.
    """

    experiment: Experiment
    trained: bool
    predicted: bool
    scored: bool
    changed: tuple[str, ...] = ()
    since: str = ""


def statuses(plan: Plan, store: Store) -> Iterator[Status]:
    """What would be run and what is cached, experiment by experiment."""
    earlier: dict[Experiment, Result] | None = None
    for experiment in plan.experiments:
        fitted = not plan.together(experiment)
        unpredicted = experiment.task in ("corpus", "people")
        status = Status(
            experiment,
            trained=fitted or store.fit_record(plan.fit_key(experiment)) is not None,
            predicted=unpredicted or _prediction_record(plan, store, experiment) is not None,
            scored=store.result(plan.result_key(experiment)) is not None,
        )
        if not status.scored:
            earlier = store.results_of(plan.config.name) if earlier is None else earlier
            status = _compared(status, earlier.get(experiment), plan)
        yield status


def _compared(status: Status, earlier: Result | None, plan: Plan) -> Status:
    if earlier is None or not earlier.inputs:
        return status
    changed = changes(earlier.inputs, plan.result_inputs(status.experiment))
    return replace(status, changed=changed, since=str(earlier.provenance.get("date", "")))


def run(plan: Plan, store: Store, announce: Announce = lambda _cell, _step: None) -> list[Result]:
    """Runs every experiment that is not finished and returns the results of all, in the plan's order.

    Raises:
        UserError: A corpus, a prediction file or the store is unusable; what was finished is kept.
    """
    results = {}
    with progress(plan.config.name, len(plan.experiments), unit="experiments", bar=False) as shown:

        def told(experiment: Experiment, step: str) -> None:
            shown.now(f"{experiment}: {step}")
            announce(experiment, step)

        workshop = Runner(plan, store, told)
        for experiment in by_model(plan):
            results[experiment] = workshop.result(experiment)
            shown.advance()
    return [results[experiment] for experiment in plan.experiments]


def people_config(
    name: str, overrides: Sequence[str], place: tuple[str, str], store: Path, *, small: bool = False
) -> JudgeConfig:
    """What people are asked of a system's responses, as a judge config.

    Args:
        name: An eval config whose task ``people`` has a judge config.
        overrides: ``key=value`` pairs for it.
        place: Labels of the corpus and of the system.
        store: Where the responses are kept; they are made now if need be.
        small: Whether it is the small variant.

    Raises:
        UserError: The config asks people nothing, or has no such responses.
    """
    config = load_config(name, overrides, small=small)
    plan, experiment = build(config, incomplete=True), Experiment(*place, "people", config.seeds[0])
    entries = plan.settings("people").judge
    if not entries:
        raise UserError(f"{name} asks people nothing; give a config with tasks.people.judge")
    responses = plan.responses(experiment) if experiment.system in plan.systems else None
    if responses is None:
        reasons = "; ".join(map(str, plan.needs)) or "it has no such corpus or system"
        raise UserError(f"{name} has no responses of {experiment.system} on {experiment.corpus}: {reasons}")
    file = Runner(plan, Store(store)).prediction_file(responses)
    return judge_of(config, experiment, entries[0], file)


def by_model(plan: Plan) -> list[Experiment]:
    """The experiments with the tasks of one model side by side, so that it is loaded once."""
    models: dict[tuple[object, ...], list[Experiment]] = {}
    for experiment in plan.experiments:
        together = plan.together(experiment) or experiment.task
        models.setdefault((experiment.corpus, experiment.system, together, experiment.seed), []).append(experiment)
    return [experiment for experiments in models.values() for experiment in experiments]


class Runner:
    """The state of one run: the dialogues in memory and the system last loaded."""

    def __init__(self, plan: Plan, store: Store, announce: Announce = lambda _cell, _step: None) -> None:
        self.plan, self.store, self.announce = plan, store, announce
        self._splits: dict[tuple[str, str], list[Dialogue]] = {}
        self._loaded: tuple[str, System] | None = None

    def result(self, experiment: Experiment) -> Result:
        """The result of an experiment, from the store or computed now."""
        key = self.plan.result_key(experiment)
        with self.store.lock(key, self._waits(experiment)):
            found = self.store.result(key)
            if found is not None:
                self.announce(experiment, "cached")
                return found
            result = replace(self._made(experiment, key), inputs=as_json(self.plan.result_inputs(experiment)))
            self.store.save_result(result)
            return result

    def _waits(self, experiment: Experiment) -> Callable[[], None]:
        return lambda: self.announce(experiment, "waiting for another process")

    def _made(self, experiment: Experiment, key: str) -> Result:
        make = {"corpus": self._counted, "people": self._rated}.get(experiment.task, self._scored)
        return make(experiment, key)

    def _counted(self, experiment: Experiment, key: str) -> Result:
        self.announce(experiment, "counting")
        config, split = self.plan.config, self.plan.config.corpora[experiment.corpus].splits.train
        corpus, wanted = self.plan.corpora[experiment.corpus], self.plan.settings("corpus").metrics
        where, notes = {"corpus": corpus.name, "split": signed_split(corpus, split)}, split_notes(corpus, split)
        scores = counted(self._dialogues(experiment.corpus, split), wanted, where, config.bootstrap)
        scores = [replace(score, notes=(*notes, *score.notes)) for score in scores]
        return Result(config.name, experiment, key, tuple(scores), "", self._provenance(experiment))

    def _rated(self, experiment: Experiment, key: str) -> Result:
        rated_cell, attributes = self.plan.responses(experiment), None
        file = self.prediction_file(rated_cell) if rated_cell else None
        self.announce(experiment, "scoring")
        if experiment.corpus in self.plan.corpora:
            split = self.plan.config.corpora[experiment.corpus].splits.test
            attributes = {one.id: attributes_of(one.persona) for one in self._dialogues(experiment.corpus, split)}
        config = self.plan.config
        study = rated(config, experiment, self.store, predictions=file, attributes=attributes)
        people = {"file": str(ratings_file(config, experiment) or "scripted"), "raters": study.raters}
        return Result(
            config.name, experiment, key, study.scores, "", {**self._provenance(experiment), "people": people}
        )

    def prediction_file(self, experiment: Experiment) -> Path:
        """The file of an experiment's predictions, which are made now if need be."""
        self._predictions(experiment)
        return self.plan.prediction_file(experiment) or self.store.predictions_path(
            self.plan.prediction_key(experiment)
        )

    def _scored(self, experiment: Experiment, key: str) -> Result:
        predictions, record = self._predictions(experiment)
        self.announce(experiment, "scoring")
        bootstrap, began = self.plan.config.bootstrap, time.perf_counter()
        settings = self.plan.settings(experiment.task)
        scores: list[Score] = []
        if self.plan.metrics(experiment):
            arguments = self._scoring_arguments(experiment, predictions)
            scores += score(**arguments, draws=bootstrap.draws, seed=bootstrap.seed)
        if settings.judge:
            scores += judged(self.plan.config, experiment, self.prediction_file(experiment), self.store)
        seconds = {**record.get("seconds", {}), "score": round(time.perf_counter() - began, 3)}
        path = self.plan.prediction_file(experiment) or self._relative(experiment)
        made = {"seconds": seconds, "predictions": {name: value for name, value in record.items() if name != "seconds"}}
        name = self.plan.config.name
        return Result(name, experiment, key, tuple(scores), str(path), {**self._provenance(experiment), **made})

    def rows(self, experiment: Experiment) -> list[ScoreRow]:
        """The statistics of each dialogue behind an experiment's scores, for tests between experiments."""
        return score_rows(**self._scoring_arguments(experiment, self._predictions(experiment)[0]))

    def _scoring_arguments(self, experiment: Experiment, predictions: Predictions) -> dict[str, Any]:
        config, corpus = self.plan.config, self.plan.corpora[experiment.corpus]
        split = config.corpora[experiment.corpus].splits.test
        return {
            "task": experiment.task,
            "dialogues": self._dialogues(experiment.corpus, split),
            "predictions": predictions,
            "corpus_name": corpus.name,
            "split": signed_split(corpus, split),
            "notes": split_notes(corpus, split),
            "schema": corpus.schema,
            "database": corpus.database,
            "metrics": self.plan.metrics(experiment),
            "groups": self.plan.settings(experiment.task).groups,
            "seen_services": corpus.seen_services,
        }

    def _predictions(self, experiment: Experiment) -> tuple[Predictions, dict[str, Any]]:
        """An experiment's predictions and what is recorded of them, predicted now if need be."""
        key = self.plan.prediction_key(experiment)
        given = self.plan.prediction_file(experiment)
        if given is not None:
            return _by_turn(read_predictions(given)), _file_record(self.plan, experiment, given)
        with self.store.lock("p" + key, self._waits(experiment)):
            record = self.store.prediction_record(key)
            if record is None:
                record = self._predict(experiment, key)
        return _by_turn(read_predictions(self.store.predictions_path(key))), record

    def _predict(self, experiment: Experiment, key: str) -> dict[str, Any]:
        shown = {what: self._shown(experiment, what, source) for what, source in self.plan.sources(experiment).items()}
        system, fit = self._ready(experiment)
        self.announce(experiment, "predicting")
        began = time.perf_counter()
        splits = self.plan.config.corpora[experiment.corpus].splits
        inputs = turn_inputs(
            self._dialogues(experiment.corpus, splits.test),
            experiment.predicts,
            gold_access=self.plan.systems[experiment.system].gold_access,
            states=shown.get("state"),
            acts=shown.get("acts"),
            database=self.plan.corpora[experiment.corpus].database,
        )
        gold = self.plan.gold_shown(experiment)
        made = _with_origin(system.predict(experiment.predicts, inputs), shown.get("state"), gold)
        write_predictions(self.store.predictions_path(key), made)
        record = {
            "experiment": asdict(experiment),
            "fit": fit,
            "gold_access": list(gold),
            "shown": dict(self.plan.sources(experiment)),
            "upstream": {what: str(other) for what, other in self.plan.upstream(experiment).items()},
            "seconds": {"fit": fit.get("seconds", 0.0), "predict": round(time.perf_counter() - began, 3)},
        }
        self.store.save_prediction_record(key, record)
        return record

    def _shown(self, experiment: Experiment, what: Conditioning, source: Source) -> Shown:
        """The predictions whose states (or acts) an experiment's system is shown; ``gold``, or None for none."""
        if source == "predicted":
            return self._predictions(self.plan.upstream(experiment)[what])[0]
        return "gold" if source == "gold" else None

    def _ready(self, experiment: Experiment) -> tuple[System, dict[str, Any]]:
        """A system that is ready to predict, trained now if need be, and the record of its training."""
        built = self.plan.systems[experiment.system]
        key, corpus = self.plan.fit_key(experiment), self.plan.corpora[experiment.corpus]
        context = FitContext(
            experiment.predicts, corpus.schema, experiment.seed, self.store.model_folder(key), corpus.database
        )
        record = self._training_record(experiment, key, context) if self.plan.together(experiment) else {}
        ready = digest_of([key, built.prediction_params])
        if self._loaded is None or self._loaded[0] != ready:
            self._loaded = None  # the old model's memory goes before the new one's is taken
            system = built.new()
            system.load(context)
            self._loaded = (ready, system)
        return self._loaded[1], record

    def _training_record(self, experiment: Experiment, key: str, context: FitContext) -> dict[str, Any]:
        with self.store.lock("f" + key, self._waits(experiment)):
            record = self.store.fit_record(key)
            return self._fit(experiment, key, context) if record is None else record

    def _fit(self, experiment: Experiment, key: str, context: FitContext) -> dict[str, Any]:
        self.announce(experiment, "training")
        splits, began = self.plan.config.corpora[experiment.corpus].splits, time.perf_counter()
        context.folder.mkdir(parents=True, exist_ok=True)
        train, dev = self._dialogues(experiment.corpus, splits.train), self._dialogues(experiment.corpus, splits.dev)
        details = self.plan.systems[experiment.system].new().fit(train, dev, context)
        counts = {"train_dialogues": len(train), "dev_dialogues": len(dev)}
        record = {**counts, "seconds": round(time.perf_counter() - began, 3), "details": details}
        self.store.save_fit_record(key, record)
        return record

    def _dialogues(self, corpus: str, expression: str) -> list[Dialogue]:
        if (corpus, expression) not in self._splits:
            # One corpus at a time: experiments come corpus by corpus, and a big one fills the memory.
            self._splits = {key: value for key, value in self._splits.items() if key[0] == corpus}
            self._splits[corpus, expression] = read_all(self.plan.corpora[corpus], expression)
            if not self._splits[corpus, expression]:
                raise UserError(f"corpora.{corpus}: the split {expression} has no dialogues")
        return self._splits[corpus, expression]

    def _relative(self, experiment: Experiment) -> str:
        return str(self.store.predictions_path(self.plan.prediction_key(experiment)).relative_to(self.store.root))

    def _provenance(self, experiment: Experiment) -> dict[str, Any]:
        config = self.plan.config
        system = self.plan.systems.get(experiment.system)
        return {
            **provenance(),
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "corpus": self._corpus_record(experiment),
            "system": system.config.model_dump(mode="json", exclude_none=True) if system else {},
            "task": self.plan.settings(experiment.task).model_dump(mode="json"),
            "bootstrap": config.bootstrap.model_dump(),
        }

    def _corpus_record(self, experiment: Experiment) -> dict[str, Any]:
        section, corpus = self.plan.config.corpora[experiment.corpus], self.plan.corpora.get(experiment.corpus)
        described = section.model_dump(mode="json")
        if corpus is None:
            return described
        split = section.splits.train if experiment.task == "corpus" else section.splits.test
        test = self._dialogues(experiment.corpus, split)
        return {
            "name": corpus.name,
            "fingerprint": corpus.fingerprint,
            **described,
            "split": split,
            "signed_split": signed_split(corpus, split),
            "notes": [*split_notes(corpus, split), *_left_out(experiment, test)],
            "test_dialogues": len(test),
            "test_turns": sum(len(dialogue.turns) for dialogue in test),
            "skipped": len(corpus.skipped),
            "skipped_records": [str(error) for error in corpus.skipped[:20]],
        }


def _left_out(experiment: Experiment, dialogues: Sequence[Dialogue]) -> list[str]:
    """How many turns have no gold answer to an experiment's task, where there are any."""
    if experiment.task in ("corpus", "people"):
        return []
    turns = sum(len(dialogue.turns) for dialogue in dialogues)
    without = turns - sum(len(scored_turns(experiment.predicts, dialogue)) for dialogue in dialogues)
    said = (
        f"{without} of {turns} turns have no gold answer to the task {experiment.task} and are left out of its scores"
    )
    return [said] if without else []


def _by_turn(predictions: Iterator[Prediction]) -> Predictions:
    return {(prediction.dialogue_id, prediction.turn): prediction for prediction in predictions}


def _with_origin(predictions: Iterable[Prediction], states: Shown, gold: Sequence[str]) -> Iterator[Prediction]:
    """Predictions with what they were made from: the predicted state, where they have none of their own, and gold."""
    for prediction in predictions:
        found = prediction
        if isinstance(states, Mapping) and found.response is not None and found.state is None:
            found = replace(found, state=states[found.dialogue_id, found.turn].state)
        yield replace(found, notes={**found.notes, GOLD_NOTE: list(gold)}) if gold else found


def _file_record(plan: Plan, experiment: Experiment, path: Path) -> dict[str, Any]:
    gold = plan.gold_shown(experiment)
    return {"file": str(path), **({"gold_access": list(gold)} if gold else {})}


def _prediction_record(plan: Plan, store: Store, experiment: Experiment) -> dict[str, Any] | None:
    given = plan.prediction_file(experiment)
    if given is not None:
        return _file_record(plan, experiment, given)
    return store.prediction_record(plan.prediction_key(experiment))
