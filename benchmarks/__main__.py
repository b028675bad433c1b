"""Runs the benchmarks and writes one table and one JSON file.

python -m benchmarks                       all of them, into results/bench/cpu.md and cpu.json
python -m benchmarks training decoding     some of them
python -m benchmarks --smoke --out /tmp/b  all of them on next to nothing, to see that they run
"""

import sys
import time
from importlib import import_module
from pathlib import Path

import click

from benchmarks.command import help_text
from benchmarks.report import Row, write_report

BENCHES = (
    *("scoring", "responses", "bootstrap", "loading", "growth"),
    *("training", "decoding", "decoder", "processes", "chat"),
)


@click.command(help=help_text(__doc__))
@click.argument("names", nargs=-1, type=click.Choice(BENCHES))
@click.option("--smoke", is_flag=True, help="Tiny inputs: shows that everything runs, and measures nothing.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/bench"), help="Folder to write into.")
def main(names: tuple[str, ...], smoke: bool, out: Path) -> None:
    """Runs them one after the other."""
    rows: dict[str, list[Row]] = {}
    seconds: dict[str, float] = {}
    for name in names or BENCHES:
        began = time.perf_counter()
        rows[name] = import_module(f"benchmarks.bench_{name}").run(smoke=smoke, out=out)
        seconds[name] = round(time.perf_counter() - began, 1)
        print(f"{name}: {seconds[name]:.0f} s", file=sys.stderr)
        table = write_report(out / "cpu", rows, seconds=seconds, smoke=smoke)  # so that a kill loses one at most
    print(table)


if __name__ == "__main__":
    main()
