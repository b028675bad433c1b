"""The trials of a sweep: processes of this machine, a Ray cluster, or Slurm jobs run them.

`run_trial` runs one of them somewhere. Results travel through the store, not through the backend, so every machine must
see the store's folder; a trial that died is run again, and it goes on from what the store has of it. Trials that share
an experiment wait for one another at the experiment's lock.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tod_bench.backends import Died, Resources, spread
from tod_bench.errors import UserError
from tod_bench.experiments.access import as_reachable
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.llm.config import Access
from tod_bench.progress import progress
from tod_bench.reports.runs import save_run
from tod_bench.sweeps.trials import Trial


def run_trial(job: Mapping[str, Any], store: str) -> str:
    """Runs one trial to its end, on whatever machine it was sent to.

    Args:
        job: The trial as JSON values: its config, its levels, whether it is a part of a run; and its access to servers.
        store: The store's folder.

    Returns:
        An empty string, or the one sentence of what the user can mend.
    """
    config = EvalConfig.model_validate(job["config"])
    try:
        plan = build(config, incomplete=job["part"])
        if job["part"]:
            plan = as_reachable(plan, Store(Path(store)), job["access"])
        results = run(plan, Store(Path(store)), access=job["access"])
        if not job["part"]:
            save_run(Path(store), config, results, job["levels"])
    except UserError as error:
        return str(error)
    return ""


def run_trials(
    trials: Sequence[Trial],
    store: Path,
    *,
    backend: str = "local",
    resources: Resources | None = None,
    access: Access | None = None,
) -> Iterator[tuple[int, str]]:
    """Runs trials and yields each one's index when it ends, with a sentence where it failed.

    Raises:
        UserError: There is no such backend, or its package is not installed.
    """
    jobs = [
        {
            "config": trial.config.model_dump(mode="json", exclude_unset=True),
            "levels": dict(trial.levels),
            "part": trial.part,
            "access": access,
        }
        for trial in trials
    ]
    placed = replace(resources or Resources(), folder=store.resolve())
    for index, error in spread(run_trial, jobs, str(store.resolve()), backend=backend, resources=placed):
        yield index, error.reason if isinstance(error, Died) else error


def run_all(
    trials: Sequence[Trial],
    store: Path,
    *,
    backend: str = "local",
    resources: Resources | None = None,
    access: Access | None = None,
) -> None:
    """Runs trials to the end of each, and shows how many have ended.

    Args:
        trials: The trials.
        store: Where their results are kept.
        backend: Where they run.
        resources: What the backend may use.
        access: How models behind a server are reached.

    Raises:
        UserError: Trials failed, each with its sentence; what was finished is kept.
    """
    failed = []
    with progress("running", len(trials), unit="trials") as shown:
        ended = run_trials(trials, store, backend=backend, resources=resources, access=access)
        for done, (index, error) in enumerate(ended, start=1):
            shown.advance()
            shown.note(f"[{done}/{len(trials)}] {trials[index]}: {error or 'done'}")
            failed += [f"  - {trials[index]}: {error}"] if error else []
    if failed:
        raise UserError("\n".join([f"{len(failed)} of {len(trials)} trials failed:", *failed]))
