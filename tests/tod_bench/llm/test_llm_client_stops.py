"""What stops the client, and what it hands over even so: permanent errors, unfinished answers, budget, full disk."""

import threading
import time

import pytest
from llm_support import KEY, asks

from fault_server import FaultServer, faults
from tod_bench.errors import UserError
from tod_bench.llm import AnswerCache, BudgetReached, PermanentError


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (faults.quota_exhausted(), "add credit"),
        (faults.wrong_key(KEY), "OPENAI_API_KEY"),
        (faults.unknown_model("gpt-4o"), "'gpt-4o'"),
        (faults.bad_request("Unsupported value: 'temperature'"), "temperature"),
    ],
)
def test_permanent_errors_stop_at_once(connect, fault, word):
    with FaultServer(faults=lambda _: fault) as server:
        with pytest.raises(PermanentError, match=word):
            list(connect(server, concurrency=4).complete(asks(1000)))
        # each of the four that are under way is asked once more without the field that the server names
        assert len(server.received) <= (8 if word == "temperature" else 4)


def test_what_was_in_flight_is_yielded_before_the_error(connect):
    """Requests 0 to 2 are answered late; 3 hits the quota; all that was sent is paid for, so all of it comes out."""
    plan = [faults.slow(0.3), faults.slow(0.3), faults.slow(0.3), faults.quota_exhausted()]
    with FaultServer(faults=plan) as server:
        client, got = connect(server, concurrency=4), []
        with pytest.raises(PermanentError, match="quota"):
            got.extend(client.complete(asks(100)))
        assert len(got) == 3
        assert len(client.cache) == len(server.received) - 1 == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.refusal("I cannot judge people."), "refusal"),
        (faults.truncated(), "length"),
        (faults.filtered(), "content_filter"),
        (faults.empty(), "empty"),
        (faults.Fault(content="  \n"), "empty"),
        (faults.Fault(finish_reason="tool_calls"), "malformed"),
        (faults.too_long(), "too_long"),
    ],
)
def test_unfinished_answers_are_told_apart_and_never_kept(connect, fault, reason):
    with FaultServer(faults=lambda _: fault) as server:
        client = connect(server)
        outcomes = [outcome for _, outcome in client.complete(asks(2))]
        assert [outcome.reason for outcome in outcomes] == [reason, reason]
        assert (outcomes[0].usage is None) == (reason == "too_long")
        assert len(client.cache) == 0
        assert len(server.received) == 2
        assert client.spending().failed == 2


def test_a_refusal_keeps_its_words(connect):
    with FaultServer(faults=[faults.refusal("I cannot judge people.")]) as server:
        ((_, outcome),) = connect(server).complete(asks(1))
        assert outcome.detail == "I cannot judge people."


def test_closing_the_iterator_cancels_what_is_under_way(connect):
    with FaultServer(latency=0.2) as server:
        before = threading.active_count()
        outcomes = connect(server, concurrency=4).complete(asks(1000))
        next(outcomes)
        outcomes.close()
        sent = len(server.received)
        time.sleep(0.5)
        assert len(server.received) == sent <= 8
        assert threading.active_count() == before


def test_a_failed_save_stops_the_run_and_still_hands_over_the_answer(connect, monkeypatch):
    def full(*_args, **_fields):
        raise UserError("no space left")

    monkeypatch.setattr(AnswerCache, "put", full)
    got = []
    with FaultServer() as server, pytest.raises(UserError, match="no space"):
        got.extend(connect(server, concurrency=2).complete(asks(100)))
    assert len(server.received) <= 3
    assert len(got) == len(server.received)


def test_the_budget_is_never_exceeded_and_says_where_it_stopped(connect):
    # a prompt costs at most 18 bytes' worth of tokens, the answer 100: 18*2.5e-6 + 100*10e-6 = 0.001045
    with FaultServer() as server:
        client = connect(server, budget=0.01, concurrency=4)
        done = []
        with pytest.raises(BudgetReached, match=r"\$0\.01"):
            done.extend(client.complete(asks(10_000, max_tokens=100)))
        spent = client.spending()
        assert spent.usd <= 0.01
        # what is left is less than one request can cost at most
        assert spent.usd > 0.01 - 0.00105
        assert len(done) == spent.requests == server.billed > 100


def test_lost_replies_count_against_the_budget(connect):
    with FaultServer(faults=lambda _: faults.cut()) as server:
        client = connect(server, budget=0.01, concurrency=2, attempts=100)
        with pytest.raises(BudgetReached, match="lost"):
            list(client.complete(asks(10_000, max_tokens=100)))
        # each lost reply may have cost 0.001045 at most, so nine fit
        assert server.billed == 9
        assert client.spending().unsure_usd <= 0.01
