"""``tod-bench run``: from a config to its table."""

import sys
from pathlib import Path

import click

from tod_bench.cli.options import QUIET, SMALL, STORE, output_option, workers_option


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
      tod-bench run quickstart --force fit:t5-tiny/plain --force score:oracle
    """
    from rich.console import Console

    from tod_bench.progress import quietly
    from tod_bench.reports.html import can_render, needed
    from tod_bench.reports.opened import OpenedRun
    from tod_bench.reports.page import page_data, table_of, write_page
    from tod_bench.reports.runs import table_folder
    from tod_bench.reports.writers import print_table, write_table
    from tod_bench.sweeps import run

    console = Console(stderr=True)

    def announce(step: str) -> None:
        # A log has a line a minute instead; see `tod_bench.progress`.
        if console.is_terminal and not quiet:
            console.print(step, markup=False, highlight=False)

    with quietly(quiet):
        done = run(
            config,
            overrides,
            store=store,
            small=small,
            workers=workers,
            force=force,
            notify=lambda sentence: click.echo(f"tod-bench: {sentence}", err=True),
            announce=announce,
        )
    opened = OpenedRun(done.run, done.plan.corpora)
    table = table_of(done.run, opened)
    # Piped output has no width of its own, and a table folded at 80 columns cannot be read.
    print_table(table, Console() if sys.stdout.isatty() else Console(width=200))
    folder = output or table_folder(store, done.config.name)
    paths = write_table(table, folder)
    page = write_page(page_data(done.run, opened=opened), folder / "page.html") if can_render() else None
    if not quiet:
        click.echo(f"\nTable: {', '.join(map(str, paths))}")
        click.echo(f"Page: {page}" if page else f"No page: {needed()}")
        click.echo(f"Predictions: {store / 'predictions'}; results with provenance: {store / 'results'}")
    if not done.results:
        click.echo(f"tod-bench: nothing of {done.config.name} can be computed without what is missing", err=True)
        sys.exit(1)
