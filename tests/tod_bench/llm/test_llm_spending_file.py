"""A budget over several runs: what earlier ones spent counts, and so does what a killed one may have."""

import os
import signal
import subprocess
import sys
import time

import pytest
from llm_support import asks

from fault_server import FaultServer, faults
from tod_bench.errors import UserError
from tod_bench.llm import BatchClient, Budget, BudgetReached
from tod_bench.llm.budget import Hold, SpendingFile
from tod_bench.llm.prices import FREE
from tod_bench.llm.records import Usage

CHILD = """
import sys
from tod_bench.llm import Budget, ChatRequest, Message, OpenAIClient
client = OpenAIClient(sys.argv[1], cache="c.sqlite", budget=Budget(0.02, "spent.sqlite"), concurrency=4)
prompts = (Message("user", f"question {n}") for n in range(1000))
for _ in client.complete(ChatRequest("gpt-4o", (prompt,), max_tokens=100) for prompt in prompts):
    pass
"""


def run_out(client, **fields):
    """Asks until the budget is used up; returns how many were answered."""
    done = []
    with pytest.raises(BudgetReached) as caught:
        done.extend(client.complete(asks(100_000, max_tokens=100, **fields)))
    return len(done), str(caught.value)


def test_a_second_run_has_what_the_first_left(connect, tmp_path):
    with FaultServer() as server:
        path = tmp_path / "spent.sqlite"
        first, _ = run_out(connect(server, budget=Budget(0.01, path)))
        again = connect(server, cache=tmp_path / "other.sqlite", budget=Budget(0.01, path))
        more, message = run_out(again, repeat=1)
        assert first > 50
        assert more <= 2
        assert "by earlier runs" in message
        assert "$0.01" in message
        assert connect(server, budget=0.01).budget.spent_elsewhere() == 0


def test_a_killed_run_is_not_forgotten(tmp_path):
    with FaultServer(latency=0.05) as server:
        child = subprocess.Popen([sys.executable, "-c", CHILD, server.base_url], cwd=tmp_path)
        deadline = time.monotonic() + 60
        while server.billed < 30 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        time.sleep(0.2)
        paid = server.billed
        assert paid >= 30
        (session,) = SpendingFile(tmp_path / "spent.sqlite").sessions()
        # every reply that came is counted; the requests in flight, at most four, may have been billed
        assert paid - 4 <= session["requests"] <= paid
        assert session["usd"] > 0
        assert 0 < session["unsure_usd"] <= 4 * 0.00106
        before = SpendingFile(tmp_path / "spent.sqlite").before()
        assert before == pytest.approx(session["usd"] + session["unsure_usd"])


def test_processes_at_work_at_a_time_share_the_budget(tmp_path):
    """Two processes with a cache each, so that both pay for everything: together they stay within the limit."""
    with FaultServer(latency=0.005) as server:
        both = []
        for name in ("a", "b"):
            code = CHILD.replace("c.sqlite", f"{name}.sqlite")
            both.append(
                subprocess.Popen([sys.executable, "-c", code, server.base_url], cwd=tmp_path, stderr=subprocess.DEVNULL)
            )
        for child in both:
            child.wait(60)
        sessions = SpendingFile(tmp_path / "spent.sqlite").sessions()
    spent = [session["usd"] for session in sessions]
    assert len(spent) == 2
    assert all(spent)
    assert 0.9 * 0.02 < sum(spent) <= 0.02
    assert sum(session["unsure_usd"] for session in sessions) == 0


def test_a_hold_counts_for_the_other_process_at_once(tmp_path):
    first, second = (Budget(1.0, tmp_path / "s.sqlite") for _ in range(2))
    most = Hold(0.6, FREE)
    held = first.hold_again(most)
    assert held is not None
    assert second.hold_again(most) is None
    assert "$0.6000 by earlier runs or others under way" in str(second.reached())
    first.release(held)
    assert second.hold_again(most) is not None
    assert first.hold_again(Hold(0.3, FREE, batch=True)) is not None
    assert first.hold_again(Hold(0.2, FREE, batch=True)) is None


def test_rejections_cost_nothing_and_lost_replies_may(connect, tmp_path):
    path = tmp_path / "spent.sqlite"
    with FaultServer(faults=[faults.bad_request("no"), faults.cut(), None]) as server:
        client = connect(server, budget=Budget(None, path), concurrency=1, attempts=1)
        list(client.complete(asks(3, max_tokens=100)))
        (session,) = SpendingFile(path).sessions()
        assert session["requests"] == 1
        assert session["usd"] == pytest.approx(client.spending().usd)
        assert session["unsure_usd"] == pytest.approx(client.spending().unsure_usd) != 0


def test_a_batch_counts_once(tmp_path):
    with FaultServer() as server:
        for _ in range(2):
            client = BatchClient(
                *(tmp_path / "b", tmp_path / "c.sqlite", server.base_url),
                poll_seconds=0.01,
                budget=Budget(0.1, tmp_path / "spent.sqlite"),
            )
            list(client.complete(asks(5, max_tokens=100)))
        (session,) = SpendingFile(tmp_path / "spent.sqlite").sessions()
        assert session["requests"] == 5
        assert 0 < session["usd"] < 0.01
        assert session["unsure_usd"] == 0


def test_a_price_that_is_not_known_is_not_taken_for_none(tmp_path):
    file = SpendingFile(tmp_path / "s.sqlite")
    file.settle(file.hold(0.0), None, Usage(3, 4))
    file.settle(file.hold(0.5), 0.25, Usage(1, 1))
    (session,) = file.sessions()
    assert session["usd"] is None
    assert (session["requests"], session["prompt_tokens"], session["completion_tokens"]) == (2, 4, 5)


def test_a_file_that_holds_something_else_is_one_sentence(tmp_path):
    (tmp_path / "s.sqlite").write_text("nothing of the kind, in more than sixteen letters")
    with pytest.raises(UserError, match="move a damaged file away"):
        SpendingFile(tmp_path / "s.sqlite")
