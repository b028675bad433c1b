"""Where the trials of a sweep run: processes of this machine, a Ray cluster, or Slurm jobs.

A backend runs `run_trial` for each trial somewhere and says which have finished. Results travel through the store, not
through the backend, so every machine must see the store's folder; a trial that died is run again, and it goes on from
what the store has of it. Trials that share an experiment wait for one another at the experiment's lock.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tod_bench.errors import UserError, extra_needed
from tod_bench.experiments.access import as_reachable
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.llm.config import Access
from tod_bench.progress import progress
from tod_bench.reports.runs import save_run
from tod_bench.sweeps.trials import Trial

RETRIES = 2
"""How often a trial whose worker died is run again."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a backend may use.

    Attributes:
        workers: Trials at a time on this machine (``local``) or jobs at a time (``slurm``).
        cpus: Processors a trial.
        gpus: GPUs a trial; a fraction lets trials share one (``ray``).
        address: Address of a running Ray cluster; None starts one on this machine.
        slurm: Parameters of submitit's executor (``slurm_partition``, ``timeout_min``, ...).
    """

    workers: int = 1
    cpus: float = 1
    gpus: float = 0
    address: str | None = None
    slurm: Mapping[str, Any] | None = None


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
    if backend not in BACKENDS:
        raise UserError(f"there is no backend {backend!r}; choose among {', '.join(BACKENDS)}")
    jobs = [
        {
            "config": trial.config.model_dump(mode="json", exclude_unset=True),
            "levels": dict(trial.levels),
            "part": trial.part,
            "access": access,
        }
        for trial in trials
    ]
    yield from BACKENDS[backend](jobs, str(store.resolve()), resources or Resources())


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


def _local(jobs: Sequence[Mapping[str, Any]], store: str, resources: Resources) -> Iterator[tuple[int, str]]:
    if resources.workers == 1:
        yield from ((index, run_trial(job, store)) for index, job in enumerate(jobs))
        return
    left, attempts = dict(enumerate(jobs)), dict.fromkeys(range(len(jobs)), 0)
    while left:
        # A worker that is killed takes the pool with it; the trials that had not ended go into a new one.
        with (
            _threads_for(resources.workers),
            ProcessPoolExecutor(resources.workers, mp_context=get_context("spawn"), initializer=_be_quiet) as pool,
            _ended_with(pool),
        ):
            futures = {pool.submit(run_trial, job, store): index for index, job in left.items()}
            for future in as_completed(futures):
                index = futures[future]
                try:
                    error = future.result()
                except BrokenProcessPool:
                    attempts[index] += 1
                    if attempts[index] <= RETRIES:
                        continue
                    error = f"its worker died {RETRIES + 1} times"
                left.pop(index)
                yield index, error


@contextmanager
def _ended_with(pool: ProcessPoolExecutor) -> Iterator[None]:
    """Ends the workers when the block is left early (Ctrl-C): the pool would first let them finish what they have."""
    try:
        yield
    except BaseException:
        workers = list((pool._processes or {}).values())  # the pool has no public way to end its workers
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.terminate()
        raise


@contextmanager
def _threads_for(workers: int) -> Iterator[None]:
    """Divides the processors among workers that start inside of the block; a choice of the user's stands."""
    chosen = "OMP_NUM_THREADS" in os.environ
    if not chosen:
        os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // workers))
    try:
        yield
    finally:
        if not chosen:
            del os.environ["OMP_NUM_THREADS"]


def _be_quiet() -> None:
    # Ctrl-C reaches every process of the terminal; the driver ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Progress bars of several workers would write over one another; the driver says what has ended.
    sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for the life of the process


def _ray(jobs: Sequence[Mapping[str, Any]], store: str, resources: Resources) -> Iterator[tuple[int, str]]:
    with extra_needed("sweep", "the backend ray"):
        import ray

    if not ray.is_initialized():
        ray.init(address=resources.address, log_to_driver=False, include_dashboard=False)
    remote = ray.remote(num_cpus=resources.cpus, num_gpus=resources.gpus, max_retries=RETRIES)(run_trial)
    waiting = {remote.remote(dict(job), store): index for index, job in enumerate(jobs)}
    while waiting:
        done, _ = ray.wait(list(waiting), num_returns=1)
        index = waiting.pop(done[0])
        try:
            yield index, ray.get(done[0])
        except ray.exceptions.RayError as error:
            yield index, f"its worker failed {RETRIES + 1} times: {str(error).splitlines()[0]}"


def _slurm(jobs: Sequence[Mapping[str, Any]], store: str, resources: Resources) -> Iterator[tuple[int, str]]:
    with extra_needed("sweep", "the backend slurm"):
        import submitit

    settings = dict(resources.slurm or {})
    executor = submitit.AutoExecutor(folder=Path(store) / "slurm", cluster=settings.pop("cluster", None))
    limits = {"cpus_per_task": max(1, round(resources.cpus)), "gpus_per_node": round(resources.gpus)}
    executor.update_parameters(slurm_array_parallelism=resources.workers, **limits, **settings)
    submitted = executor.map_array(run_trial, jobs, [store] * len(jobs))
    for index, job in enumerate(submitted):
        try:
            yield index, job.result()
        except submitit.core.utils.UncompletedJobError as error:
            yield index, f"its job {job.job_id} did not complete: {str(error).splitlines()[0]}"


BACKENDS: Mapping[str, Callable[[Sequence[Mapping[str, Any]], str, Resources], Iterator[tuple[int, str]]]] = {
    "local": _local,
    "ray": _ray,
    "slurm": _slurm,
}
"""Name -> backend."""
