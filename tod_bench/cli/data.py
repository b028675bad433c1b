"""``tod-bench data``: fetch, count and check corpora."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

OPTIONS = click.option(
    "--option",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the corpus's reader, such as path=FOLDER or version=2.1.",
)


@click.group()
def command() -> None:
    """Fetch, check and count corpora.

    \b
    Example:
      tod-bench data check sgd
    """


@command.command()
@click.argument("name")
@click.option(
    "--from", "source", type=click.Path(path_type=Path, exists=True), help="A folder or archive with the files."
)
@click.option("--mirror", default="", metavar="URL", help="Where the files are under their names in the registry.")
def fetch(name: str, source: Path | None, mirror: str) -> None:
    """Bring a corpus's official files into the cache folder, checked against their checksums.

    What is there and intact is left alone; a download that broke off goes on where it was.

    \b
    Examples:
      tod-bench data fetch sgd
      tod-bench data fetch multiwoz2.2 --from ~/multiwoz
    """
    from tod_bench.corpora.fetch import fetch as bring
    from tod_bench.reports.corpora import fetched_lines

    with _downloads() as progress:
        done = bring(name, source=source, mirror=mirror, progress=progress)
    for line in fetched_lines(done):
        click.echo(line)
    sys.exit(1 if done.missing or done.unlike else 0)


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@OPTIONS
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print them.",
)
def stats(names: tuple[str, ...], options: tuple[str, ...], form: str) -> None:
    """Count corpora as Table 1 of PicPersona-TOD does, the published row below ours.

    \b
    Examples:
      tod-bench data stats multiwoz sgd
      tod-bench data stats multiwoz --option version=2.1 --option path=~/MultiWOZ_2.1
    """
    from tod_bench.reports.corpora import corpus_rows, print_rows, rows_as_json

    rows = [row for name in names for row in corpus_rows(name, options)]
    click.echo(rows_as_json(rows)) if form == "json" else print_rows(rows)


@command.command()
@click.argument("name")
@OPTIONS
@click.option("--split", "splits", multiple=True, help="Check this split only; may be given several times.")
@click.option("--list", "listed", type=click.IntRange(0), default=5, show_default=True, help="Show so many of a kind.")
def check(name: str, options: tuple[str, ...], splits: tuple[str, ...], listed: int) -> None:
    """Validate every record of a corpus; exits with 1 when a rule is broken.

    \b
    Example:
      tod-bench data check sgd --split dev
    """
    from tod_bench.reports.corpora import check_lines

    lines, broken = check_lines(name, options, splits, listed)
    for line in lines:
        click.echo(line)
    sys.exit(1 if broken else 0)


@command.command()
@click.argument("name")
@OPTIONS
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="A new folder to write."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "jsonl", "datasets"]),
    default="parquet",
    show_default=True,
    help="A file a split, or a folder for datasets.load_from_disk.",
)
@click.option(
    "--rows", type=click.Choice(["dialogues", "turns"]), default="dialogues", show_default=True, help="What a row is."
)
@click.option("--split", "splits", multiple=True, help="Export this split only; may be given several times.")
def export(*, name: str, options: tuple[str, ...], output: Path, form: Any, rows: Any, splits: tuple[str, ...]) -> None:
    """Write a corpus as Parquet, JSON Lines or Hugging Face datasets.

    \b
    Examples:
      tod-bench data export simulated --format jsonl -o simulated_rows
      tod-bench data export sgd --split dev --format datasets --rows turns -o sgd_dev
    """
    from tod_bench.corpora.export import export as write
    from tod_bench.reports.corpora import open_with

    counts = write(open_with(name, options), output, form, rows=rows, splits=splits or None)
    for split, count in counts.items():
        click.echo(f"{split}: {count:,} {rows}")
    click.echo(f"written to {output}")


@contextmanager
def _downloads() -> Iterator[Any]:
    """A progress display of downloads: bytes on a terminal, a line a minute elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from tod_bench.progress import progress

    console = Console(stderr=True)
    if not console.is_terminal:
        with progress("fetching", bar=False) as shown:
            yield lambda name, have, whole: shown.now(f"{name}, {have / 1e6:.0f} of {(whole or have) / 1e6:.0f} MB")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("fetching", total=None)
        yield lambda name, have, whole: bar.update(task, description=name, completed=have, total=whole)
