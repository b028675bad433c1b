"""An OpenAI-compatible server on the loopback interface that does wrong what it is told to do wrong.

It answers ``/v1/chat/completions`` and the files and batches endpoints with scripted text, records what it was asked
and counts what a real one would have billed, so that a test can prove that nothing was paid for twice.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from fault_server.batches import BatchEndpoint, BatchPlan
from fault_server.faults import Fault
from fault_server.http import HTTPReply, HTTPRequest, LoopbackServer

Script = Callable[[Mapping[str, Any]], str]
"""From the body of a request to the text of the answer."""


@dataclass(frozen=True)
class Received:
    """A request for a chat completion as the server got it.

    Attributes:
        number: Its number, from 0.
        body: The body; empty when the server was told not to keep bodies.
        authorization: The authorization header.
        at: `time.monotonic` at its arrival.
    """

    number: int
    body: Mapping[str, Any]
    authorization: str
    at: float


def echo(body: Mapping[str, Any]) -> str:
    """Answers with the last message's text, or with the JSON object that a schema asks for."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else json.dumps(content)


class FaultServer:
    """The server, as a context manager.

    Args:
        answer: The text of a good answer.
        faults: What goes wrong: by request number (a sequence), or by a function of the request.
        latency: Seconds that every completion takes.
        keep_bodies: Whether `received` holds the bodies (turn it off for long runs).
        plans: What becomes of the batches, in the order in which they are made; `BatchPlan()` after the last.

    Attributes:
        received: Every request for a completion.
        billed: Completions that a real server would have billed: finished and sent, or lost on the way back.
        batches: The files and batches endpoints' state.
    """

    def __init__(
        self,
        answer: Script = echo,
        *,
        faults: Sequence[Fault | None] | Callable[[Received], Fault | None] = (),
        latency: float = 0.0,
        keep_bodies: bool = True,
        plans: Sequence[BatchPlan] = (),
    ) -> None:
        self.received: list[Received] = []
        self.billed = 0
        self.batches = BatchEndpoint(lambda body: completion(body, answer(body), Fault()), plans)
        self._answer, self._faults, self._latency, self._keep_bodies = answer, faults, latency, keep_bodies
        self._server = LoopbackServer(self._handle)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    @property
    def base_url(self) -> str:
        """What to give a client as base URL."""
        return f"http://127.0.0.1:{self._server.port}/v1"

    async def _handle(self, request: HTTPRequest) -> HTTPReply:
        if request.path == "/v1/chat/completions":
            return await self._complete(request)
        status, value = self.batches.handle(request)
        return HTTPReply(status, value if isinstance(value, bytes) else json.dumps(value).encode())

    async def _complete(self, request: HTTPRequest) -> HTTPReply:
        body = json.loads(request.body)
        received = Received(len(self.received), body, request.headers.get("authorization", ""), time.monotonic())
        self.received.append(received if self._keep_bodies else Received(received.number, {}, "", received.at))
        fault = self._fault(received) or Fault()
        await asyncio.sleep(self._latency + fault.delay)
        if fault.status != 200:
            text = json.dumps({"error": fault.error}) if fault.raw is None else fault.raw
        else:
            self.billed += 1
            text = json.dumps(completion(body, self._answer(body), fault)) if fault.raw is None else fault.raw
        sent = text.encode() if isinstance(text, str) else text
        return HTTPReply(fault.status, sent, fault.headers, cut=fault.cut)

    def _fault(self, received: Received) -> Fault | None:
        if callable(self._faults):
            return self._faults(received)
        return self._faults[received.number] if received.number < len(self._faults) else None


def completion(body: Mapping[str, Any], text: str, fault: Fault) -> dict[str, Any]:
    """A chat completion in the API's form; one token for every four characters."""
    content = None if fault.refusal is not None else text if fault.content is None else fault.content
    prompt, written = len(json.dumps(body["messages"])) // 4 + 1, len(content or "") // 4 + 1
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": f"{body['model']}-2024-08-06",
        "system_fingerprint": "fp_test",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": fault.refusal},
                "finish_reason": fault.finish_reason,
            }
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written},
        **fault.fields,
    }
