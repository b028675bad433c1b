"""Two rate limits at once: requests a minute and tokens a minute.

Each limit is a clock that says when the next request may start; a request waits for the later of the two and moves
both on (the generic cell rate algorithm). aiolimiter, the usual library, does not fit: it starts with a full bucket, so
that the first minute holds twice the limit; it refuses an amount greater than its bucket, as a long prompt can be; it
cannot give back tokens that were counted in and not used, nor pause everyone when a reply carries Retry-After.
"""

import asyncio
import time
from collections.abc import Callable

CATCH_UP_SECONDS = 1.0
"""Unused time that the clocks may make up for: enough for a stalled loop, too little to overrun a minute's limit."""


class RateLimiter:
    """Lets requests start at the rate allowed; belongs to one event loop.

    Args:
        requests_per_minute: The limit on requests; None for none.
        tokens_per_minute: The limit on tokens, prompt and longest answer together; None for none.
        now: The clock, in seconds.
    """

    def __init__(
        self,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_request = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._per_token = 60.0 / tokens_per_minute if tokens_per_minute else 0.0
        self._now = now
        self._requests_at = self._tokens_at = self._resume_at = now()

    def begin(self) -> None:
        """Begins a run: time that passed before it is no unused time."""
        now = self._now()
        self._requests_at, self._tokens_at = max(self._requests_at, now), max(self._tokens_at, now)

    async def start(self, tokens: int) -> None:
        """Waits until a request of so many tokens may start."""
        while True:
            slot = self.take_slot(tokens)
            await asyncio.sleep(max(0.0, slot - self._now()))
            if slot >= self._resume_at:
                return
            self._requests_at -= self._per_request
            self.give_back(tokens)

    def take_slot(self, tokens: int) -> float:
        """The time at which a request of so many tokens may start; the clocks move on past it."""
        slot = max(self._now(), self._resume_at, self._requests_at, self._tokens_at)
        earliest = slot - CATCH_UP_SECONDS
        self._requests_at = max(self._requests_at, earliest) + self._per_request
        self._tokens_at = max(self._tokens_at, earliest) + tokens * self._per_token
        return slot

    def give_back(self, tokens: int) -> None:
        """Returns tokens that were counted in and not used."""
        self._tokens_at -= tokens * self._per_token

    def pause(self, seconds: float) -> None:
        """Holds every request that has not started for so long, as Retry-After asks."""
        self._resume_at = max(self._resume_at, self._now() + seconds)
