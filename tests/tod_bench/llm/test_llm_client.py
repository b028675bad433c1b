"""The client against a server, over real sockets: what is sent, what comes back, and what is sent only once."""

import time

import pytest
from llm_support import KEY, SCHEMA, Counted, asks, told

from fault_server import FaultServer
from tod_bench.errors import UserError
from tod_bench.llm import ChatAnswer, ChatRequest, ImagePart, Message, OpenAIClient, PermanentError, TextPart


def test_answers_with_their_provenance(connect):
    with FaultServer() as server:
        ((request, answer),) = connect(server).complete(asks(1))
        assert isinstance(answer, ChatAnswer)
        assert answer.text == "question 0"
        assert request.model == "gpt-4o"
        assert (answer.model, answer.fingerprint, answer.cached) == ("gpt-4o-2024-08-06", "fp_test", False)
        assert answer.usage.prompt_tokens > 0
        assert abs(answer.created - time.time()) < 60
        assert server.received[0].authorization == f"Bearer {KEY}"


def test_the_body_holds_what_was_asked_and_nothing_else(connect):
    request = ChatRequest(
        "m",
        (Message("user", (TextPart("a"), ImagePart("data:,x", "low"))),),
        0.5,
        9,
        0.9,
        4,
        SCHEMA,
        "verdict",
        {"reasoning_effort": "low"},
        3,
        "tag",
    )
    with FaultServer() as server:
        list(connect(server).complete([request]))
        assert server.received[0].body == {
            "model": "m",
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "a"},
                        {"type": "image_url", "image_url": {"url": "data:,x", "detail": "low"}},
                    ],
                }
            ],
            "temperature": 0.5,
            "max_tokens": 9,
            "top_p": 0.9,
            "seed": 4,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "verdict", "strict": True, "schema": SCHEMA},
            },
            "reasoning_effort": "low",
        }


def test_a_second_run_sends_nothing(connect):
    with FaultServer() as server:
        first = told(connect(server).complete(asks(20)))
        client = connect(server)
        second = list(client.complete(asks(20)))
        assert told(second) == first
        assert all(outcome.cached for _, outcome in second)
        assert len(server.received) == 20
        assert client.spending().usd == 0
        assert client.spending().cached == 20


def test_repeats_are_asked_each_once(connect):
    with FaultServer() as server:
        client = connect(server)
        list(client.complete(ask for repeat in range(3) for ask in asks(2, repeat=repeat)))
        assert len(server.received) == 6


def test_the_same_question_under_way_is_sent_once(connect):
    with FaultServer(latency=0.05) as server:
        client = connect(server)
        outcomes = list(client.complete(ask for _ in range(30) for ask in asks(2)))
        assert len(outcomes) == 60
        assert len(server.received) == 2
        assert sum(not outcome.cached for _, outcome in outcomes) == 2
        assert (client.spending().requests, client.spending().cached) == (2, 58)


def test_requests_are_read_as_they_are_needed(connect):
    requests = Counted(1000)
    with FaultServer() as server:
        outcomes = connect(server, concurrency=4).complete(requests)
        for _ in range(5):
            next(outcomes)
        assert requests.taken <= 20
        outcomes.close()


def test_an_error_in_the_requests_comes_through(connect):
    def broken():
        yield from asks(3)
        raise KeyError("in the caller's code")

    with FaultServer() as server, pytest.raises(KeyError, match="caller"):
        list(connect(server).complete(broken()))


def test_works_within_a_running_event_loop(connect):
    """As in a notebook."""
    import asyncio

    async def cell():
        with FaultServer() as server:
            return told(connect(server).complete(asks(2)))

    assert asyncio.run(cell()) == {"0": "question 0", "1": "question 1"}


def test_replay_needs_no_key_and_sends_nothing(connect, monkeypatch, tmp_path):
    with FaultServer() as server:
        client = connect(server)
        list(client.complete(asks(3)))
        client.cache.export(tmp_path / "shared.jsonl")
        sent = len(server.received)
        monkeypatch.delenv("OPENAI_API_KEY")
        replay = connect(server, replay=True, cache=tmp_path / "shared.jsonl")
        assert told(replay.complete(asks(4))) == {
            "0": "question 0",
            "1": "question 1",
            "2": "question 2",
            "3": "<missing>",
        }
        assert len(server.received) == sent
        assert replay.spending().failed == 1


def test_replay_needs_a_cache():
    with pytest.raises(UserError, match="cache"):
        OpenAIClient(replay=True)


@pytest.mark.parametrize(
    "url", ["https://me:pw@host/v1", "https://host/v1?api-key=secret", "host:8000/v1", "ftp://host/v1", "http:///v1"]
)
def test_base_urls_that_cannot_be_used(url):
    with pytest.raises(UserError) as caught:
        OpenAIClient(url)
    assert "pw" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_no_key_for_openai_is_told_before_anything_is_sent(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(PermanentError, match="OPENAI_API_KEY"):
        OpenAIClient()


def test_a_named_variable_holds_the_key(connect, monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "another-key-1234")
    with FaultServer() as server:
        list(connect(server, key_variable="JUDGE_KEY").complete(asks(1)))
        monkeypatch.delenv("OPENAI_API_KEY")
        list(connect(server).complete(asks(1, repeat=1)))
        assert [received.authorization for received in server.received] == ["Bearer another-key-1234", "Bearer none"]
