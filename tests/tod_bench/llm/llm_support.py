"""What the tests of the client share: a key, a schema, requests by number, outcomes by tag."""

from collections.abc import Iterable, Iterator
from typing import Any

from tod_bench.llm import ChatAnswer, ChatRequest, Message, Outcome

SCHEMA = {"type": "object", "properties": {"v": {"type": "string"}}, "required": ["v"], "additionalProperties": False}

KEY = "sk-proj-Zx81ABCDefgh7766LMNOPqrst4242wxyz"


def asks(number: int, **fields: Any) -> Iterator[ChatRequest]:
    """Requests 0 ... number-1, made only when they are taken."""
    for n in range(number):
        yield ChatRequest(
            **{"model": "gpt-4o", "messages": (Message("user", f"question {n}"),), "tag": str(n), **fields}
        )


class Counted:
    """Requests 0 ... number-1, and how many of them were taken."""

    def __init__(self, number: int) -> None:
        self.taken, self._number = 0, number

    def __iter__(self) -> Iterator[ChatRequest]:
        for request in asks(self._number):
            self.taken += 1
            yield request


def told(outcomes: Iterable[tuple[ChatRequest, Outcome]]) -> dict[str, str]:
    """Tag -> the answer's text, or the failure's reason in angle brackets."""
    return {
        request.tag: outcome.text if isinstance(outcome, ChatAnswer) else f"<{outcome.reason}>"
        for request, outcome in outcomes
    }
