"""``tod-bench compare``: which of two prediction files is better, and with what p."""

import json
import sys
from pathlib import Path

import click

from tod_bench.cli.data import OPTIONS

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@click.option("--corpus", required=True, help="The corpus that both answered.")
@click.option("--split", default="test", show_default=True, help="The split, such as test or dev[:200].")
@OPTIONS
@click.option(
    "--metric",
    "-m",
    "metrics",
    multiple=True,
    help="A metric: name, name@protocol or 'name(option=value)@protocol'; may be repeated.",
)
@click.option("--protocol", default="", help="The protocol of metrics that name none.")
@click.option("--by-domain", is_flag=True, help="Also compare each domain or service.")
@click.option(
    "--partial", is_flag=True, help="Accept turns that both files lack; they count as wrong (responses: as empty)."
)
@click.option("--draws", type=click.IntRange(100), default=10_000, show_default=True, help="Swaps and bootstrap draws.")
@click.option("--seed", default=0, show_default=True, help="Seed of the draws.")
@click.option(
    "--power", type=click.FloatRange(0.5, 0.99), default=0.8, show_default=True, help="Power to resolve with."
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def command(
    *,
    a: Path,
    b: Path,
    corpus: str,
    split: str,
    options: tuple[str, ...],
    metrics: tuple[str, ...],
    protocol: str,
    by_domain: bool,
    partial: bool,
    draws: int,
    seed: int,
    power: float,
    as_json: bool,
) -> None:
    """Say which of two prediction files is better, by how much, and with what p.

    Dialogues are the units: approximate randomisation and the paired bootstrap, both two-sided and Holm-corrected over
    all that is compared, and the smallest difference that these dialogues could have shown at all.

    \b
    Examples:
      tod-bench compare ours.jsonl theirs.jsonl --corpus multiwoz --metric jga --metric slot_f1
      tod-bench compare ours.jsonl theirs.jsonl --corpus sgd --metric jga --protocol sgd --by-domain
    """
    from rich.console import Console

    from tod_bench.progress import progress
    from tod_bench.reports.comparison import print_comparisons
    from tod_bench.reports.corpora import open_with
    from tod_bench.scoring.comparison import Settings, compare_files

    settings = Settings(draws=draws, seed=seed, power=power)
    with progress("comparing", bar=False):
        found = compare_files(
            open_with(corpus, options),
            split,
            (a, b),
            metrics=metrics,
            protocol=protocol,
            by_domain=by_domain,
            partial=partial,
            settings=settings,
        )
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found], ensure_ascii=False, indent=2, allow_nan=False))
        return
    # Piped output has no width of its own, and a table folded at 80 columns cannot be read.
    print_comparisons(found, settings, (a, b), Console() if sys.stdout.isatty() else Console(width=200))
