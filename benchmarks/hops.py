"""How far a reader walks from a printed number to its definition: what computing it runs through.

python -m benchmarks.hops score predictions.jsonl --corpus simulated --metric jga@tod_bench
python -m benchmarks.hops score predictions.jsonl --corpus simulated --metric success@mwzeval
python -m benchmarks.hops judge run my_judge.yaml
python -m benchmarks.hops --from tod_bench.scoring.score:score_rows compare a.jsonl b.jsonl --corpus simulated

The arguments are those of ``tod-bench``; the command runs in this process, and every call of a function of `tod_bench`
or `tod_metrics` is noted, in threads too. Counted are calls below one function (``--from``): for ``score`` the one that
takes predictions and dialogues and gives scores, so that choosing the metric, pairing, normalising, matching, summing
and the bootstrap are in, and start-up, reading of files and corpora, and printing are not. For other verbs all calls
count but those of the packages in `APART`. Comprehensions and lambdas belong to the function that they stand in; what
modules do while they are imported is left out, and so is what a cache already knows.
"""

import sys
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import click

ROOTS = {
    name: Path(__file__).parent.parent / folder / name
    for name, folder in (("tod_bench", ""), ("tod_metrics", "metrics"))
}
STARTS = {"score": "tod_bench.scoring.score:score"}
"""Verb -> the function below which calls are counted; without one, calls of all packages but those of `APART` are."""

APART = ("cli", "corpora", "simulated", "reports", "files", "inputs", "progress", "errors", "binding", "config_files")
"""Start-up, reading and printing: not counted where a verb has no start."""


class Tracer:
    """Notes calls of our functions.

    Args:
        start: ``module:function`` below which calls are counted; empty for all calls outside of `APART`.
    """

    def __init__(self, start: str) -> None:
        self.functions: dict[str, set[str]] = {}
        self._start = tuple(start.split(":")) if start else None
        self._seen: set[CodeType] = set()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """One event of ``sys.setprofile``."""
        del argument
        code = frame.f_code
        if event != "call" or code in self._seen:
            return
        file = _file(code)
        if not file or code.co_name.startswith("<"):
            self._seen.add(code)
        elif self._counts(frame):
            self._seen.add(code)
            self.functions.setdefault(file, set()).add(code.co_qualname)

    def _counts(self, frame: FrameType) -> bool:
        """Whether a call is below the start, and not part of importing a module."""
        below = self._start is None and not any(
            frame.f_globals["__name__"].startswith(f"tod_bench.{name}") for name in APART
        )
        caller: FrameType | None = frame
        while caller is not None:
            if caller.f_code.co_name == "<module>" and _file(caller.f_code):
                return False
            below = below or (caller.f_globals.get("__name__"), caller.f_code.co_qualname) == self._start
            caller = caller.f_back
        return below


def _file(code: CodeType) -> str:
    """The file of a function of ours, from its package on; empty for others'."""
    for name, folder in ROOTS.items():
        if code.co_filename.startswith(f"{folder}/"):
            return f"{name}/{Path(code.co_filename).relative_to(folder)}"
    return ""


def traced(arguments: list[str], start: str = "") -> dict[str, set[str]]:
    """Runs a command of ``tod-bench`` and gives file -> functions that were called.

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
    return tracer.functions


@click.command(help=__doc__, context_settings={"ignore_unknown_options": True})
@click.option("--from", "start", default="", metavar="MODULE:FUNCTION", help="Count calls below this function.")
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def main(start: str, arguments: tuple[str, ...]) -> None:
    """Prints the files with their functions, and how many of each there are."""
    functions = traced(list(arguments), start)
    for file, names in sorted(functions.items()):
        print(f"{file}: {', '.join(sorted(names))}")
    print(f"{len(functions)} files, {sum(map(len, functions.values()))} functions")


if __name__ == "__main__":
    main()
