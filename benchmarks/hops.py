"""How far a reader walks from a printed number to its definition: what computing it runs through.

python -m benchmarks.hops jga                    # or: success, win_rate
python -m benchmarks.hops score predictions.jsonl --corpus simulated --metric jga@tod_bench
python -m benchmarks.hops judge run my_judge.yaml
python -m benchmarks.hops --from tod_bench.scoring.score:score_rows compare a.jsonl b.jsonl --corpus simulated

A single word names an entry, whose small inputs are made for the purpose; otherwise the arguments are those of
``tod-bench``. The command runs in this process, and every call of a function of `tod_bench` or `tod_metrics` is noted,
in threads too. Counted are calls below one function (``--from``): for ``score`` the one that takes predictions and
dialogues and gives scores, so that start-up, reading of files and corpora, and printing are out. For other verbs all
calls count but those of the packages in `APART`. Comprehensions and lambdas belong to the function that they stand in;
what modules do while they are imported is left out, and so is what a cache already knows.

What is counted is listed in two sections. "The number" leads from matched pairs to the score: of dialogues and
predictions, their items, states, statistics, sums and intervals; of a judge, the reading of its answers, what two
orders of a pair say together, statistics, intervals and p. "Around it" is the rest, which is the same whatever the
metric: reading specs, building metrics, checks of gold, matching of ids, garbage collection, progress; a judge's
prompts, requests and stores, and the other numbers of its report. A function that both call is listed with the number.
"""

import io
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FrameType
from typing import Any

import click

from benchmarks.command import help_text

Functions = dict[str, set[str]]
"""File -> functions of it that were called."""

ROOTS = {
    name: Path(__file__).parent.parent / folder / name
    for name, folder in (("tod_bench", ""), ("tod_metrics", "metrics"))
}
STARTS = {"score": "tod_bench.scoring.score:score"}
"""Verb -> the function below which calls are counted; without one, calls of all packages but those of `APART` are."""

APART = ("cli", "corpora", "simulated", "reports", "files", "inputs", "progress", "errors", "binding", "config_files")
"""Start-up, reading and printing: not counted where a verb has no start."""


NUMBER = frozenset(
    {
        "tod_bench.scoring.score:score",
        "tod_bench.judge.verdicts:parse_verdict",
        "tod_bench.judge.ratings:ratings_of",
        *(f"tod_bench.judge.rows:{name}" for name in ("likert_rows", "pair_rows", "emotion_rows")),
    }
)
"""Functions that a number is made below."""

AROUND = frozenset(
    {
        *("tod_bench.scoring.gold", "tod_bench.scoring.metrics", "tod_bench.scoring.pairing:pair"),
        *("tod_bench.dialogue_ids", "tod_bench.gc", "tod_bench.progress", "tod_metrics.specs", "tod_metrics.registry"),
        *("tod_bench.judge.run", "tod_bench.judge.store", "tod_bench.judge.facts:Facts.watching"),
    }
)
"""Modules and functions that do not belong to a number though they are called on its way, nor what they call."""


class Tracer:
    """Notes calls of our functions.

    Args:
        start: ``module:function`` below which calls are counted; empty for all calls outside of `APART`.

    Attributes:
        functions: All that are counted.
        number: Those of them that make the number.
    """

    def __init__(self, start: str) -> None:
        self.functions: Functions = {}
        self.number: Functions = {}
        self._start = start
        self._settled: set[CodeType] = set()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """One event of ``sys.setprofile``."""
        del argument
        code = frame.f_code
        if event != "call" or code in self._settled:
            return
        file = _file(code)
        if not file or code.co_name.startswith("<"):
            self._settled.add(code)
            return
        counts, makes_number = self._place(frame)
        if counts:
            self.functions.setdefault(file, set()).add(code.co_qualname)
        if counts and makes_number:
            self._settled.add(code)
            self.number.setdefault(file, set()).add(code.co_qualname)

    @property
    def around(self) -> Functions:
        """The functions that are counted and do not make the number."""
        rest = {file: names - self.number.get(file, set()) for file, names in self.functions.items()}
        return {file: names for file, names in rest.items() if names}

    def _place(self, frame: FrameType) -> tuple[bool, bool]:
        """Whether a call is below the start and not part of importing a module, and whether it makes the number."""
        counts = not self._start and not any(
            frame.f_globals["__name__"].startswith(f"tod_bench.{name}") for name in APART
        )
        makes_number: bool | None = None
        caller: FrameType | None = frame
        while caller is not None:
            if caller.f_code.co_name == "<module>" and _file(caller.f_code):
                return False, False
            module = caller.f_globals.get("__name__", "")
            function = f"{module}:{caller.f_code.co_qualname}"
            if makes_number is None and (function in NUMBER or function == self._start):
                makes_number = True
            elif makes_number is None and not AROUND.isdisjoint((module, function)):
                makes_number = False
            counts = counts or function == self._start
            caller = caller.f_back
        return counts, bool(makes_number)


def _file(code: CodeType) -> str:
    """The file of a function of ours, from its package on; empty for others'."""
    for name, folder in ROOTS.items():
        if code.co_filename.startswith(f"{folder}/"):
            return f"{name}/{Path(code.co_filename).relative_to(folder)}"
    return ""


def trace(arguments: list[str], start: str = "") -> Tracer:
    """Runs a command of ``tod-bench`` and notes what it calls.

    Args:
        arguments: The command line after ``tod-bench``.
        start: ``module:function`` below which calls are counted; empty for the verb's own.
    """
    from tod_bench.cli.main import command

    tracer = Tracer(start or STARTS.get(arguments[0], ""))
    threading.setprofile(tracer)
    sys.setprofile(tracer)
    try:
        command(arguments, standalone_mode=False)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return tracer


def traced(arguments: list[str], start: str = "") -> Functions:
    """All functions that `trace` counts; arguments as there."""
    return trace(arguments, start).functions


def _score_arguments(folder: Path, metric: str) -> list[str]:
    """The scoring of a few simulated dialogues: gold answers, and empty ones in every third dialogue."""
    from tod_bench.corpora.base import open_corpus
    from tod_bench.predictions import write_predictions
    from tod_bench.tasks import gold_prediction

    file = folder / "predictions.jsonl"
    answers = []
    for number, dialogue in enumerate(open_corpus("simulated", dialogues={"test": 12}).dialogues("test")):
        gold = [gold_prediction(dialogue, turn) for turn in dialogue.turns]
        answers += [replace(answer, state={}, response="") for answer in gold] if number % 3 == 0 else gold
    write_predictions(file, answers)
    return ["score", str(file), "--corpus", "simulated", "-o", "dialogues={test: 12}", "--metric", metric]


def _judge_arguments(folder: Path) -> list[str]:
    """The judging of 24 pairs of responses, in both orders, by the scripted judge."""
    config = folder / "judge.yaml"
    config.write_text(
        """name: hops
task: pairwise
corpus: {corpus: simulated, options: {dialogues: {test: 40}}}
split: test
versions:
  original: {style: original}
  restyled: {style: personalised}
pair: [original, restyled]
sample: {items: 24, seed: 1}
judge: {model: scripted, certainty: true}
""",
        encoding="utf-8",
    )
    return ["judge", str(config), "--output", str(folder / "run"), "--cache", str(folder / "answers.sqlite")]


ENTRIES: Mapping[str, Callable[[Path], list[str]]] = {
    "jga": lambda folder: _score_arguments(folder, "jga@tod_bench"),
    "success": lambda folder: _score_arguments(folder, "success@mwzeval"),
    "win_rate": _judge_arguments,
}
"""Name of a number -> writes the inputs of a small example into a folder, and gives the arguments of ``tod-bench``."""


def listing(tracer: Tracer) -> str:
    """The files with their functions, section by section, and how many of each there are."""
    sections = {"The number": tracer.number, "Around it": tracer.around, "In all": tracer.functions}
    lines = []
    for title, functions in sections.items():
        lines.append(f"{title}: {len(functions)} files, {sum(map(len, functions.values()))} functions")
        if functions is not tracer.functions:
            lines += [f"  {file}: {', '.join(sorted(names))}" for file, names in sorted(functions.items())]
    return "\n".join(lines)


@click.command(help=help_text(__doc__), context_settings={"ignore_unknown_options": True})
@click.option("--from", "start", default="", metavar="MODULE:FUNCTION", help="Count calls below this function.")
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def main(start: str, arguments: tuple[str, ...]) -> None:
    """Runs an entry without its output, or a command with it, and prints the listing."""
    entry = ENTRIES.get(arguments[0]) if len(arguments) == 1 else None
    with TemporaryDirectory() as folder, ExitStack() as silence:
        if entry:
            silence.enter_context(redirect_stdout(io.StringIO()))
            silence.enter_context(redirect_stderr(io.StringIO()))
        tracer = trace(entry(Path(folder)) if entry else list(arguments), start)
    print(listing(tracer))


if __name__ == "__main__":
    main()
