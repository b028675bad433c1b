"""``tod-bench run``: from a config to its table."""

import sys
from pathlib import Path
from typing import Any

import click

from tod_bench.cli.options import QUIET, SMALL, STORE, access_options, output_option, workers_option


@click.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@STORE
@SMALL
@workers_option()
@click.option(
    "--force",
    multiple=True,
    metavar="WHAT",
    help="Make again, although it is finished: fit, predict or score (with all that follows), a LABEL (a corpus, "
    "system, task or seed; several as LABEL/LABEL), or both as STEP:LABEL.",
)
@output_option("the table and the page; by default STORE/tables/NAME", "folder")
@access_options
@QUIET
def command(
    config: str,
    overrides: tuple[str, ...],
    store: Path,
    small: bool,
    workers: int,
    force: tuple[str, ...],
    output: Path | None,
    quiet: bool,
    **access: Any,
) -> None:
    """Run an eval config and print its table.

    CONFIG is a file or the name of a shipped config (`tod-bench list configs`). Experiments that are finished are not
    run again, unless what they were made from has changed (settings, the content of model folders and files, the source
    of systems and metrics) or --force names them; after a kill, the same command goes on. What is missing (files,
    ratings, a key) is said before anything runs; the rest is computed, and the table has dashes where numbers are
    missing.

    \b
    Examples:
      tod-bench run quickstart --workers 2
      tod-bench run table6 systems.t5-small.params.epochs=2 seeds=[1,2,3]
      tod-bench run table3 --small
      tod-bench run llm_dst --budget 5
      tod-bench run quickstart --force fit:t5-tiny/plain --force score:oracle
    """
    from rich.console import Console

    from tod_bench.console import console
    from tod_bench.progress import quietly
    from tod_bench.reports.html import needed
    from tod_bench.reports.writers import print_table
    from tod_bench.sweeps import run

    errors = Console(stderr=True)

    def announce(step: str) -> None:
        # A log has a line a minute instead; see `tod_bench.progress`.
        if errors.is_terminal and not quiet:
            errors.print(step, markup=False, highlight=False)

    with quietly(quiet):
        done = run(
            config,
            overrides,
            store=store,
            small=small,
            workers=workers,
            force=force,
            output=output,
            **access,
            notify=lambda sentence: click.echo(f"tod-bench: {sentence}", err=True),
            announce=announce,
        )
    print_table(done.table, console())
    if not quiet:
        pages = [path for path in done.files if path.suffix == ".html"]
        click.echo(f"\nTable: {', '.join(str(path) for path in done.files if path not in pages)}")
        click.echo(f"Page: {pages[0]}" if pages else f"No page: {needed()}")
        click.echo(f"Predictions: {store / 'predictions'}; results with provenance: {store / 'results'}")
    if not done.results:
        click.echo(f"tod-bench: nothing of {done.config.name} can be computed without what is missing", err=True)
        sys.exit(1)
