import asyncio

import pytest

from tod_bench.llm.rate_limit import CATCH_UP_SECONDS, RateLimiter


class Clock:
    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.mark.parametrize(
    ("rpm", "tpm", "tokens", "slots"),
    [
        (60, None, [9, 9, 9], [0, 1, 2]),
        (None, 600, [10, 20, 10, 10], [0, 1, 3, 4]),
        (60, 600, [5, 50, 5, 5], [0, 1, 5.5, 6]),
        (None, None, [5, 50], [0, 0]),
        (3, None, [1, 1], [0, 20]),
        (None, 60, [500, 1], [0, 500]),
    ],
)
def test_slots_without_waiting(rpm, tpm, tokens, slots):
    clock = Clock()
    limiter = RateLimiter(rpm, tpm, clock)
    assert [limiter.take_slot(amount) - clock.time for amount in tokens] == pytest.approx(slots)


def test_idle_time_is_not_saved_up_beyond_a_second():
    clock = Clock()
    limiter = RateLimiter(600, None, clock)
    clock.time += 60
    started = sum(limiter.take_slot(1) <= clock.time for _ in range(100))
    assert started == 1 + int(CATCH_UP_SECONDS * 10)


def test_first_minute_holds_no_more_than_the_limit():
    clock = Clock()
    limiter = RateLimiter(500, None, clock)
    assert sum(limiter.take_slot(1) < clock.time + 60 for _ in range(2000)) == 500


def test_returned_tokens_are_free_again():
    clock = Clock()
    limiter = RateLimiter(None, 600, clock)
    limiter.take_slot(100)
    limiter.give_back(90)
    assert limiter.take_slot(1) - clock.time == pytest.approx(1.0)


def test_a_pause_holds_everyone_and_then_keeps_the_pace():
    async def run():
        limiter = RateLimiter(6000, None)
        began = asyncio.get_running_loop().time()
        done = []

        async def one(n):
            await limiter.start(1)
            done.append(asyncio.get_running_loop().time() - began)

        tasks = [asyncio.create_task(one(n)) for n in range(30)]
        await asyncio.sleep(0.05)
        limiter.pause(0.4)
        await asyncio.gather(*tasks)
        return done

    done = asyncio.run(run())
    before, after = [t for t in done if t < 0.1], [t for t in done if t >= 0.1]
    assert 3 <= len(before) <= 8
    assert min(after) >= 0.44
    assert len(done) == 30
