"""What an agent behind HTTP costs a turn beside the same agent in the process.

python -m benchmarks.play_http [EPISODES]

The service is the one of docs/play.md in a process of its own, the user that of `play_quickstart`. Printed are
milliseconds an answer (a turn's call or text): median and 95th percentile over HTTP, in the process, and the medians'
difference.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from tod_bench.interact.agents import Talk
from tod_bench.interact.episode import Environment
from tod_bench.interact.http_agent import HTTPAgent, HTTPTalk
from tod_bench.interact.words.language import OwnWords
from tod_bench.simulated.corpus import Simulated

PAGE = Path(__file__).parent.parent / "docs" / "play.md"


def example() -> dict[str, Any]:
    """The names that the example service of the guide defines."""
    source = next(part for part in PAGE.read_text(encoding="utf-8").split("```python\n") if "class Service" in part)
    names: dict[str, Any] = {"__name__": "service"}
    exec(source.partition("```")[0], names)
    return names


def _serve(port: "Queue[int]") -> None:
    from http.server import ThreadingHTTPServer

    server = ThreadingHTTPServer(("127.0.0.1", 0), example()["Service"])
    port.put(server.server_port)
    server.serve_forever()


class _Here(HTTPAgent):
    """The example's answers without HTTP."""

    def __init__(self, reply: Any) -> None:
        super().__init__("http://127.0.0.1")
        self._reply = reply

    def post(self, value: Mapping[str, Any]) -> bytes:
        """Answers a turn."""
        return json.dumps(self._reply(value)).encode()


def milliseconds(environment: Environment, talks: Sequence[Talk]) -> list[float]:
    """The time of every answer, in the order of episodes."""
    taken = []
    for goal, talk in zip(environment.goals, talks, strict=True):
        episode = environment.reset(goal, 0)
        observation = episode.user()
        while observation is not None:
            began = time.perf_counter()
            reply = talk.act(observation)
            taken.append(1000 * (time.perf_counter() - began))
            observation = episode.agent(reply) or episode.user()
    return taken


def measured(episodes: int) -> Mapping[str, float]:
    """The figures: medians, 95th percentiles and the difference, in milliseconds."""
    environment = Environment(Simulated({"test": episodes}), language=OwnWords())
    reply = example()["reply"]
    context = get_context("spawn")
    port: Queue[int] = context.Queue()
    service = context.Process(target=_serve, args=(port,), daemon=True)
    service.start()
    try:
        agent = HTTPAgent(f"http://127.0.0.1:{port.get()}")
        over = sorted(milliseconds(environment, [HTTPTalk(agent) for _ in environment.goals]))
        here = sorted(milliseconds(environment, [HTTPTalk(_Here(reply)) for _ in environment.goals]))
        agent.close()
    finally:
        service.terminate()
        service.join()
    middle, late = len(over) // 2, int(len(over) * 0.95)
    return {
        "answers": len(over),
        "http": over[middle],
        "http95": over[late],
        "here": here[middle],
        "overhead": over[middle] - here[middle],
    }


def main() -> None:
    """Measures and prints."""
    figures = measured(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
    print(
        f"{figures['answers']:,.0f} answers: {figures['http']:.2f} ms over HTTP (95%: {figures['http95']:.2f}), "
        f"{figures['here']:.2f} in the process; {figures['overhead']:.2f} ms overhead"
    )


if __name__ == "__main__":
    main()
