"""What every client can do, whichever way it reaches a model."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from tod_bench.llm.records import ChatRequest, Outcome, Spending


class ChatClient(Protocol):
    """Answers chat requests: over HTTP, through the Batch API, from a cache, or from a script.

    Attributes:
        base_url: The server's address, part of every request's key.
    """

    base_url: str

    def complete(self, requests: Iterable[ChatRequest | None]) -> Iterator[tuple[ChatRequest, Outcome]]:
        """Yields each request with its answer or failure, in the order in which they finish.

        `requests` is read as capacity frees, so that any number of them fits in memory. Closing the iterator cancels
        what is under way. Finished answers are in the cache before they are yielded.

        Where the next request depends on an answer that is still to come, `requests` yields None: it is then read again
        after at least one more request has ended and was yielded. Through the Batch API everything up to a None is
        one batch. See `tod_bench.llm.conversations`.

        Raises:
            UserError: Going on is pointless (bad key, no quota, unknown model) or not allowed (budget); what was in
                flight has been yielded first, and everything finished is in the cache.
            RuntimeError: `requests` yields None although nothing is under way.
        """
        ...

    def spending(self) -> Spending:
        """What has been used so far."""
        ...


def nothing_to_wait_for() -> RuntimeError:
    """The error to raise where requests wait for an outcome and none is still to come."""
    return RuntimeError("the requests wait for an answer, but nothing is under way")
