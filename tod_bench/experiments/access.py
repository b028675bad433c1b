"""How a run reaches models behind servers: one cache of answers and one record of spending for all runs of a store."""

from dataclasses import replace
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.results import Store
from tod_bench.judge.clients import SCRIPTED
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


def check_budget(plan: Plan, access: Access, workers: int) -> None:
    """Refuses a budget that would not hold.

    Raises:
        UserError: Several processes would spend at a time, or a judge would spend beside the systems.
    """
    if access.budget is None:
        return
    if workers > 1:
        raise UserError("--budget cannot be shared by several processes; leave --workers out, or the budget")
    settings = [task for task in plan.config.tasks.values() if task.judge]
    if settings and plan.config.judge.get("model") != SCRIPTED and not access.replay:
        raise UserError(
            "--budget does not cover the judge of this config; set judge.model=scripted, leave the judge's questions "
            "out, or leave the budget out and ask the judge with `tod-bench judge --budget`"
        )
