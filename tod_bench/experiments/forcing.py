"""Making named parts of a run again: ``tod-bench run CONFIG --force fit:t5-tiny``.

What is forced is deleted from the store before anything runs, with all that was made from it, so that a run that is
killed goes on as any other does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from tod_bench.errors import UserError, did_you_mean
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.results import Experiment, Store

Step: TypeAlias = Literal["fit", "predict", "score"]
"""A step and all that follow it."""


@dataclass(frozen=True, slots=True)
class Forced:
    """What is to be made again.

    Attributes:
        step: The first step that is.
        labels: Labels (of corpus, system, task or seed) that an experiment must have; none for every experiment.
    """

    step: Step
    labels: frozenset[str]

    def covers(self, experiment: Experiment) -> bool:
        """Whether it names an experiment."""
        return self.labels <= {
            experiment.corpus,
            experiment.system,
            experiment.task,
            str(experiment.seed),
            str(experiment),
        }


def read_forced(text: str, plan: Plan) -> Forced:
    """Reads ``STEP``, ``LABEL/LABEL...`` (every step of it) or ``STEP:LABEL/LABEL...``.

    Raises:
        UserError: A label is of nothing in the config.
    """
    head, colon, rest = text.partition(":")
    step = next((step for step in get_args(Step) if step == head), None)
    named = rest if step and colon else "" if step else text
    known = {
        label
        for experiment in plan.experiments
        for label in (experiment.corpus, experiment.system, experiment.task, str(experiment.seed), str(experiment))
    } - {""}
    labels = [named] if named in known or not named else named.split("/")
    for label in labels:
        if label and label not in known:
            raise UserError(
                f"--force {text}: {label!r} is neither a step (fit, predict, score) nor a corpus, system, task or seed "
                f"of {plan.config.name}{did_you_mean(label, {*known, *get_args(Step)})}"
            )
    return Forced(step or "fit", frozenset(labels) - {""})


def forget(plan: Plan, store: Store, wanted: Sequence[str]) -> tuple[int, int, int]:
    """Deletes what is to be made again, and what rests on it.

    What a judge answered is kept: it was paid for, and `tod-bench judge` has its own ways to ask again.

    Returns:
        How many trainings, predictions and scores were deleted.

    Raises:
        UserError: Something that is named is not in the config.
    """
    forced = [read_forced(text, plan) for text in wanted]
    fits = {
        plan.fit_key(experiment)
        for one in forced
        for experiment in plan.experiments
        if one.step == "fit" and one.covers(experiment) and plan.together(experiment)
    }
    predicted = [experiment for experiment in plan.experiments if _is_predicted(plan, experiment)]
    again = {
        experiment
        for experiment in predicted
        if plan.fit_key(experiment) in fits or any(one.step != "score" and one.covers(experiment) for one in forced)
    }
    while more := {
        experiment
        for experiment in predicted
        if experiment not in again and again & set(plan.upstream(experiment).values())
    }:
        again |= more
    scored = {
        experiment
        for experiment in plan.experiments
        if experiment in again or any(one.covers(experiment) for one in forced)
    }
    scored |= {
        experiment
        for experiment in plan.experiments
        if experiment.task == "people" and plan.responses(experiment) in again
    }
    return (
        sum(store.forget_training(key) for key in sorted(fits)),
        sum(store.forget_predictions(plan.prediction_key(experiment)) for experiment in again),
        sum(store.forget_result(plan.result_key(experiment)) for experiment in scored),
    )


def _is_predicted(plan: Plan, experiment: Experiment) -> bool:
    return experiment.task not in ("corpus", "people") and plan.prediction_file(experiment) is None
