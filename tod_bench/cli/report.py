"""``tod-bench report``: the tables of finished runs, without running anything."""

from pathlib import Path

import click

from tod_bench.cli.options import FILE, STORE, format_option


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@STORE
@click.option("--config", "-c", "configs", multiple=True, help="Lay the run of this config out as it says now.")
@format_option("table", "json", "csv", "markdown", "latex", "html", old={"terminal": "table", "md": "markdown"})
@click.option("--html", "page", type=FILE, help="Also write one self-contained HTML page.")
@click.option(
    "--dialogues",
    type=click.IntRange(0),
    default=40,
    show_default=True,
    help="Dialogues of each corpus to embed in the HTML page.",
)
@click.option(
    "--judged",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Show the verdicts of a judge run in the HTML page; the folder that it wrote.",
)
def command(
    *,
    runs: tuple[str, ...],
    store: Path,
    configs: tuple[str, ...],
    output_format: str,
    page: Path | None,
    dialogues: int,
    judged: tuple[Path, ...],
) -> None:
    """Write the tables of finished runs.

    A RUN is the name of a config that was run into --store, the folder of a store, or a result file; all that --store
    has where none is given. Runs of one config, from one store or several, become one table.

    \b
    Examples:
      tod-bench report quickstart --html quickstart.html
      tod-bench report laptop/runs cluster/runs --config table6 --format latex > table6.tex
    """
    from tod_bench.console import console
    from tod_bench.reports.report import report
    from tod_bench.reports.writers import print_table

    form = {"table": "terminal", "markdown": "md"}.get(output_format, output_format)
    tables, text = report(runs, store, configs=configs, form=form, page=page, dialogues=dialogues, judged=judged)
    if form == "terminal":
        for table in tables:
            print_table(table, console())
    else:
        click.echo(text, nl=False)
    if page is not None:
        click.echo(f"Page: {page}", err=True)
