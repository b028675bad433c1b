"""Nothing is paid for twice: kills in mid-stage, and what the server and the rows say afterwards."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fault_server import FaultServer

pytest.importorskip("jinja2")

KEY = "sk-proj-Zx81ABCDefgh7766LMNOPqrst4242wxyz"
TURNS = 60
WIDTH = 4
KILLS = 10

RUN = """
import json, sys
from pathlib import Path
from llm_arm_support import Rules, find_lost, system, user
from tod_bench.llm import OpenAIClient
from tod_bench.personalise.llm_arm import open_llm_arm
from tod_bench.personalise.llm_options import StyleModel
from tod_bench.personalise.rows import Row, StageFile

url, folder, turns, width = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
client = OpenAIClient(url, cache=folder / "answers.sqlite", concurrency=width)
arm = open_llm_arm(StyleModel(model="gpt-4o", base_url=url), client, Rules(), find_lost)
texts = [f"room {number} for 2 nights" for number in range(turns)]

def run(stage, restyle, requests):
    with StageFile(folder / f"{stage}.jsonl") as rows:
        for request, styled in restyle([one for one in requests if rows.get(one.key) is None]):
            value = {"text": styled.text, "by": styled.by, "fallback": styled.fallback}
            rows.add(Row(request.key, "", value, styled.provenance))
        return {row.key: [row.value, row.provenance] for row in rows}

users = run("user", arm.user, [user(text, "2 nights", key=f"test/{n}/0") for n, text in enumerate(texts)])
answers = [
    system(text, "2 nights", key=f"test/{n}/0", user=users[f"test/{n}/0"][0]["text"]) for n, text in enumerate(texts)
]
systems = run("system", arm.system, answers)
(folder / "out.json").write_text(json.dumps([users, systems], sort_keys=True))
"""


def answer(body):
    """Every fifth line loses its mark, and every tenth keeps losing it."""
    number = int(re.search(r"Rewrite: room (\d+) for", body["messages"][1]["content"])[1])
    lost = number % 10 == 0 or (number % 5 == 0 and len(body["messages"]) == 2)
    return f"room {number} it is" if lost else f"room {number}, [1]!"


def start(server, folder):
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), os.environ.get("PYTHONPATH", ""), *map(str, here.parents[2:3])])
    command = [sys.executable, "-c", RUN, server.base_url, str(folder), str(TURNS), str(WIDTH)]
    return subprocess.Popen(command, env={**os.environ, "OPENAI_API_KEY": KEY, "PYTHONPATH": path})


def finished(server, folder):
    folder.mkdir(exist_ok=True)
    assert start(server, folder).wait(120) == 0
    return (folder / "out.json").read_bytes()


def distinct(server):
    return {json.dumps(received.body["messages"]) for received in server.received}


@pytest.mark.slow
def test_ten_kills_cost_at_most_what_was_in_flight(tmp_path):
    with FaultServer(answer, latency=0.01) as server:
        whole = finished(server, tmp_path / "whole")
        assert server.billed == len(distinct(server)) == 2 * TURNS + 2 * TURNS // 5
        asked = distinct(server)
    killed = tmp_path / "killed"
    killed.mkdir()
    with FaultServer(answer, latency=0.01) as server:
        for nth in range(1, KILLS + 1):
            process = start(server, killed)
            while len(server.received) < nth * len(asked) // (KILLS + 1):
                assert process.poll() is None
                time.sleep(0.002)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert finished(server, killed) == whole
        assert distinct(server) == asked
        assert len(asked) <= server.billed <= len(asked) + KILLS * WIDTH
        paid = server.billed
        assert finished(server, killed) == whole
        assert server.billed == paid
    fallen_back = [value["fallback"] for value, _ in json.loads(whole)[0].values() if value["by"] == "rules"]
    assert fallen_back == ["mark lost"] * (TURNS // 10)
