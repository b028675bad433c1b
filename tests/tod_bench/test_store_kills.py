"""kill -9 at any moment, and several processes at once: the store opens, goes on, and nothing is done twice."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import yaml

from stores import FLOORS, LONGER_FLOORS, TOD_BENCH, at_each_write, content
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import Plan, build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run, statuses
from tod_bench.reports.runs import read_runs

WAITS = "waiting for another process"


@pytest.fixture(scope="module")
def plan() -> Plan:
    """A system that is trained, on two tasks of which one reads the other's predictions."""
    return build(EvalConfig.model_validate({**FLOORS, "systems": {"majority": {"system": "majority"}}}))


def _run_until(moment: int, plan: Plan, store: Path) -> None:
    def kill(now: int) -> None:
        if now == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    with at_each_write(kill):
        run(plan, Store(store))


def test_a_kill_at_any_write_leaves_a_store_that_opens_and_goes_on(plan, tmp_path):
    moments: list[int] = []
    with at_each_write(moments.append):
        run(plan, Store(tmp_path / "whole"))
    whole = content(tmp_path / "whole")
    assert len(moments) == 2 * len(whole)
    for moment in moments:
        store = tmp_path / str(moment)
        child = get_context("fork").Process(target=_run_until, args=(moment, plan, store))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        unfinished = [path for path in content(store) if path not in whole]
        assert [Path(path).suffix for path in unfinished] == [".part"]
        finished = len(list(store.glob("results/*.json")))
        assert sum(status.scored for status in statuses(plan, Store(store))) == finished
        assert sum(len(found.results) for found in read_runs([], store)) == finished
        run(plan, Store(store))
        assert content(store) == whole, f"killed at write {moment}"


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    path = tmp_path_factory.mktemp("config") / "floors.yaml"
    path.write_text(yaml.safe_dump(LONGER_FLOORS), encoding="utf-8")
    return [str(TOD_BENCH), "run", str(path), "--quiet", "--store"]


@pytest.fixture(scope="module")
def alone(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What a command that nobody disturbs prints, and what it leaves."""
    store = tmp_path_factory.mktemp("alone")
    done = subprocess.run([*command, str(store)], capture_output=True, text=True, check=True)
    return done.stdout, content(store)


def _killed_when(command: list[str], store: Path, seen: str) -> None:
    process = subprocess.Popen([*command, str(store)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(store.glob(seen)):
        assert time.monotonic() < deadline
        assert process.poll() is None, f"the run ended before {seen} was seen"
    process.kill()
    assert process.wait() == -signal.SIGKILL


@pytest.mark.slow
def test_a_command_that_is_killed_again_and_again_goes_on(command, alone, tmp_path):
    for moment in ("models/*/fit.json", "predictions/*", "results/*.json"):
        _killed_when(command, tmp_path, moment)
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=True)
    assert (done.stdout, content(tmp_path)) == alone


STEPS = """
import sys, yaml
from pathlib import Path
from typing import Any
from tod_bench.experiments.plan import Plan, build
from tod_bench.experiments.config import load_config
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
print("ready", flush=True)
sys.stdin.readline()
plan = build(load_config(sys.argv[1]))
run(plan, Store(Path(sys.argv[2])), lambda cell, step: print(f"{cell}: {step}", flush=True))
"""


def _step_printer(config: str, store: Path) -> "subprocess.Popen[str]":
    """A process that is ready to run a config and to print every step."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", STEPS, config, str(store)], text=True, **pipes)
    assert _line(process) == "ready\n"
    return process


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _start(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.slow
def test_two_processes_share_a_store_and_do_nothing_twice(command, alone, tmp_path):
    pair = [_step_printer(command[2], tmp_path) for _ in range(2)]
    for process in pair:
        _start(process)
    ends = [process.communicate(timeout=60) for process in pair]
    assert [(process.returncode, errors) for process, (_, errors) in zip(pair, ends, strict=True)] == [(0, "")] * 2
    steps = [line for output, _ in ends for line in output.splitlines() if not line.endswith(WAITS)]
    made = [line for line in steps if not line.endswith("cached")]
    assert len(made) == len(set(made)) == 1 + 4 + 4, "one training; predictions and scores of four cells"
    assert len(steps) - len(made) == 4, "what one has made, the other finds"
    assert content(tmp_path) == alone[1]


@pytest.mark.slow
def test_a_killed_process_lets_go_of_its_locks(command, tmp_path):
    holder, waiting = _step_printer(command[2], tmp_path), _step_printer(command[2], tmp_path)
    _start(holder)
    assert _line(holder).endswith("training\n")
    holder.send_signal(signal.SIGSTOP)  # it holds the lock of its first cell, and goes no further
    _start(waiting)
    assert _line(waiting).endswith(f"{WAITS}\n")
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(timeout=2)
    holder.kill()
    output, errors = waiting.communicate(timeout=60)
    assert (waiting.returncode, errors) == (0, "")
    assert output.count("scoring") == 4
