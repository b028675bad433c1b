"""A model that answers from a script: for tests, dry runs without a key, and simulations of a judge's faults.

Chance is drawn for each request by itself, from the seed and the request's key: the same requests get the same outcomes
in any order and in any number of runs.
"""

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.client import nothing_to_wait_for
from tod_bench.llm.estimates import estimate_tokens
from tod_bench.llm.records import ChatAnswer, ChatFailure, ChatRequest, Outcome, Spending, ToolCall, Usage

SCRIPTED_FAILURE = ChatFailure("transient", "the script says so")

Hook = Callable[[ChatRequest, str, random.Random], str | ChatFailure]
"""Changes an answer (a position bias, noise, ...): from the request, the text so far and a source of chance."""


class ScriptedClient:
    """Answers requests with a function of theirs, in the order in which they come.

    Args:
        answer: The text, the functions that are called, or the failure, for a request.
        failure_rate: Share of the requests, from 0 to 1, that fail.
        failure: The failure that these have.
        latency: Seconds that every answer takes.
        seed: Seed of all chance.
        hooks: Applied to the text one after the other.
        cache: Where answers are kept and looked up; None keeps nothing.
        base_url: Stands for the server's address in keys.
    """

    def __init__(
        self,
        answer: Callable[[ChatRequest], str | tuple[ToolCall, ...] | ChatFailure],
        *,
        failure_rate: float = 0.0,
        failure: ChatFailure = SCRIPTED_FAILURE,
        latency: float = 0.0,
        seed: int = 0,
        hooks: Sequence[Hook] = (),
        cache: AnswerCache | None = None,
        base_url: str = "scripted://model",
    ) -> None:
        self.base_url, self.cache = base_url, cache
        self._answer, self._hooks = answer, tuple(hooks)
        self._failure_rate, self._failure = failure_rate, failure
        self._latency, self._seed = latency, seed
        self._spending = dict.fromkeys(("requests", "cached", "failed", "prompt_tokens", "completion_tokens"), 0)

    def complete(self, requests: Iterable[ChatRequest | None]) -> Iterator[tuple[ChatRequest, Outcome]]:
        """See `ChatClient.complete`."""
        for request in requests:
            if request is None:
                raise nothing_to_wait_for()
            yield request, self._outcome(request, request.key(self.base_url))

    def spending(self) -> Spending:
        """What was used: tokens are estimates, and nothing costs anything."""
        return Spending(**self._spending)

    def _outcome(self, request: ChatRequest, key: str) -> Outcome:
        kept = self.cache.get(key) if self.cache is not None else None
        if kept is not None:
            self._spending["cached"] += 1
            return kept
        time.sleep(self._latency)
        self._spending["requests"] += 1
        said = self._said(request, random.Random(f"{self._seed}:{key}"))
        if isinstance(said, ChatFailure):
            self._spending["failed"] += 1
            return said
        answer = self._as_answer(request, said)
        if self.cache is not None:
            self.cache.put(key, answer, asked=request.model, repeat=request.repeat)
        return answer

    def _said(self, request: ChatRequest, chance: random.Random) -> str | tuple[ToolCall, ...] | ChatFailure:
        if chance.random() < self._failure_rate:
            return self._failure
        said = self._answer(request)
        for hook in self._hooks:
            if not isinstance(said, str):
                break
            said = hook(request, said, chance)
        return said

    def _as_answer(self, request: ChatRequest, said: str | tuple[ToolCall, ...]) -> ChatAnswer:
        calls = () if isinstance(said, str) else said
        text = said if isinstance(said, str) else "".join(f"{call.name}{call.arguments}" for call in calls)
        usage = Usage(estimate_tokens(request), math.ceil(len(text.encode()) / 4))
        self._spending["prompt_tokens"] += usage.prompt_tokens
        self._spending["completion_tokens"] += usage.completion_tokens
        return ChatAnswer(
            "" if calls else text,
            "tool_calls" if calls else "stop",
            request.model,
            "scripted",
            usage,
            0.0,
            structured=request.schema is not None,
            tool_calls=calls,
        )
