"""Conversations with a model, side by side: each waits for its own answers only.

A conversation is a generator: it yields a request, is sent the request's outcome, and returns what it made of it.

    def dialogue(turns):
        state = {}
        for turn in turns:
            outcome = yield request_about(turn, state)
            state = read(outcome, state)
        return state

    for state in converse(client, map(dialogue, dialogues), at_once=64):
        ...

Which client answers is all the same: one that keeps as many requests under way as a server takes, a cache, a script,
or the Batch API, for which the n-th requests of all open conversations are one batch.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Generic, TypeAlias, TypeVar

from tod_bench.llm.client import ChatClient
from tod_bench.llm.records import ChatRequest, Outcome

Result = TypeVar("Result")

Talk: TypeAlias = Generator[ChatRequest, Outcome, Result]
"""A conversation: what is asked, what is answered, and what comes of it."""


def converse(client: ChatClient, conversations: Iterable[Talk[Result]], at_once: int = 8) -> Iterator[Result]:
    """Holds conversations and yields what each returns, in the order in which they end.

    At most `at_once` are open; further ones are begun as others end, so that any number of them fits in memory. A
    client that is to be kept busy has fewer slots than that. A number and a blank stand before the tag of each request
    while it is under way.

    Args:
        client: Who answers.
        conversations: The conversations; read as there is room.
        at_once: How many are open at once, at most.

    Raises:
        UserError: Going on is pointless or not allowed, see `ChatClient.complete`; what ended before has been yielded.
    """
    yield from _Hall[Result](conversations, at_once).over(client)


@dataclass
class _Hall(Generic[Result]):
    """The conversations that are open.

    Attributes:
        source: Those that are still to begin.
        at_once: How many may be open.
        waiting: Those that wait for an outcome, by the number of their request.
        ready: Requests to be sent next.
        ended: Results to be yielded next.
    """

    source: Iterable[Talk[Result]]
    at_once: int
    waiting: dict[str, Talk[Result]] = field(default_factory=dict)
    ready: deque[ChatRequest] = field(default_factory=deque)
    ended: deque[Result] = field(default_factory=deque)
    _asked: int = 0

    def over(self, client: ChatClient) -> Iterator[Result]:
        for request, outcome in client.complete(self._requests()):
            self._go_on(self.waiting.pop(request.tag.partition(" ")[0]), outcome)
            while self.ended:
                yield self.ended.popleft()
        while self.ended:  # those that asked nothing at all
            yield self.ended.popleft()

    def _requests(self) -> Iterator[ChatRequest | None]:
        """Requests of open conversations first, then those of new ones; None while all that are open wait."""
        unread = iter(self.source)
        more = True
        while True:
            if self.ready:
                yield self.ready.popleft()
            elif more and len(self.waiting) < self.at_once:
                talk = next(unread, None)
                more = talk is not None
                if talk is not None:
                    self._go_on(talk, None)
            elif self.waiting:
                yield None
            else:
                return

    def _go_on(self, talk: Talk[Result], outcome: Outcome | None) -> None:
        """Sends a conversation an outcome (None to begin it); keeps what it asks or returns."""
        try:
            request = next(talk) if outcome is None else talk.send(outcome)
        except StopIteration as end:
            self.ended.append(end.value)
            return
        number = str(self._asked)
        self._asked += 1
        self.waiting[number] = talk
        self.ready.append(replace(request, tag=f"{number} {request.tag}"))
