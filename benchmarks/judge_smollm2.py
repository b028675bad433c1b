"""Cards of the smallest judge that there is to run: SmolLM2-135M-Instruct, served by llama.cpp, held to a grammar.

    python -m benchmarks.judge_smollm2 pairwise likert emotions     about 15 minutes on two quiet cores

Pairs and Likert questions are over 50 short dialogues of the embedded corpus (``results/judges/short_dialogues.json``),
emotions over 100 texts of GoEmotions. Answers are cached by address, so the port is fixed, and a run that was stopped
goes on. What its answers are worth stands on the cards; what this shows is that they can be read.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.model_server import Server, llama_cpp_python, serve, smollm2

PORT = 8099

RESULTS = Path("results/judges")

ITEMS = ("sample.ids=results/judges/short_dialogues.json", "--checked", "10")

TASKS: Mapping[str, Sequence[str]] = {
    "pairwise": ("judge_pairwise", "judge.certainty=false", *ITEMS),
    "likert": ("judge_likert", *ITEMS),
    "emotions": ("judge_emotions", "--labels", "goemotions", "--items", "100", "--checked", "10"),
}
"""Task -> config and options of its card."""


def command(task: str, server: Server, cache: Path) -> list[str]:
    """The command that makes the card of a task."""
    how = ("schema_output=json_object", "max_tokens=200", "limits.concurrency=1", "limits.timeout=900")
    judge = [f"judge.{setting}" for setting in (f"base_url={server.base_url}", *how)]
    program = [sys.executable, "-m", "tod_bench.cli.main", "judge", "card", *TASKS[task], *judge]
    return [*program, "--judge", server.model, "--cache", str(cache), "-o", str(RESULTS / f"smollm2-{task}")]


def main(tasks: Sequence[str]) -> None:
    """Makes the cards of some tasks, one after the other."""
    cache = Path("runs/judge/smollm2.sqlite")
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    with serve(llama_cpp_python(smollm2(), "smollm2", context=4096), port=PORT) as server:
        for task in tasks:
            subprocess.run(command(task, server, cache), check=True, env=environment)


if __name__ == "__main__":
    main(sys.argv[1:] or list(TASKS))
