"""Nothing is paid for twice by `tod-bench personalise`: ten kills, and the records are those of a run without."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from fault_server import FaultServer

pytest.importorskip("jinja2")
pytest.importorskip("tod_bench.personalise.run")

WIDTH = 4
KILLS = 10


def answer(body):
    """Every fourth line is refused at first, every eighth for good; the filters get no verdict."""
    lines = [message["content"] for message in body["messages"] if message["content"].startswith("Rewrite: ")]
    if not lines:
        return "no verdict"
    asked_again = len(body["messages"]) > 2
    lost = len(lines[0]) % 8 == 0 or (len(lines[0]) % 4 == 0 and not asked_again)
    return "As an AI, I will not." if lost else f"{lines[0].removeprefix('Rewrite: ')} Right?"


def start(server, folder):
    model = ("model=gpt-4o", f"base_url={server.base_url}", f"limits.concurrency={WIDTH}")
    words = [word for setting in model for word in ("--llm", setting)]
    what = ["simulated", "--split", "test[:8]", "--arm", "llm", "--quiet", "--planted", "0", "--output", str(folder)]
    command = [sys.executable, "-m", "tod_bench.cli.main", "personalise", *what, *words]
    environment = {**os.environ, "OPENAI_API_KEY": "sk-proj-Zx81ABCDefgh7766LMNOPqrst4242wxyz"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finished(server, folder):
    """Runs to the end: what is written; a report of an unsound corpus ends with 1."""
    assert start(server, folder).wait(240) in (0, 1)
    return (folder / "test.json").read_bytes(), (folder / "dropped.jsonl").read_bytes()


@pytest.mark.slow
def test_ten_kills_of_the_command_cost_at_most_what_was_in_flight(tmp_path):
    pytest.importorskip("all_minilm_l6_v2")
    with FaultServer(answer, latency=0.01) as server:
        whole = finished(server, tmp_path / "whole")
        paid = server.billed
        asked = {json.dumps(received.body["messages"]) for received in server.received}
        assert paid == len(asked)
        for nth in range(1, KILLS + 1):
            process = start(server, tmp_path / "killed")
            while len(server.received) < paid + nth * paid // (KILLS + 1):
                assert process.poll() is None
                time.sleep(0.002)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert finished(server, tmp_path / "killed") == whole
        assert {json.dumps(received.body["messages"]) for received in server.received} == asked
        assert 2 * paid <= server.billed <= 2 * paid + KILLS * WIDTH
