"""What the predictions of a plan would take of paid servers, before anything is sent."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from tod_bench.experiments.jobs import Predict
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.result_jobs import ScorePredictions, result_job
from tod_bench.experiments.results import Experiment, Store
from tod_bench.experiments.runner import Runner
from tod_bench.llm.config import Access
from tod_bench.llm.estimates import Estimate
from tod_bench.systems import FitContext, System
from tod_bench.tasks import Shown, turn_inputs


@dataclass(frozen=True, slots=True)
class PlannedCost:
    """What an experiment's predictions would take.

    Attributes:
        experiment: The experiment.
        estimate: What they take.
        stand_in: Whether prompts were counted with gold states or acts, in place of those that are still to be
            predicted.
    """

    experiment: Experiment
    estimate: Estimate
    stand_in: bool = False


def planned_costs(plan: Plan, store: Store, access: Access) -> Iterator[PlannedCost]:
    """What each experiment would take that is not predicted yet and whose system asks a server.

    A system whose preparation takes long (see `System.quick_fit`) is left out until it is prepared.
    """
    runner = Runner(plan, store, access=access)
    for experiment in plan.experiments:
        result = result_job(plan, experiment)
        job = result.predictions if isinstance(result, ScorePredictions) else None
        if not isinstance(job, Predict) or job.record(store) is not None:
            continue
        system = plan.systems[experiment.system].new()
        if type(system).estimate is not System.estimate:
            with TemporaryDirectory() as folder:
                context = _prepared(system, job, runner, Path(folder))
                if context is not None:
                    yield from _cost(system, job, runner, context)


def _prepared(system: System, job: Predict, runner: Runner, folder: Path) -> FitContext | None:
    """Where the system finds what `fit` leaves; None where that is not there and takes long to make."""
    context, training = job.training.context(runner.store, runner.access), job.training
    if not runner.plan.shared_training(job.experiment) or training.record(runner.store) is not None:
        return context
    if not system.quick_fit:
        return None
    train, dev, context = training.material(runner)
    elsewhere = replace(context, folder=folder)
    system.fit(list(chain(*train.values())), list(chain(*dev.values())), elsewhere)
    return elsewhere


def _cost(system: System, job: Predict, runner: Runner, context: FitContext) -> Iterator[PlannedCost]:
    plan, experiment = runner.plan, job.experiment
    shown: dict[str, Shown] = {}
    stand_in = False
    for what, source in plan.sources(experiment).items():
        if source == "predicted":
            earlier = job.earlier[what]
            there = earlier.record(runner.store) is not None
            shown[what] = runner.predictions(earlier) if there else "gold"
            stand_in = stand_in or not there
        elif source == "gold":
            shown[what] = "gold"
    inputs = turn_inputs(
        runner.dialogues(experiment.corpus, plan.split(experiment)),
        experiment.predicts,
        gold_access=plan.systems[experiment.system].gold_access,
        states=shown.get("state"),
        acts=shown.get("acts"),
        database=plan.corpora[experiment.corpus].database,
    )
    estimate = system.estimate(experiment.predicts, inputs, context)
    if estimate is not None:
        yield PlannedCost(experiment, estimate, stand_in)
