"""SmolLM2-135M-Instruct as the llm arm of `tod-bench personalise`: how often its answer is taken, and why not.

    python -m benchmarks.personalise_smollm2 multiwoz --option path=FOLDER -- --personas FOLDER/face
    python -m benchmarks.personalise_smollm2 simulated --dialogues 2 --work /tmp/s --out /tmp/s/page

It starts a server of the model's GGUF file, restyles the first test dialogues up to the stage `system`, and counts the
rows. What is made (with the dialogues) stays in the folder of work; the page and its JSON hold counts alone. Answers
are kept: the same command goes on where it was killed. What stands after the options goes to `tod-bench personalise` as
it is. So small a model rehearses the server arm, and says nothing of what a capable one does.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from benchmarks.command import help_text
from benchmarks.model_server import serve
from benchmarks.report import machine
from benchmarks.smollm2_server import (
    MODEL,
    SECONDS_TO_START,
    launch_of,
    model_record,
    model_words,
    portable,
    server_options,
)
from tod_bench.errors import UserError
from tod_bench.files import write_json, write_text
from tod_bench.personalise.rows import Row, StageFile

PORT = 8472
"""Answers are cached by address, so it is always the same."""

SIDES = ("user", "system")


@click.command(help=help_text(__doc__))
@click.argument("corpus")
@click.argument("further", nargs=-1)
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="Options of the corpus's reader.")
@click.option("--dialogues", type=click.IntRange(1), default=20, show_default=True, help="Test dialogues.")
@click.option("--context", default=4096, show_default=True, help="Tokens of prompt and answer.")
@server_options
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Of the model: masked=false, reasks=0.")
@click.option("--work", type=click.Path(path_type=Path), default=Path("runs/personalise_smollm2"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/personalise/smollm2"), show_default=True)
def main(
    corpus: str,
    further: tuple[str, ...],
    options: tuple[str, ...],
    dialogues: int,
    context: int,
    kind: str,
    program: str | None,
    slots: int,
    threads: int | None,
    settings: tuple[str, ...],
    work: Path,
    out: Path,
) -> None:
    """Restyles and counts."""
    began = time.perf_counter()
    try:
        launch, at_once = launch_of(kind, program, context, slots, threads)
        work.mkdir(parents=True, exist_ok=True)
        with serve(launch, seconds=SECONDS_TO_START, port=PORT, log=work / "server.log") as server:
            model = [f"model={MODEL}", f"base_url={server.base_url}", f"limits.concurrency={at_once}", *settings]
            words = command(corpus, options, dialogues, model, work, further)
            status = subprocess.run([sys.executable, "-m", "tod_bench.cli.main", *words], check=False).returncode
    except UserError as error:
        sys.exit(f"Error: {error}")
    if status:
        sys.exit(f"Error: the run ended with status {status}; the same command goes on where it stopped")
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "corpus": corpus,
        "dialogues": dialogues,
        "server": {"name": launch.name, "options": portable(launch.command), "at_once": at_once},
        "model": model_record(launch),
        "settings": list(settings),
        "counts": {side: counts(rows_of(work, side)) for side in SIDES},
        "seconds_of_this_run": round(time.perf_counter() - began),
        "machine": machine(),
    }
    write_json(out / "run.json", record)
    write_text(out / "README.md", page(record))
    print(out / "README.md")


def command(
    corpus: str, options: Sequence[str], dialogues: int, model: Sequence[str], work: Path, further: Sequence[str]
) -> list[str]:
    """The words of `tod-bench personalise`."""
    given = [word for option in options for word in ("--option", option)]
    asked = [word for setting in model for word in ("--llm", setting)]
    where = ["--split", f"test[:{dialogues}]", "--until", "system", "--output", str(work)]
    return ["personalise", corpus, *given, "--arm", "llm", *asked, *where, *further]


def rows_of(work: Path, side: str) -> list[Row]:
    """The rows of a stage.

    Raises:
        UserError: Another process writes them.
    """
    with StageFile(work / "stages" / f"{side}.jsonl") as rows:
        return list(rows)


def counts(rows: Iterable[Row]) -> dict[str, Any]:
    """Of some rows: who wrote the utterances, after how many answers, and why the rules had to."""
    made = list(rows)
    by_model = [row for row in made if row.value["by"] == "llm"]
    return {
        "utterances": len(made),
        "by_the_model": len(by_model),
        "at_the_first_answer": sum(not row.provenance["rejected"] for row in by_model),
        "fallbacks": dict(Counter(row.value["fallback"] for row in made if row.value["fallback"]).most_common()),
        "rejected_answers": dict(Counter(why for row in made for why in row.provenance["rejected"]).most_common()),
    }


def page(record: dict[str, Any]) -> str:
    """The page of the results."""
    server, computer = record["server"], record["machine"]
    lines = [
        "# SmolLM2-135M-Instruct as the llm arm",
        "",
        f"- Made on {record['date']} of {record['dialogues']} test dialogues of {record['corpus']}.",
        f"- Server: {server['name']}, {server['at_once']} request(s) at once.",
        f"- {model_words(record['model'])}",
        f"- Machine: {computer['cores']} cores of {computer['processor']}.",
        "- So small a model rehearses the server arm, and says nothing of what a capable one does.",
        "",
        "| side | utterances | written by the model | of these at once | fallback rate | why |",
        "|---|---|---|---|---|---|",
    ]
    for side, of_side in record["counts"].items():
        total, written = of_side["utterances"], of_side["by_the_model"]
        rate = f"{100 * (total - written) / total:.1f}%" if total else "-"
        why = ", ".join(f"{reason} {count}" for reason, count in of_side["fallbacks"].items()) or "-"
        lines.append(f"| {side} | {total} | {written} | {of_side['at_the_first_answer']} | {rate} | {why} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
