"""The jobs that make results: scores of predictions, what people said, statistics of a corpus."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from tod_bench import __version__
from tod_bench.experiments.content import local_files
from tod_bench.experiments.corpus_statistics import corpus_statistics
from tod_bench.experiments.jobs import Job, Predict, PredictionFile, Train, predictions_job
from tod_bench.experiments.judge_scores import judged, judged_rows, rated, ratings_file
from tod_bench.experiments.keys import (
    as_json,
    corpus_inputs,
    harness_source,
    judge_inputs,
    metric_libraries,
    metric_sources,
)
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.requirements import Requirement
from tod_bench.experiments.result_provenance import result_provenance
from tod_bench.experiments.results import Experiment, Result, Store
from tod_bench.judge.questions import attributes_of
from tod_bench.scores import Score
from tod_bench.scoring import PooledRow, ScoreRow, score, score_rows
from tod_bench.scoring.resources import Resources
from tod_bench.splits import signed_split, split_notes

if TYPE_CHECKING:
    from tod_bench.experiments.runner import Runner


class ResultJob(Job):
    """Makes the result of an experiment."""

    step = "score"

    def record(self, store: Store) -> Result | None:
        """The result."""
        return store.result(self.key)

    def save(self, runner: "Runner", scores: Sequence[Score], origin: Mapping[str, Any], predictions: str = "") -> None:
        """Saves scores as the experiment's result.

        Args:
            runner: The run.
            scores: The scores.
            origin: Where they come from, beside what every result records.
            predictions: The prediction file, as results name it.
        """
        dialogues = []
        if self.experiment.corpus in self.plan.corpora:
            dialogues = runner.dialogues(self.experiment.corpus, self.plan.split(self.experiment))
        provenance = {**result_provenance(self.plan, self.experiment, dialogues), **origin}
        provenance["corpus"].setdefault("notes", []).extend(_not_learned(origin.get("predictions", {}).get("fit", {})))
        name, inputs = self.plan.config.name, as_json(self.inputs)
        runner.store.save_result(
            Result(name, self.experiment, self.key, tuple(scores), predictions, provenance, inputs)
        )

    def _inputs(
        self, scored: Mapping[str, Any], judge: Mapping[str, Any], step: Literal["score", "judge"]
    ) -> dict[str, Any]:
        """What decides a result, given what decides the content that is scored and what a judge is asked about it."""
        settings = self.plan.settings(self.experiment.task)
        libraries = metric_libraries(self.plan, self.experiment.task)
        return {
            "scored": scored,
            "experiment": str(self.experiment),
            "corpus": corpus_inputs(self.plan, self.experiment.corpus),
            "split": self.plan.split(self.experiment),
            "metrics": settings.metrics,
            "metric_code": metric_sources(self.plan, self.experiment.task),
            **({"libraries": libraries} if libraries else {}),
            "groups": settings.groups,
            **judge,
            "bootstrap": self.plan.config.bootstrap.model_dump(),
            "version": __version__,
            "harness": harness_source(step),
        }


def _not_learned(fit: Mapping[str, Any]) -> Iterator[str]:
    """What a training left out for want of gold, a sentence each task."""
    for task, number in fit.get("without_gold", {}).items():
        yield (
            f"{number} of {fit['train_dialogues']} training dialogues have no gold answer to the task {task} and were "
            "not learned from"
        )


class CountCorpus(ResultJob):
    """Counts the dialogues of a corpus."""

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that decides the statistics."""
        return self._inputs({}, {}, "score")

    def run(self, runner: "Runner") -> None:
        """Computes the statistics that the config names."""
        runner.announce(self.experiment, "counting")
        corpus, split = self.plan.corpora[self.experiment.corpus], self.plan.split(self.experiment)
        dialogues = runner.dialogues(self.experiment.corpus, split)
        where = {"corpus": corpus.name, "split": signed_split(corpus, split)}
        names = self.plan.settings("corpus").metrics
        scores = corpus_statistics(dialogues, names, where, self.plan.config.bootstrap)
        notes = split_notes(corpus, split)
        self.save(runner, [replace(score, notes=(*notes, *score.notes)) for score in scores], {})


class ScorePredictions(ResultJob):
    """Scores predictions by metrics, and by a judge's answers about them."""

    @cached_property
    def predictions(self) -> Predict | PredictionFile:
        """The job of the predictions."""
        return predictions_job(self.plan, self.experiment)

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that decides the scores."""
        judge = judge_inputs(self.plan, self.experiment, self.experiment.task)
        return self._inputs(self.predictions.inputs, judge, "judge" if judge["judge"] else "score")

    @property
    def depends_on(self) -> tuple[Job, ...]:
        """The predictions."""
        return (self.predictions,)

    def run(self, runner: "Runner") -> None:
        """Scores the predictions; a judge that the task names is asked for what it has not answered yet."""
        runner.announce(self.experiment, "scoring")
        plan, bootstrap, began = self.plan, self.plan.config.bootstrap, time.perf_counter()
        record, scores = self.predictions.record(runner.store) or {}, list[Score]()
        if plan.metrics(self.experiment):
            scores += score(**self._arguments(runner), draws=bootstrap.draws, seed=bootstrap.seed)
        if plan.settings(self.experiment.task).judge:
            file = self.predictions.path(runner.store)
            scores += judged(plan.config, self.experiment, file, runner.store, runner.access)
        seconds = {**record.get("seconds", {}), "score": round(time.perf_counter() - began, 3)}
        made_from = {name: value for name, value in record.items() if name != "seconds"}
        origin = {"seconds": seconds, "predictions": made_from}
        self.save(runner, scores, origin, self.predictions.shown_path(runner.store))

    def rows(self, runner: "Runner") -> list[ScoreRow | PooledRow]:
        """The statistics or units of each dialogue behind the scores; the predictions are made now if need be."""
        plan, experiment = self.plan, self.experiment
        rows = score_rows(**self._arguments(runner)) if plan.metrics(experiment) else []
        if plan.settings(experiment.task).judge:
            rows += judged_rows(
                plan.config, experiment, runner.prediction_file(experiment), runner.store, runner.access
            )
        return rows

    def _arguments(self, runner: "Runner") -> dict[str, Any]:
        plan, experiment, split = self.plan, self.experiment, self.plan.split(self.experiment)
        corpus = plan.corpora[experiment.corpus]
        return {
            "task": experiment.task,
            "dialogues": runner.dialogues(experiment.corpus, split),
            "predictions": runner.predictions(self.predictions),
            "corpus_name": corpus.name,
            "split": signed_split(corpus, split),
            "notes": split_notes(corpus, split),
            "schema": corpus.schema,
            "resources": Resources(corpus, split),
            "metrics": plan.metrics(experiment),
            "groups": plan.settings(experiment.task).groups,
            "seen_services": corpus.seen_services,
        }


class RatePeople(ResultJob):
    """Reads what people said of a system's responses."""

    @cached_property
    def _responses(self) -> Predict | PredictionFile | None:
        rated_experiment = self.plan.responses(self.experiment)
        return predictions_job(self.plan, rated_experiment) if rated_experiment else None

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that decides the scores: the ratings, and what a judge was asked of the same responses."""
        path, responses = ratings_file(self.plan.config, self.experiment), self._responses
        said_by_judge = (
            judge_inputs(self.plan, responses.experiment, "response") if responses else {"judge": [], "files": {}}
        )
        scored = {
            "ratings": local_files(str(path)) if path else "scripted",
            "responses": responses.inputs if responses else {},
            **said_by_judge,
        }
        return self._inputs(scored, judge_inputs(self.plan, self.experiment, "people"), "judge")

    @property
    def depends_on(self) -> tuple[Job, ...]:
        """The responses, where they can be had, and what the judge says of them, where it is asked."""
        if self._responses is None:
            return ()
        responses = self._responses.experiment
        is_judged = self.plan.settings("response").judge and responses in self.plan.experiments
        return (self._responses, *([ScorePredictions(self.plan, responses)] if is_judged else []))

    def missing(self) -> tuple[Requirement, ...]:
        """The ratings, where they are not there."""
        path = ratings_file(self.plan.config, self.experiment)
        if path is None or path.is_file():
            return ()
        return (Requirement("tasks.people.ratings", f"there is no file {path}"),)

    def run(self, runner: "Runner") -> None:
        """Computes the people's scores, and how far the judge agrees with them."""
        experiment, config, attributes = self.experiment, self.plan.config, None
        file = self._responses.path(runner.store) if self._responses else None
        runner.announce(experiment, "scoring")
        if experiment.corpus in self.plan.corpora:
            dialogues = runner.dialogues(experiment.corpus, self.plan.split(experiment))
            attributes = {dialogue.id: attributes_of(dialogue.persona) for dialogue in dialogues}
        study = rated(config, experiment, runner.store, predictions=file, attributes=attributes)
        source = str(ratings_file(config, experiment) or "scripted")
        self.save(runner, study.scores, {"people": {"file": source, "raters": study.raters}})


def result_job(plan: Plan, experiment: Experiment) -> ResultJob:
    """The job of an experiment's result."""
    match experiment.task:
        case "corpus":
            return CountCorpus(plan, experiment)
        case "people":
            return RatePeople(plan, experiment)
        case _:
            return ScorePredictions(plan, experiment)


def all_jobs(plan: Plan) -> list[Job]:
    """Every job of a plan, each after those that it depends on; a training once for each experiment that needs it."""
    trainings: list[Job] = []
    predictions: list[Job] = []
    results: list[Job] = []
    for experiment in plan.experiments:
        result = result_job(plan, experiment)
        results.append(result)
        if isinstance(result, ScorePredictions):
            predictions.append(result.predictions)
            trainings += [job for job in result.predictions.depends_on if isinstance(job, Train)]
    return [*trainings, *predictions, *results]
