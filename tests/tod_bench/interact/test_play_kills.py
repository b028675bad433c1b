"""Plays that are killed: the same bytes in the end, nothing asked of a model twice, and no worker left behind."""

import importlib
import time
from multiprocessing import get_context
from random import Random

import pytest

from fault_server import FaultServer
from forks import Forks
from processes import is_running
from tod_bench.interact.episode import Environment
from tod_bench.interact.parts import parts_of
from tod_bench.interact.play import play
from tod_bench.simulated.corpus import Simulated

KILLS = 20
WIDTH = 4
"""Requests that a play has in flight at a time."""

RULE = """
from pathlib import Path
from tod_bench.interact.episode import Environment
from tod_bench.interact.play import play
from tod_bench.interact.rule_policy import RulePolicy
from tod_bench.simulated.corpus import Simulated

def run(path):
    play(Environment(Simulated({"test": 100})), RulePolicy(), Path(path), trials=4)
"""

MODEL = f"""
from pathlib import Path
import openai, tenacity, tiktoken
from tod_bench.interact.episode import Environment
from tod_bench.interact.llm_agent import LLMAgent
from tod_bench.interact.play import play
from tod_bench.interact.words.language import OwnWords
from tod_bench.simulated.corpus import Simulated

def run(url, path):
    agent = LLMAgent("any", base_url=url, tools="json", limits={{"concurrency": {WIDTH}, "timeout": 5}})
    play(Environment(Simulated({{"test": 10}}), language=OwnWords()), agent, Path(path), trials=2)
"""


def shares():
    """Random shares of a play at which it is killed, in order."""
    rng = Random(1)
    return sorted(rng.random() for _ in range(KILLS))


@pytest.mark.slow
def test_killed_runs_go_on_to_the_same_bytes(tmp_path):
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    ends, lengths = [], []
    with Forks(RULE) as runs:
        runs.start(whole)
        assert runs.wait() == 0
        for share in shares():
            runs.start(killed)
            while runs.is_running() and not (killed.exists() and killed.stat().st_size > share * whole.stat().st_size):
                time.sleep(0.001)
            ends.append(runs.kill())
            lengths.append(killed.stat().st_size)
        assert ends.count(-9) > KILLS / 2
        assert 0 < lengths[0] < whole.stat().st_size
        runs.start(killed)
        assert runs.wait() == 0
    assert killed.read_bytes() == whole.read_bytes()


def looks_once(body):
    """Says nothing of use, in JSON, after one look."""
    if body["messages"][-1]["content"].startswith('{"result"'):
        return '{"say": "Is there anything else I can help you with?"}'
    return '{"call": {"name": "query", "arguments": {"domain": "hotel"}}}'


@pytest.mark.slow
def test_no_model_is_asked_twice_but_for_what_was_in_flight(tmp_path):
    pytest.importorskip("tiktoken")
    whole, killed = tmp_path / "whole" / "e.jsonl", tmp_path / "killed" / "e.jsonl"
    with Forks(MODEL, {"OPENAI_API_KEY": "none"}) as runs:
        with FaultServer(looks_once, latency=0.005) as server:
            runs.start(server.base_url, whole)
            assert runs.wait() == 0
            paid, first = server.billed, server.base_url
        with FaultServer(looks_once, latency=0.005) as server:
            for share in shares():
                runs.start(server.base_url, killed)
                while len(server.received) < share * paid:
                    assert runs.is_running()
                    time.sleep(0.001)
                assert runs.kill() == -9
            runs.start(server.base_url, killed)
            assert runs.wait() == 0
            assert paid <= server.billed <= paid + KILLS * WIDTH
            own = server.base_url
    assert killed.read_bytes().replace(own.encode(), first.encode()) == whole.read_bytes()


COUNTED = """
import os
import time
from pathlib import Path
from tod_bench.interact.rule_policy import RulePolicy


class Counted(RulePolicy):
    \"\"\"Writes the number of its process down as an episode begins, and takes its time.\"\"\"

    def __init__(self, path, seconds):
        super().__init__()
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "seconds", seconds)

    def talk(self, world, rng):
        with Path(self.path).open("a") as file:
            file.write(f"{os.getpid()}\\n")
        time.sleep(self.seconds)
        return super().talk(world, rng)
"""

SEVERAL = {"trials": 4, "workers": 2}


def lines_in(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.slow
def test_killed_workers_lose_the_open_episodes_alone(tmp_path, monkeypatch):
    """A driver that is killed takes its workers with it, and what they had played is in the next run's journal."""
    (tmp_path / "agents_counted.py").write_text(COUNTED, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    agents = importlib.import_module("agents_counted")
    environment = Environment(Simulated({"test": 40}))
    whole = play(environment, agents.Counted(str(tmp_path / "alone"), 0), tmp_path / "whole.jsonl", trials=4)
    counts, path = tmp_path / "counts", tmp_path / "e.jsonl"
    agent = agents.Counted(str(counts), 0.05)
    driver = get_context("spawn").Process(target=play, args=(environment, agent, path), kwargs=SEVERAL)
    driver.start()
    parts = parts_of(path)
    deadline = time.monotonic() + 60
    while sum(map(lines_in, parts.glob("*.jsonl"))) < 12 and time.monotonic() < deadline:
        time.sleep(0.01)
    workers = [int(one) for one in counts.read_text(encoding="utf-8").split()]
    driver.kill()
    driver.join()
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(is_running, workers))
    played = lines_in(counts)
    kept = lines_in(path) + sum(map(lines_in, parts.glob("*.jsonl")))
    assert played - 2 <= kept <= played < 160  # the two that were open
    assert play(environment, agent, path, **SEVERAL).read_bytes() == whole.read_bytes()
    assert lines_in(counts) - played == 160 - kept
    assert not parts.exists()
