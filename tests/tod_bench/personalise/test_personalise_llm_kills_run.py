"""Nothing is paid for twice by `tod-bench personalise`: ten kills, and the records are those of a run without."""

import json
import time

import pytest

from fault_server import FaultServer
from forks import Forks

pytest.importorskip("jinja2")
pytest.importorskip("tod_bench.personalise.run")

WIDTH = 4
KILLS = 10
KEY = {"OPENAI_API_KEY": "sk-proj-Zx81ABCDefgh7766LMNOPqrst4242wxyz"}

RUN = """
import openai, scipy.stats, sentence_transformers, tenacity, tiktoken, transformers.models.bert.modeling_bert
import tod_bench.cli.personalise, tod_bench.personalise.calling, tod_bench.personalise.run
from tod_bench.cli.main import main

def run(*arguments):
    main(list(arguments))
"""


def answer(body):
    """Every fourth line is refused at first, every eighth for good; the filters get no verdict."""
    lines = [message["content"] for message in body["messages"] if message["content"].startswith("Rewrite: ")]
    if not lines:
        return "no verdict"
    asked_again = len(body["messages"]) > 2
    lost = len(lines[0]) % 8 == 0 or (len(lines[0]) % 4 == 0 and not asked_again)
    return "As an AI, I will not." if lost else f"{lines[0].removeprefix('Rewrite: ')} Right?"


def start(runs, server, folder):
    model = ("model=gpt-4o", f"base_url={server.base_url}", f"limits.concurrency={WIDTH}")
    words = [word for setting in model for word in ("--llm", setting)]
    what = ["simulated", "--split", "test[:8]", "--arm", "llm", "--quiet", "--planted", "0", "--output", folder]
    runs.start("personalise", *what, *words)


def finished(runs, server, folder):
    """Runs to the end: what is written; a report of an unsound corpus ends with 1."""
    start(runs, server, folder)
    assert runs.wait() in (0, 1)
    return (folder / "test.json").read_bytes(), (folder / "dropped.jsonl").read_bytes()


@pytest.mark.slow
def test_ten_kills_of_the_command_cost_at_most_what_was_in_flight(tmp_path):
    pytest.importorskip("all_minilm_l6_v2")
    with FaultServer(answer, latency=0.01) as server, Forks(RUN, KEY) as runs:
        whole = finished(runs, server, tmp_path / "whole")
        paid = server.billed
        asked = {json.dumps(received.body["messages"]) for received in server.received}
        assert paid == len(asked)
        for nth in range(1, KILLS + 1):
            start(runs, server, tmp_path / "killed")
            while len(server.received) < paid + nth * paid // (KILLS + 1):
                assert runs.is_running()
                time.sleep(0.002)
            runs.kill()
        assert finished(runs, server, tmp_path / "killed") == whole
        assert {json.dumps(received.body["messages"]) for received in server.received} == asked
        assert 2 * paid <= server.billed <= 2 * paid + KILLS * WIDTH
