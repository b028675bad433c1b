"""``tod-bench run``: from a config to its table."""

import sys
from pathlib import Path

import click

STORE = click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Where results are kept.",
)

SMALL = click.option(
    "--small", is_flag=True, help="The config's small variant: embedded corpus, scripted judge, seconds."
)


@click.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@STORE
@SMALL
@click.option("--jobs", default=1, show_default=True, help="Systems and corpora to run at a time, a process each.")
@click.option(
    "--force",
    multiple=True,
    metavar="WHAT",
    help="Make again, although it is finished: fit, predict or score (with all that follows), a LABEL (a corpus, "
    "system, task or seed; several as LABEL/LABEL), or both as STEP:LABEL.",
)
@click.option("--quiet", is_flag=True, help="Print the table only.")
def command(
    config: str,
    overrides: tuple[str, ...],
    store: Path,
    small: bool,
    jobs: int,
    force: tuple[str, ...],
    quiet: bool,
) -> None:
    """Run an eval config and print its table.

    CONFIG is a file or the name of a shipped config (`tod-bench list configs`). Cells that are finished are not run
    again, unless what they were made from has changed (settings, the content of model folders and files, the source of
    systems and metrics) or --force names them; after a kill, the same command goes on. What is missing (files, ratings,
    a key) is said before anything runs; the rest is computed, and the table has dashes where numbers are missing.

    \b
    Examples:
      tod-bench run quickstart --jobs 2
      tod-bench run table6 systems.t5-small.params.epochs=2 seeds=[1,2,3]
      tod-bench run table3 --small
      tod-bench run quickstart --force fit:t5-tiny/plain --force score:oracle
    """
    from rich.console import Console

    from tod_bench.experiments.forcing import forget
    from tod_bench.experiments.results import Experiment, Store
    from tod_bench.experiments.runner import run
    from tod_bench.progress import quietly
    from tod_bench.reports.html import can_render, needed
    from tod_bench.reports.opened import OpenedRun
    from tod_bench.reports.page import page_data, table_of, write_page
    from tod_bench.reports.runs import save_run, table_folder
    from tod_bench.reports.writers import print_table, write_table
    from tod_bench.sweeps import Resources, open_config, parts, run_all

    settings, plan = open_config(config, overrides, small=small)
    if force:
        counts = zip(forget(plan, Store(store), force), ("trainings", "predictions", "scores"), strict=True)
        click.echo(f"tod-bench: made again: {', '.join(f'{count} {what}' for count, what in counts)}", err=True)
    lacking = [*map(str, plan.needs)]
    for need in (*lacking, *(f"{settings.name} needs {sentence}" for sentence in settings.needs)):
        click.echo(f"tod-bench: {need}", err=True)
    console = Console(stderr=True)
    # A log has a line a minute instead; see `tod_bench.progress`.
    show = console.is_terminal and not quiet and jobs == 1

    def announce(experiment: Experiment, step: str) -> None:
        if show:
            number = plan.experiments.index(experiment) + 1
            console.print(f"[{number}/{len(plan.experiments)}] {experiment}: {step}", markup=False, highlight=False)

    with quietly(quiet):
        if jobs > 1:
            run_all(parts(settings), store, resources=Resources(workers=jobs))
        results = run(plan, Store(store), announce)
    done = save_run(store, settings, results, lacking=lacking)
    opened = OpenedRun(done, plan.corpora)
    table = table_of(done, opened)
    # Piped output has no width of its own, and a table folded at 80 columns cannot be read.
    print_table(table, Console() if sys.stdout.isatty() else Console(width=200))
    folder = table_folder(store, settings.name)
    paths = write_table(table, folder)
    page = write_page(page_data(done, opened=opened), folder / "page.html") if can_render() else None
    if not quiet:
        click.echo(f"\nTable: {', '.join(map(str, paths))}")
        click.echo(f"Page: {page}" if page else f"No page: {needed()}")
        click.echo(f"Predictions: {store / 'predictions'}; results with provenance: {store / 'results'}")
    if not results:
        click.echo(f"tod-bench: nothing of {settings.name} can be computed without what is missing", err=True)
        sys.exit(1)
