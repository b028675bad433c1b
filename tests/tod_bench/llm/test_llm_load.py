"""Thousands of requests: the memory stays flat, and the rate is the one that was set."""

import resource
import sys

import pytest
from llm_support import asks

from fault_server import FaultServer
from tod_bench.llm.rate_limit import CATCH_UP_SECONDS

NUMBER = 1_600
HIGHEST_RATE = 150.0
PADDING = "A long dialogue. " * 2_000
ANSWER = "x" * 20_000


def per_second(server):
    at = [received.at for received in server.received]
    return (len(at) - 1) / (at[-1] - at[0])


def best_rate(server, requests=1000):
    """Requests a second over the fastest stretch of some requests: where the machine had time for us."""
    at = [received.at for received in server.received]
    return max(requests / (late - early) for early, late in zip(at, at[requests:], strict=False))


def unpaced_rate(connect):
    """What this machine reaches just now without a limit."""
    with FaultServer(lambda _: ANSWER, keep_bodies=False) as server:
        list(connect(server, concurrency=32, cache=None).complete(asks(300)))
        return per_second(server)


def resident_megabytes():
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def test_the_rate_is_the_one_set(connect):
    """Never more than the limit and a second's worth, and hardly less."""
    with FaultServer() as server:
        list(connect(server, requests_per_minute=1200, concurrency=8).complete(asks(80)))
        took = server.received[-1].at - server.received[0].at
        assert 20 * (took + CATCH_UP_SECONDS) >= 79
        assert 0.9 * 20 * took <= 79


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the memory in use from /proc")
def test_thousands_of_requests_at_the_rate_set_in_flat_memory(connect, caplog):
    """The limit is one that this machine can reach: the openai package takes 2 to 4 ms of a core for each request."""
    caplog.set_level("WARNING")
    limit = min(HIGHEST_RATE, unpaced_rate(connect) / 2)
    with FaultServer(lambda _: ANSWER, keep_bodies=False) as server:
        client, memory = connect(server, requests_per_minute=60 * limit, concurrency=32), []
        for count, (request, outcome) in enumerate(client.complete(asks(NUMBER, schema={"description": PADDING})), 1):
            assert outcome.text
            assert request.schema
            if count % 200 == 0:
                memory.append(resident_megabytes())
        assert len(client.cache) == len(server.received) == NUMBER
        assert per_second(server) <= 1.1 * limit
        # Other work on the machine may have slowed us down for a while, or for good.
        assert best_rate(server) >= 0.9 * min(limit, unpaced_rate(connect) / 2)
        # of the 1,200 requests and answers between the second look and the last, either alone is more than 20 MB
        assert memory[-1] - memory[1] < 15
