"""Nothing is paid for twice: kills in mid-stage, and what the server and the rows say afterwards."""

import json
import re
import time

import pytest

from fault_server import FaultServer
from forks import Forks

pytest.importorskip("jinja2")

KEY = "sk-proj-Zx81ABCDefgh7766LMNOPqrst4242wxyz"
TURNS = 60
WIDTH = 4
KILLS = 10

RUN = f"""
import json
from pathlib import Path
import openai, tenacity, tiktoken
from llm_arm_support import Rules, find_lost, system, user
from tod_bench.llm import OpenAIClient
from tod_bench.personalise.llm_arm import open_llm_arm
from tod_bench.personalise.llm_options import StyleModel
from tod_bench.personalise.rows import Row, StageFile

def run(url, place):
    folder = Path(place)
    client = OpenAIClient(url, cache=folder / "answers.sqlite", concurrency={WIDTH})
    arm = open_llm_arm(StyleModel(model="gpt-4o", base_url=url), client, Rules(), find_lost)
    texts = [f"room {{number}} for 2 nights" for number in range({TURNS})]
    users = stage(folder / "user.jsonl", arm.user, [user(text, "2 nights", key=key(n)) for n, text in enumerate(texts)])
    answers = [
        system(text, "2 nights", key=key(n), user=users[key(n)][0]["text"]) for n, text in enumerate(texts)
    ]
    systems = stage(folder / "system.jsonl", arm.system, answers)
    (folder / "out.json").write_text(json.dumps([users, systems], sort_keys=True))

def key(number):
    return f"test/{{number}}/0"

def stage(file, restyle, requests):
    with StageFile(file) as rows:
        for request, styled in restyle([one for one in requests if rows.get(one.key) is None]):
            value = {{"text": styled.text, "by": styled.by, "fallback": styled.fallback}}
            rows.add(Row(request.key, "", value, styled.provenance))
        return {{row.key: [row.value, row.provenance] for row in rows}}
"""


def answer(body):
    """Every fifth line loses its mark, and every tenth keeps losing it."""
    number = int(re.search(r"Rewrite: room (\d+) for", body["messages"][1]["content"])[1])
    lost = number % 10 == 0 or (number % 5 == 0 and len(body["messages"]) == 2)
    return f"room {number} it is" if lost else f"room {number}, [1]!"


def finished(runs, server, folder):
    folder.mkdir(exist_ok=True)
    runs.start(server.base_url, folder)
    assert runs.wait() == 0
    return (folder / "out.json").read_bytes()


def distinct(server):
    return {json.dumps(received.body["messages"]) for received in server.received}


@pytest.mark.slow
def test_ten_kills_cost_at_most_what_was_in_flight(tmp_path):
    with Forks(RUN, {"OPENAI_API_KEY": KEY}) as runs:
        with FaultServer(answer, latency=0.01) as server:
            whole = finished(runs, server, tmp_path / "whole")
            assert server.billed == len(distinct(server)) == 2 * TURNS + 2 * TURNS // 5
            asked = distinct(server)
        killed = tmp_path / "killed"
        killed.mkdir()
        with FaultServer(answer, latency=0.01) as server:
            for nth in range(1, KILLS + 1):
                runs.start(server.base_url, killed)
                while len(server.received) < nth * len(asked) // (KILLS + 1):
                    assert runs.is_running()
                    time.sleep(0.002)
                runs.kill()
            assert finished(runs, server, killed) == whole
            assert distinct(server) == asked
            assert len(asked) <= server.billed <= len(asked) + KILLS * WIDTH
            paid = server.billed
            assert finished(runs, server, killed) == whole
            assert server.billed == paid
    fallen_back = [value["fallback"] for value, _ in json.loads(whole)[0].values() if value["by"] == "rules"]
    assert fallen_back == ["mark lost"] * (TURNS // 10)
