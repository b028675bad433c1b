"""``tod-bench import``: another tool's prediction file turned into ours."""

from pathlib import Path

import click

SHOWN = 20
"""Mismatches that are printed; the rest are counted."""


@click.command()
@click.argument("form", metavar="FORMAT")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    "out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The prediction file to write.",
)
@click.option("--corpus", help="The corpus that was answered, to match ids and turns with.")
@click.option("--split", default="test", show_default=True, help="Its split, such as test or dev[:200].")
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the corpus's reader, such as version=2.1.",
)
@click.option("--partial", is_flag=True, help="Accept missing dialogues and turns.")
@click.option("--updates", is_flag=True, help="States are what each turn changes; add them up into whole states.")
def command(
    *,
    form: str,
    file: Path,
    out: Path,
    corpus: str | None,
    split: str,
    options: tuple[str, ...],
    partial: bool,
    updates: bool,
) -> None:
    """Turn another tool's prediction file into ours.

    FORMAT is mwzeval (MultiWOZ_Evaluation), pptod, trade or sgd (a folder in SGD's own layout). Whatever does not fit
    is told, and then nothing is written.

    \b
    Examples:
      tod-bench import mwzeval predictions.json -o predictions.jsonl --corpus multiwoz
      tod-bench import sgd dstc8_output/ -o predictions.jsonl --corpus sgd --split dev
    """
    from tod_bench.errors import UserError
    from tod_bench.importers import import_predictions
    from tod_bench.predictions import write_predictions
    from tod_bench.reports.corpora import open_with
    from tod_bench.splits import read_all

    dialogues = read_all(open_with(corpus, options), split) if corpus else None
    imported = import_predictions(form, file, dialogues, partial=partial, updates=updates)
    for line in (*imported.notices, *imported.mismatches[:SHOWN]):
        click.echo(line, err=True)
    if imported.mismatches:
        more = len(imported.mismatches) - SHOWN
        counted = f"{len(imported.mismatches)} mismatches" + (f", {more} of them not shown" if more > 0 else "")
        raise UserError(f"{file} was not imported: {counted}")
    write_predictions(out, imported.predictions)
    click.echo(f"{len(imported.predictions)} turns written to {out}", err=True)
