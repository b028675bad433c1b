"""Ctrl-C while workers run: they end with the driver, and do not first finish what they have."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from processes import is_running
from tod_bench.backends import _be_quiet, _ended_with


def interrupted(found):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=_be_quiet) as pool, _ended_with(pool):
        futures = [pool.submit(time.sleep, seconds) for seconds in (0.01, 600, 600, 600)]
        futures[0].result()
        found += list(pool._processes)
        raise KeyboardInterrupt


def test_workers_end_when_the_driver_is_interrupted():
    workers = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(workers)
    deadline = time.monotonic() + 60
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers
    assert not any(map(is_running, workers))
