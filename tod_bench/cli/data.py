"""``tod-bench data``: fetch, count and check corpora."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tod_bench.cli.options import CORPUS_OPTIONS, JSON_FLAG, SPLITS, Verb, format_option, output_option


@click.group()
def command() -> None:
    """Fetch, check, count and show corpora.

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


@command.command(cls=Verb)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@CORPUS_OPTIONS
@format_option("table", "json")
@JSON_FLAG
def stats(names: tuple[str, ...], options: tuple[str, ...], output_format: str, as_json: bool) -> None:
    """Count corpora as Table 1 of PicPersona-TOD does, the published row below ours.

    \b
    Examples:
      tod-bench data stats multiwoz sgd
      tod-bench data stats multiwoz --option version=2.1 --option path=~/MultiWOZ_2.1
    """
    from tod_bench.reports.corpora import corpus_rows, print_rows, rows_as_json

    rows = [row for name in names for row in corpus_rows(name, options)]
    click.echo(rows_as_json(rows)) if as_json or output_format == "json" else print_rows(rows)


@command.command(cls=Verb)
@click.argument("name")
@CORPUS_OPTIONS
@SPLITS
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


@command.command(cls=Verb)
@click.argument("name", metavar="CORPUS")
@click.argument("dialogue", metavar="ID")
@CORPUS_OPTIONS
@SPLITS
@format_option("text", "json")
@JSON_FLAG
def show(
    *,
    name: str,
    dialogue: str,
    options: tuple[str, ...],
    splits: tuple[str, ...],
    output_format: str,
    as_json: bool,
) -> None:
    """Print a dialogue: who the user is and where their picture is, what is said, what changes in each turn.

    In a state, + is a new slot, * another value, - a slot that is gone.

    \b
    Examples:
      tod-bench data show simulated sim-test-00003 --split test
      tod-bench data show picpersona SNG0073 -o images=faces --format json
    """
    import json

    from tod_bench.reports.corpora import open_with
    from tod_bench.reports.dialogue import dialogue_json, dialogue_lines, picture_of
    from tod_bench.splits import find_dialogue

    corpus = open_with(name, options)
    shown = find_dialogue(corpus, dialogue, splits)
    picture = picture_of(corpus, shown.persona)
    if as_json or output_format == "json":
        click.echo(json.dumps(dialogue_json(shown, picture), indent=1))
        return
    for line in dialogue_lines(shown, picture):
        click.echo(line)


@command.command(cls=Verb)
@click.argument("name")
@CORPUS_OPTIONS
@output_option("new, with a file a split, or what datasets.load_from_disk loads", "folder", required=True)
@format_option("parquet", "jsonl", "datasets")
@click.option(
    "--rows", type=click.Choice(["dialogues", "turns"]), default="dialogues", show_default=True, help="What a row is."
)
@SPLITS
def export(
    *, name: str, options: tuple[str, ...], output: Path, output_format: Any, rows: Any, splits: tuple[str, ...]
) -> None:
    """Write a corpus as Parquet, JSON Lines or Hugging Face datasets.

    \b
    Examples:
      tod-bench data export simulated --format jsonl -o simulated_rows
      tod-bench data export sgd --split dev --format datasets --rows turns -o sgd_dev
    """
    from tod_bench.corpora.export import export as write
    from tod_bench.reports.corpora import open_with

    counts = write(open_with(name, options), output, output_format, rows=rows, splits=splits or None)
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
