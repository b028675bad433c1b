"""``tod-bench score``: every number of a prediction file, under every protocol."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tod_bench.cli.options import (
    BY_DOMAIN,
    CORPUS_OPTIONS,
    FILE,
    METRICS,
    PARTIAL,
    SEED,
    SPLIT,
    UPDATES,
    Verb,
    corpus_option,
    draws_option,
    format_option,
    output_option,
)

if TYPE_CHECKING:
    from tod_bench.records import TaskName


@click.command(cls=Verb)
@click.argument("predictions", nargs=-1, required=True, type=FILE, metavar="PREDICTIONS...")
@corpus_option(required=True)
@SPLIT
@CORPUS_OPTIONS
@click.option("--task", type=click.Choice(["dst", "policy", "response"]), help="The task; all that the file answers.")
@METRICS
@click.option("--protocol", "-p", "protocols", multiple=True, help="A protocol, e.g. trade+dropnone; may be repeated.")
@click.option("--without-bookings", is_flag=True, help="Leave the booking slots out.")
@BY_DOMAIN
@click.option("--group", "groups", multiple=True, help="Add rows by age, gender, formality or emotion of the user.")
@click.option(
    "--explain",
    is_flag=False,
    flag_value=20,
    default=0,
    type=click.IntRange(0),
    metavar="[N]",
    help="Name the turns where protocols disagree with the first one, N slots each (20).",
)
@click.option(
    "--calibration",
    is_flag=True,
    help="Say how well the confidence of predicted states fits: AUROC, ECE, Brier score, risk and coverage.",
)
@click.option("--errors", is_flag=True, help="Count the errors of states by class, slot and turn.")
@UPDATES
@PARTIAL
@draws_option(1000)
@SEED
@format_option("table", "json", "csv", "markdown")
@output_option(
    "the scores, as JSON, or as CSV or Markdown where its name ends in .csv or .md; with --calibration its plots, "
    "where the name ends in .svg, .png, .pdf or .html, and their numbers beside them in a .json",
    old=("--json",),
)
def command(
    *,
    predictions: tuple[Path, ...],
    corpus: str,
    split: str,
    options: tuple[str, ...],
    task: "TaskName | None",
    metrics: tuple[str, ...],
    protocols: tuple[str, ...],
    without_bookings: bool,
    by_domain: bool,
    groups: tuple[str, ...],
    explain: int,
    calibration: bool,
    errors: bool,
    updates: bool,
    partial: bool,
    draws: int,
    seed: int,
    output_format: str,
    output: Path | None,
) -> None:
    """Score a prediction file: rows are metrics, columns are protocols.

    Several files are taken as shards of one. All turns of the split are the denominator.

    \b
    Examples:
      tod-bench score predictions.jsonl --corpus multiwoz --split test
      tod-bench score predictions.jsonl --corpus multiwoz --errors -o scores.json
      tod-bench score part1.jsonl part2.jsonl --corpus sgd --option view=frame -p tod_bench -p sgd --explain 5
      tod-bench score predictions.jsonl --corpus multiwoz -m jga --calibration -p trade -o calibration.svg
      tod-bench score predictions.jsonl --corpus multiwoz -m auroc -m 'ece(unit=turn)' -m unread_rate -m usd_per_turn
      tod-bench score responses.jsonl --corpus multiwoz -m 'inform(state=gold)@mwzeval' -m success@mwzeval
    """
    from tod_bench.api.scoring import score
    from tod_bench.cli.printing import formatted, say, write_result
    from tod_bench.console import console
    from tod_bench.progress import progress
    from tod_bench.reports.calibration import FIGURES, print_calibration
    from tod_bench.reports.corpora import open_with
    from tod_bench.reports.protocol_table import print_disagreements, print_errors, print_protocol_table
    from tod_bench.scoring import disagreements

    _check_output(output, output_format, calibration=calibration, explain=explain, errors=errors)
    with progress("scoring", bar=False):
        report = score(
            predictions,
            open_with(corpus, options),
            split=split,
            task=task,
            metrics=metrics,
            protocols=protocols,
            bookings=not without_bookings,
            groups=groups,
            updates=updates,
            calibration=calibration,
            partial=partial,
            draws=draws,
            seed=seed,
        )
    for notice in report.notices:
        say(notice)
    error_tables = report.errors() if errors else ()
    values: dict[str, Any] = report.to_json()
    if errors:
        values["errors"] = [asdict(counted) for counted in error_tables]
    if output_format != "table":
        click.echo(formatted(report, output_format, values), nl=False)
    else:
        out = console()
        for table in report.tables:
            print_protocol_table(table, out, by_domain=by_domain)
            if explain:
                print_disagreements(disagreements(table, report.corpus), table.protocols[0], explain, out)
        if report.calibration:
            print_calibration(report.calibration, out)
        for counted in error_tables:
            print_errors(counted, out)
    if output and output.suffix in FIGURES:
        numbers = report.write_calibration(output)
        say(f"the plots are in {output}, their numbers in {numbers}")
    elif output:
        write_result(output, report, values)


def _check_output(output: Path | None, output_format: str, *, calibration: bool, explain: int, errors: bool) -> None:
    """Refuses what cannot be written as it is asked for, before anything is computed."""
    from tod_bench.errors import UserError
    from tod_bench.reports.calibration import FIGURES

    if output and output.suffix in FIGURES and not calibration:
        raise UserError(
            f"{output} would be a plot of calibration; add --calibration, or name a .json, .csv or .md file"
        )
    if output_format != "table" and explain:
        raise UserError("--explain prints turns below a table; leave out --explain or --format")
    if output_format in ("csv", "markdown") and errors:
        raise UserError("--errors counts below a table or in JSON; leave out --errors, or take --format json")
