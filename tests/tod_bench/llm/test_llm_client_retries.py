"""The client against a server that fails for a while: what is asked again, when, and how often."""

import itertools
import time

import pytest
from llm_support import Counted, asks, told

from fault_server import FaultServer, faults
from tod_bench.llm import AnswerCache, OpenAIClient, PermanentError, RetryPolicy


@pytest.mark.parametrize(
    "fault",
    [
        faults.rate_limited(),
        faults.server_error(500),
        faults.server_error(503),
        faults.server_error(529),
        faults.cut("before"),
        faults.cut("middle"),
        faults.malformed(),
        faults.wrong_schema(),
        faults.Fault(raw="[1, 2]"),
        faults.Fault(raw="null"),
        faults.Fault(raw='{"choices": [{"message": {"content": 5}, "finish_reason": "stop"}]}'),
    ],
    ids=repr,
)
def test_what_may_pass_is_asked_again(connect, fault):
    with FaultServer(faults=[fault, fault]) as server:
        client = connect(server, concurrency=1)
        assert told(client.complete(asks(2))) == {"0": "question 0", "1": "question 1"}
        assert len(server.received) == 4
        assert client.spending().retries == 2


def test_attempts_are_bounded_and_failures_are_not_kept(connect):
    def first_item_fails(received):
        return faults.server_error() if received.body["messages"][0]["content"] == "question 0" else None

    with FaultServer(faults=first_item_fails) as server:
        outcomes = told(connect(server, attempts=3).complete(asks(5)))
        assert outcomes["0"] == "<transient>"
        assert sum(text.startswith("question") for text in outcomes.values()) == 4
        assert len(server.received) == 7
    with FaultServer() as server, AnswerCache(connect(server).cache.path) as cache:
        assert len(cache) == 4


def test_pauses_between_attempts_grow_and_jitter(connect):
    with FaultServer(faults=lambda _: faults.server_error()) as server:
        list(connect(server, attempts=4, backoff=(0.1, 10.0)).complete(asks(1)))
        times = [received.at for received in server.received]
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert 0.1 <= gaps[0] <= 0.35
        assert 0.2 <= gaps[1] <= 0.45
        assert 0.4 <= gaps[2] <= 0.65


def test_retry_after_is_honoured_by_every_request(connect):
    with FaultServer(faults=[faults.rate_limited(0.8)]) as server:
        client = connect(server, requests_per_minute=6000, concurrency=4)
        list(client.complete(asks(40)))
        first, *others = [received.at - server.received[0].at for received in server.received]
        assert first == 0
        # what was sent before the reply came back is not called back; after it, all wait
        assert not [at for at in others if 0.15 < at < 0.75]
        assert len(server.received) == 41


def test_a_retry_after_of_hours_stops_with_a_sentence(connect):
    with (
        FaultServer(faults=lambda _: faults.rate_limited(7200)) as server,
        pytest.raises(PermanentError, match=r"2\.0 hours"),
    ):
        list(connect(server).complete(asks(50)))
    assert len(server.received) <= 8


def test_a_server_that_is_down_is_given_up_on(tmp_path):
    with FaultServer() as server:
        url = server.base_url
    client = OpenAIClient(url, retry=RetryPolicy(attempts=2, backoff=(0.01, 0.02)), concurrency=4)
    requests = Counted(10_000)
    with pytest.raises(PermanentError, match="in a row"):
        list(client.complete(requests))
    assert requests.taken < 50
    assert client.spending().unsure_usd == 0


def test_a_slow_answer_times_out_and_is_asked_again(connect):
    with FaultServer(faults=[faults.slow(5)]) as server:
        client = connect(server, timeout=0.3)
        assert told(client.complete(asks(1))) == {"0": "question 0"}
        assert client.spending().unsure_usd > 0


def test_tokens_per_minute_are_kept(connect):
    # every request reserves 11 + 489 = 500 tokens and uses few; the rest is given back when the answer is there
    with FaultServer() as server:
        client = connect(server, tokens_per_minute=60_000, concurrency=1)
        began = time.monotonic()
        list(client.complete(asks(10, max_tokens=489)))
        assert time.monotonic() - began < 3
    with FaultServer(latency=0.6) as server:
        list(connect(server, tokens_per_minute=60_000, concurrency=10, cache=None).complete(asks(10, max_tokens=489)))
        at = [received.at for received in server.received]
        assert at[1] - at[0] == pytest.approx(0.5, abs=0.15)
