"""A Ray cluster of two nodes on this machine, and what kills one of its workers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def two_nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a cluster that this process has joined."""
    pytest.importorskip("ray", reason="Ray is not installed")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    import ray

    try:
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        assert len([node for node in ray.nodes() if node["Alive"]]) == 2
        yield cluster.address
    finally:
        ray.shutdown()
        cluster.shutdown()


@contextmanager
def a_worker_killed(function: str) -> Iterator[None]:
    """Kills a worker that runs a function; an error where there was none to kill."""
    killer = subprocess.Popen([sys.executable, "-c", _KILLER, f"ray::{function}", str(os.getpid())])
    yield
    assert killer.wait(timeout=60) == 0, "no worker was there to be killed"


_KILLER = """
import os, signal, subprocess, sys, time
deadline = time.monotonic() + 50
while time.monotonic() < deadline:
    rows = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout.splitlines()
    busy = [row.split()[0] for row in rows if sys.argv[1] in row and "ps -eo" not in row and " -c " not in row]
    if busy:
        os.kill(int(busy[0]), signal.SIGKILL)
        sys.exit(0)
    time.sleep(0.05)
sys.exit(1)
"""
