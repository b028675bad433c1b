"""Making named parts of a run again: ``tod-bench run CONFIG --force fit:t5-tiny``.

What is forced is deleted from the store before anything runs, with all that was made from it, so that a run that is
killed goes on as any other does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from tod_bench.errors import UserError, did_you_mean
from tod_bench.experiments.jobs import Job
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.result_jobs import all_jobs
from tod_bench.experiments.results import Experiment, Step, Store

STEPS: tuple[Step, ...] = get_args(Step)


@dataclass(frozen=True, slots=True)
class Forced:
    """What is to be made again.

    Attributes:
        step: The first step that is; those that follow it are, too.
        labels: Labels (of corpus, system, task or seed) that an experiment must have; none for every experiment.
    """

    step: Step
    labels: frozenset[str]

    def covers(self, job: Job) -> bool:
        """Whether it names a job."""
        return STEPS.index(job.step) >= STEPS.index(self.step) and self.labels <= labels_of(job.experiment)


def labels_of(experiment: Experiment) -> set[str]:
    """What an experiment can be named by: its labels, and its name in a run's output."""
    labels = {experiment.corpus, experiment.system, experiment.task, str(experiment.seed), str(experiment)}
    return labels - {""}


def read_forced(text: str, plan: Plan) -> Forced:
    """Reads ``STEP``, ``LABEL/LABEL...`` (every step of it) or ``STEP:LABEL/LABEL...``.

    Raises:
        UserError: A label is of nothing in the config.
    """
    head, colon, rest = text.partition(":")
    step = next((step for step in STEPS if step == head), None)
    named = rest if step and colon else "" if step else text
    known = {label for experiment in plan.experiments for label in labels_of(experiment)}
    labels = {named} if named in known else set(filter(None, named.split("/")))
    for label in sorted(labels - known):
        raise UserError(
            f"--force {text}: {label!r} is neither a step (fit, predict, score) nor a corpus, system, task or seed "
            f"of {plan.config.name}{did_you_mean(label, {*known, *STEPS})}"
        )
    return Forced(step or "fit", frozenset(labels))


def forget(plan: Plan, store: Store, wanted: Sequence[str]) -> tuple[int, int, int]:
    """Deletes what is to be made again, and what depends on it.

    What a judge answered is kept: it was paid for, and `tod-bench judge` has its own ways to ask again.

    Returns:
        How many trainings, predictions and scores were deleted.

    Raises:
        UserError: Something that is named is not in the config.
    """
    forced = [read_forced(text, plan) for text in wanted]
    again: dict[str, Job] = {}
    for job in all_jobs(plan):
        if any(part.covers(job) for part in forced) or any(other.lock in again for other in job.depends_on):
            again[job.lock] = job
    deleted = [job.step for job in again.values() if job.forget(store)]
    return deleted.count("fit"), deleted.count("predict"), deleted.count("score")
