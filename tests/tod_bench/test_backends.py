"""Backends: what comes of jobs whose worker dies, or that raise."""

import os
import signal
from pathlib import Path

import pytest

from tod_bench.backends import RETRIES, Died, Resources, spread
from tod_bench.errors import UserError


def squared(job, shift):
    return job * job + shift


def dies_once(job, folder):
    """Ends its own process the first time that it is called for job 3."""
    mark = Path(folder) / "died"
    if job == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return job


def dies(job):
    if job == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return job


def refuses(job):
    raise UserError("there is no corpus")


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_has_its_result(workers):
    found = dict(spread(squared, range(20), 5, resources=Resources(workers)))
    assert found == {job: job * job + 5 for job in range(20)}


def test_a_job_whose_worker_dies_is_run_again(tmp_path):
    found = dict(spread(dies_once, range(20), str(tmp_path), resources=Resources(2)))
    assert (tmp_path / "died").exists()
    assert found == {job: job for job in range(20)}


def test_a_job_that_kills_its_worker_each_time_is_given_up():
    found = dict(spread(dies, range(2), resources=Resources(2)))
    assert found[1] == Died(f"its worker died {RETRIES + 1} times")
    assert set(found) == {0, 1}


def test_what_a_user_can_mend_is_said_as_it_is():
    with pytest.raises(UserError, match="there is no corpus"):
        list(spread(refuses, range(3), resources=Resources(2)))


def test_only_some_backends_can_be_chosen():
    with pytest.raises(UserError, match=r"choose among local, ray$"):
        list(spread(squared, [1], 0, backend="slurm", among=("local", "ray")))
