"""How well `chat` keeps a server busy, and that its memory does not grow with the number of turns.

A server on the loopback interface, in a process of its own, answers every request after the same time and says when
each arrived and was answered. Dialogues are asked turn after turn (each prompt needs the state before), many side by
side. A slot is idle while fewer requests are under way than the server has slots; the end of the run, where fewer
dialogues than slots are left, is not counted.
"""

import asyncio
import json
import multiprocessing
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report import Row
from tod_baselines.chat.system import Chat
from tod_bench.corpora.base import open_corpus
from tod_bench.llm.config import Access, Limits
from tod_bench.llm.conversations import Talk, converse
from tod_bench.llm.records import ChatRequest, Message
from tod_bench.llm.scripted import ScriptedClient
from tod_bench.splits import read_all
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs

SLOTS = 64
LATENCY = 2.0
"""Seconds that the server takes: what a hosted model takes for some dozen tokens."""

DIALOGUES = 256
TURNS = 100_000
MOST_IDLE = 0.10
MOST_MEGABYTES = 20.0
"""Growth of the memory in use that passes for none."""

Span = tuple[float, float]
"""When a request arrived and when it was answered, in seconds of `time.monotonic`."""


def run(*, smoke: bool, out: Path) -> list[Row]:  # noqa: ARG001
    """The idle share of the slots, turns a second, and the growth of memory."""
    slots, latency, dialogues = (4, 0.2, 12) if smoke else (SLOTS, LATENCY, DIALOGUES)
    spans, ends = asked(slots, latency, dialogues)
    growth = memory_growth(2_000 if smoke else TURNS)
    busy = busy_share(spans, ends, slots)
    return [
        Row(f"idle share of {slots} slots, {latency:g} s an answer", "", (round(1 - busy, 4),), target=MOST_IDLE),
        Row(f"memory grown from a fifth of {TURNS:,} chained turns to all", "MB", (growth,), target=MOST_MEGABYTES),
    ]


def asked(slots: int, latency: float, number: int) -> tuple[list[Span], list[float]]:
    """Asks about simulated dialogues.

    Returns:
        The server's spans, and when each turn's prediction came out.
    """
    corpus = open_corpus("simulated", dialogues={"test": number})
    turns = turn_inputs(read_all(corpus, "test"), "dst")
    with serving(latency) as (url, report), TemporaryDirectory() as folder:
        system = Chat(model="fixed", base_url=url, limits=Limits(concurrency=slots))
        place = Path(folder)
        system.load(FitContext("dst", corpus.schema, 0, place, access=Access(place / "answers.sqlite")))
        ends = [time.monotonic() for _ in system.predict("dst", turns)]
        return report(), ends


def busy_share(spans: Sequence[Span], ends: Sequence[float], slots: int) -> float:
    """The share of the slots' time in which they had a request, until fewer dialogues than slots were left.

    A dialogue's predictions come out together when it ends, so that equal times are one dialogue.
    """
    dialogues = [end for end, later in zip(ends, [*ends[1:], float("inf")], strict=True) if later - end > 1e-3]
    first, last = min(began for began, _ in spans), dialogues[max(0, len(dialogues) - slots)]
    used = sum(max(0.0, min(end, last) - max(began, first)) for began, end in spans)
    return used / (slots * (last - first))


def memory_growth(turns: int) -> float:
    """Megabytes by which the memory of Python's objects grows over the last four fifths of so many turns."""
    tracemalloc.start()
    memory: list[float] = []

    def talk(number: int) -> Talk[int]:
        said = "x"
        for turn in range(10):
            outcome = yield ChatRequest("m", (Message("user", f"{number} {turn} {said} " + "dialogue " * 400),))
            said = getattr(outcome, "text", "")[:20]
        return number

    client = ScriptedClient(lambda request: str(request.messages[0].content)[:40] * 25)
    for done, _ in enumerate(converse(client, map(talk, range(turns // 10)), at_once=2 * SLOTS), start=1):
        if done in (turns // 50, turns // 10):
            memory.append(tracemalloc.get_traced_memory()[0] / 1e6)
    tracemalloc.stop()
    return round(memory[1] - memory[0], 2)


@contextmanager
def serving(latency: float) -> Iterator[tuple[str, Callable[[], list[Span]]]]:
    """A server in a process of its own: its address, and a function that ends it and gives its spans."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(latency, theirs), daemon=True)
    process.start()
    port = ours.recv()

    def report() -> list[Span]:
        ours.send("end")
        spans: list[Span] = ours.recv()
        return spans

    try:
        yield f"http://127.0.0.1:{port}/v1", report
    finally:
        process.terminate()
        process.join()


def _serve(latency: float, pipe: Connection) -> None:
    spans: list[Span] = []
    message = {"role": "assistant", "content": '{"slots": []}'}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1000, "completion_tokens": 5}
    body = json.dumps({"model": "fixed", "created": 0, "choices": [choice], "usage": usage}).encode()
    reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                began = time.monotonic()
                await asyncio.sleep(latency)
                writer.write(reply)
                spans.append((began, time.monotonic()))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        async with server:
            while not pipe.poll():
                await asyncio.sleep(0.05)
        pipe.send(spans)

    asyncio.run(serve())
