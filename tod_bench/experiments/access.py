"""How a run reaches models behind servers: one cache of answers and one record of spending for all runs of a store."""

from collections.abc import Container
from dataclasses import replace
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.experiments.jobs import predictions_job
from tod_bench.experiments.opening import missing_access
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.result_jobs import result_job
from tod_bench.experiments.results import Experiment, Store
from tod_bench.judge.clients import needs_no_server
from tod_bench.llm.config import Access, check_access


def store_access(store: Store) -> Access:
    """The access of a run that says nothing of it."""
    return Access(store.root / "answers.sqlite", spending=store.root / "spending.sqlite")


def access_of(
    store: Store,
    *,
    cache: Path | str | None = None,
    budget: float | None = None,
    replay: bool = False,
    batch: bool = False,
    prices: Path | str | None = None,
) -> Access:
    """The access that a user asks for.

    Args:
        store: The store.
        cache: File of the answers; that of the store where None.
        budget: US dollars that the runs of the store may spend on systems' answers.
        replay: Whether the cache alone answers.
        batch: Whether to go through the Batch API.
        prices: A price file of the user's own.

    Raises:
        UserError: Options exclude each other.
    """
    access = replace(
        store_access(store),
        budget=budget,
        replay=replay,
        batch=batch,
        prices=None if prices is None else Path(prices),
    )
    check_access(access)
    return access if cache is None else replace(access, cache=Path(cache))


def check_budget(plan: Plan, access: Access, *, several: bool = False, one_machine: bool = True) -> None:
    """Refuses a budget that would not hold. Processes of one machine share it through the file of spending.

    Args:
        plan: The plan.
        access: How models are reached.
        several: Whether several processes spend at a time.
        one_machine: Whether they are all on this machine.

    Raises:
        UserError: Processes of several machines would spend, or several processes through the Batch API, or a judge
            beside the systems.
    """
    if access.budget is None:
        return
    if not one_machine:
        raise UserError(
            "--budget holds for processes of one machine (the locks of its file do not reach others); take "
            "`--backend local`, or leave the budget out"
        )
    if several and access.batch:
        raise UserError(
            "--budget with --batch cannot be shared by several processes, since what a batch may cost is known to its "
            "own process alone until it is collected; leave one of --workers, --batch and --budget out"
        )
    settings = [task for task in plan.config.tasks.values() if task.judge]
    if settings and not needs_no_server(str(plan.config.judge.get("model", ""))) and not access.replay:
        raise UserError(
            "--budget does not cover the judge of this config; set judge.model=scripted, leave the judge's questions "
            "out, or leave the budget out and ask the judge with `tod-bench judge --budget`"
        )


def as_reachable(plan: Plan, store: Store, access: Access | None = None) -> Plan:
    """A plan without what would ask systems that cannot be asked (see `System.missing`), so that the rest is run.

    What such a system has predicted already is scored, and a replayed cache needs no key: where nothing would be asked,
    nothing is said to be missing.
    """
    lacking = {need.place: need for need in missing_access(plan.systems)}
    asking = [] if access is not None and access.replay else _asking(plan, store, lacking)
    needed = {f"systems.{experiment.system}" for experiment in asking}
    missing = tuple(need for need in plan.missing if need.place in needed or need not in lacking.values())
    return replace(plan, missing=missing, left_out=frozenset(asking))


def _asking(plan: Plan, store: Store, places: Container[str]) -> list[Experiment]:
    """The experiments whose predictions systems are still to make, of those systems that the places name."""
    asking: list[Experiment] = []
    for experiment in plan.experiments:
        predicted = plan.responses(experiment) if experiment.task == "people" else experiment
        if f"systems.{experiment.system}" not in places or predicted is None:
            continue
        job = predictions_job(plan, predicted)
        made = job.record(store) is not None or result_job(plan, experiment).record(store) is not None
        if not made or any(other in asking for other in plan.depends_on(experiment).values()):
            asking.append(experiment)
    return asking
