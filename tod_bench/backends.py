"""Where jobs of one kind run: processes of this machine, a Ray cluster, or Slurm jobs.

A job that died is run again, so that it must go on from, or do without, what it did before. Results come as jobs end,
with the number of the job.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeVar

from tod_bench.errors import UserError, extra_needed

RETRIES: Final = 2
"""How often a job whose worker died is run again."""

_AHEAD: Final = 3
"""Jobs a worker that are handed out before one comes back: results that nobody has taken yet need memory."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Resources:
    """What a backend may use.

    Attributes:
        workers: Jobs at a time on this machine (``local``) or in the queue (``slurm``).
        cpus: Processors a job.
        gpus: GPUs a job; a fraction lets jobs share one (``ray``).
        address: Address of a running Ray cluster; None starts one on this machine.
        slurm: Parameters of submitit's executor (``slurm_partition``, ``timeout_min``, ...).
        folder: Where the backend may write its own files (``slurm``); every machine must see it.
    """

    workers: int = 1
    cpus: float = 1
    gpus: float = 0
    address: str | None = None
    slurm: Mapping[str, Any] | None = None
    folder: Path = Path("runs")


@dataclass(frozen=True, slots=True)
class Died:
    """In place of a result: a job has none, however often it was tried.

    Attributes:
        reason: What happened.
    """

    reason: str


def spread(
    function: Callable[..., Result],
    jobs: Sequence[Any],
    *shared: Any,
    backend: str = "local",
    resources: Resources | None = None,
    among: Sequence[str] = (),
) -> Iterator[tuple[int, Result | Died]]:
    """Calls a function for each job somewhere.

    Args:
        function: Called with a job and what is shared; other processes import it by its name.
        jobs: The jobs; they and results are pickled. Each is taken when its turn comes, so that they can be made then.
        shared: What is sent to a worker once, and not with each job.
        backend: Where.
        resources: What the backend may use.
        among: The backends that can be chosen; all where empty.

    Yields:
        The index of a job that has ended, and its result.

    Raises:
        UserError: There is no such backend, or its package is not installed; or the function raised one.
    """
    allowed = among or tuple(BACKENDS)
    if backend not in allowed:
        raise UserError(f"there is no backend {backend!r} here; choose among {', '.join(allowed)}")
    yield from BACKENDS[backend](function, jobs, shared, resources or Resources())


_Spread = Callable[[Callable[..., Any], Sequence[Any], tuple[Any, ...], Resources], Iterator[tuple[int, Any]]]


def _local(
    function: Callable[..., Any], jobs: Sequence[Any], shared: tuple[Any, ...], resources: Resources
) -> Iterator[tuple[int, Any]]:
    if resources.workers == 1:
        yield from ((index, function(job, *shared)) for index, job in enumerate(jobs))
        return
    attempts = dict.fromkeys(range(len(jobs)), 0)
    while attempts:
        # A worker that is killed takes the pool with it; the jobs that had not ended go into a new one.
        for index, result in _pooled(function, jobs, tuple(attempts), shared, resources.workers):
            attempts[index] += 1
            if isinstance(result, Died) and attempts[index] <= RETRIES:
                continue
            attempts.pop(index)
            yield index, result


def _pooled(
    function: Callable[..., Any], jobs: Sequence[Any], wanted: Iterable[int], shared: tuple[Any, ...], workers: int
) -> Iterator[tuple[int, Any]]:
    """Jobs in one pool of processes; where it breaks, those that it had been given, and none of the others."""
    with (
        _threads_for(workers),
        ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begun, initargs=(shared,)) as pool,
        _ended_with(pool),
    ):
        queue, waiting = iter(wanted), dict[Future[Any], int]()
        broken = False
        while True:
            for index in islice(queue, 0 if broken else _AHEAD * workers - len(waiting)):
                try:
                    waiting[pool.submit(_called, function, jobs[index])] = index
                except BrokenProcessPool:
                    broken = True
                    break
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                index = waiting.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    broken, result = True, Died(f"its worker died {RETRIES + 1} times")
                yield index, result


_SHARED: list[Any] = []
"""What all jobs of a worker share; empty in the main process."""


def _begun(shared: tuple[Any, ...]) -> None:
    _SHARED[:] = shared
    _be_quiet()
    Thread(target=_end_with_driver, daemon=True).start()


def _end_with_driver() -> None:
    """Ends this worker when its driver is gone: killed, it can end nobody, and a worker waits for jobs for ever."""
    driver = parent_process()
    assert driver is not None, "a worker has been started by a driver"
    driver.join()
    os._exit(1)


def _called(function: Callable[..., Any], job: Any) -> Any:
    return function(job, *_SHARED)


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


def _ray(
    function: Callable[..., Any], jobs: Sequence[Any], shared: tuple[Any, ...], resources: Resources
) -> Iterator[tuple[int, Any]]:
    with extra_needed("sweep", "the backend ray"):
        import ray

    if not ray.is_initialized():
        ray.init(address=resources.address, log_to_driver=False, include_dashboard=False)
    remote = ray.remote(num_cpus=resources.cpus, num_gpus=resources.gpus, max_retries=RETRIES)(function)
    stored = [ray.put(one) for one in shared]
    queue, waiting = iter(enumerate(jobs)), dict[Any, int]()
    while True:
        # A cluster can grow while jobs run.
        places = max(1, round(ray.cluster_resources().get("CPU", 1) / max(resources.cpus, 0.01)))
        waiting |= {
            remote.remote(job, *stored): index for index, job in islice(queue, max(0, _AHEAD * places - len(waiting)))
        }
        if not waiting:
            return
        (ended, *_), _ = ray.wait(list(waiting), num_returns=1)
        index = waiting.pop(ended)
        try:
            result = ray.get(ended)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, UserError):
                raise error.cause from None
            result = Died(f"it failed: {type(error.cause).__name__}: {error.cause}")
        except ray.exceptions.RayError as error:
            result = Died(f"its worker died {RETRIES + 1} times: {str(error).splitlines()[0]}")
        yield index, result


def _slurm(
    function: Callable[..., Any], jobs: Sequence[Any], shared: tuple[Any, ...], resources: Resources
) -> Iterator[tuple[int, Any]]:
    with extra_needed("sweep", "the backend slurm"):
        import submitit

    settings = dict(resources.slurm or {})
    executor = submitit.AutoExecutor(folder=resources.folder / "slurm", cluster=settings.pop("cluster", None))
    limits = {"cpus_per_task": max(1, round(resources.cpus)), "gpus_per_node": round(resources.gpus)}
    executor.update_parameters(slurm_array_parallelism=resources.workers, **limits, **settings)
    submitted = executor.map_array(function, jobs, *([one] * len(jobs) for one in shared))
    for index, job in enumerate(submitted):
        try:
            result = job.result()
        except submitit.core.utils.UncompletedJobError as error:
            result = Died(f"its job {job.job_id} did not complete: {str(error).splitlines()[0]}")
        yield index, result


BACKENDS: Final[Mapping[str, _Spread]] = {"local": _local, "ray": _ray, "slurm": _slurm}
"""Name -> backend."""
