"""Ctrl-C while workers run: they end with the driver, and do not first finish what they have."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tod_bench.sweeps.backends import _be_quiet, _ended_with


def test_workers_end_when_the_driver_is_interrupted():
    with pytest.raises(KeyboardInterrupt):
        with (
            ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=_be_quiet) as pool,
            _ended_with(pool),
        ):
            futures = [pool.submit(time.sleep, seconds) for seconds in (0.01, 600, 600, 600)]
            futures[0].result()
            began, workers = time.monotonic(), list(pool._processes.values())
            raise KeyboardInterrupt
    assert time.monotonic() - began < 60
    assert not any(worker.is_alive() for worker in workers)
