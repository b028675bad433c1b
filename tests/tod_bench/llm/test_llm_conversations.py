"""Conversations side by side: each in order, and few of them in memory. How busy: `benchmarks/bench_chat.py`."""

import pytest

from fault_server import FaultServer
from tod_bench.errors import UserError
from tod_bench.llm import (
    BatchClient,
    ChatAnswer,
    ChatRequest,
    Message,
    PermanentError,
    ScriptedClient,
    converse,
)


def ask(text, **fields):
    return ChatRequest(**{"model": "gpt-4o", "messages": (Message("user", text),), **fields})


def chain(name, length):
    """A conversation in which each question holds the answer before."""
    said = name
    for _ in range(length):
        outcome = yield ask(said)
        said = outcome.text if isinstance(outcome, ChatAnswer) else f"<{outcome.reason}>"
    return name, said


def grow(request):
    return request.messages[-1].content + "+"


def grow_body(body):
    return body["messages"][-1]["content"] + "+"


EXPECTED = {(f"d{n}", f"d{n}" + "+" * n) for n in range(9)}


def chains():
    return [chain(f"d{n}", n) for n in range(9)]


def test_each_conversation_gets_its_own_answers_one_after_the_other():
    """One that asks nothing ends all the same."""
    for at_once in (1, 3, 100):
        assert set(converse(ScriptedClient(grow), chains(), at_once)) == EXPECTED


def test_over_http_with_fewer_slots_than_conversations(connect):
    with FaultServer(grow_body) as server:
        assert set(converse(connect(server, concurrency=3), chains(), at_once=5)) == EXPECTED
        again = connect(server, concurrency=3)
        assert set(converse(again, chains(), at_once=5)) == EXPECTED
        assert len(server.received) == again.spending().cached == sum(range(9))


def test_from_a_replayed_cache(connect):
    with FaultServer(grow_body) as server:
        list(converse(connect(server), chains()))
        assert set(converse(connect(server, replay=True), chains())) == EXPECTED


def test_the_batch_api_gets_one_batch_for_each_step_of_all_conversations(tmp_path):
    with FaultServer(grow_body) as server:
        client = BatchClient(tmp_path / "batches", tmp_path / "answers.sqlite", server.base_url, poll_seconds=0.01)
        assert set(converse(client, chains(), at_once=100)) == EXPECTED
        assert len(server.batches.batches) == 8


def test_no_more_are_open_than_were_asked_for():
    begun, ended = [], []

    def counted(number):
        begun.append(number)
        assert len(begun) - len(ended) <= 4
        yield from chain(str(number), number % 3)
        ended.append(number)

    assert len(list(converse(ScriptedClient(grow), map(counted, range(50)), at_once=4))) == 50
    assert len(ended) == 50


def test_what_ended_before_a_fatal_error_is_yielded_first(connect):
    with FaultServer(grow_body) as server:
        talks = converse(connect(server, budget=0.01), [chain("d2", 2), _dear()], at_once=1)
        assert next(talks) == ("d2", "d2++")
        with pytest.raises(UserError, match="budget of"):
            next(talks)


def _dear():
    yield ask("x", max_tokens=50_000)


def test_a_rejected_key_ends_all(connect):
    from fault_server.faults import Fault

    with (
        FaultServer(faults=lambda _: Fault(401, {"message": "Incorrect API key"})) as server,
        pytest.raises(PermanentError),
    ):
        list(converse(connect(server), chains()))


@pytest.mark.parametrize("kind", ["scripted", "http", "batch", "replay"])
def test_requests_that_wait_for_nothing_are_a_fault_and_no_endless_loop(kind, connect, tmp_path):
    with FaultServer() as server:
        client = {
            "scripted": lambda: ScriptedClient(grow),
            "http": lambda: connect(server),
            "replay": lambda: connect(server, replay=True),
            "batch": lambda: BatchClient(tmp_path / "b", tmp_path / "c", server.base_url, poll_seconds=0.01),
        }[kind]()
        with pytest.raises(RuntimeError, match="nothing is under way"):
            list(client.complete(iter([None])))
