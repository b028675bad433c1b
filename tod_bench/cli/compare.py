"""``tod-bench compare``: which of two prediction files is better, and with what p."""

from pathlib import Path

import click

from tod_bench.cli.options import (
    BY_DOMAIN,
    CORPUS_OPTIONS,
    FILE,
    JSON_FLAG,
    METRICS,
    PARTIAL,
    SEED,
    SPLIT,
    Verb,
    corpus_option,
    draws_option,
    format_option,
    output_option,
)


@click.command(cls=Verb)
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@corpus_option(required=True)
@SPLIT
@CORPUS_OPTIONS
@METRICS
@click.option("--protocol", "-p", default="", help="The protocol of metrics that name none, e.g. trade+dropnone.")
@BY_DOMAIN
@PARTIAL
@draws_option(10_000, minimum=100)
@SEED
@click.option(
    "--power",
    type=click.FloatRange(0.5, 0.99),
    default=0.8,
    show_default=True,
    help="Power of the smallest difference that is called detectable.",
)
@format_option("table", "json", "csv", "markdown")
@output_option("the comparisons, as JSON, or as CSV or Markdown where its name ends in .csv or .md")
@JSON_FLAG
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
    output_format: str,
    output: Path | None,
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
    from tod_bench.api.scoring import compare
    from tod_bench.cli.printing import formatted, write_result
    from tod_bench.console import console
    from tod_bench.progress import progress
    from tod_bench.reports.comparison import print_comparisons
    from tod_bench.reports.corpora import open_with

    with progress("comparing", bar=False):
        compared = compare(
            a,
            b,
            open_with(corpus, options),
            split=split,
            metrics=metrics,
            protocol=protocol,
            by_domain=by_domain,
            partial=partial,
            draws=draws,
            seed=seed,
            power=power,
        )
    output_format = "json" if as_json else output_format
    if output_format == "table":
        print_comparisons(compared, compared.settings, (a, b), console())
    else:
        click.echo(formatted(compared, output_format, compared.to_json()), nl=False)
    if output:
        write_result(output, compared, compared.to_json())
