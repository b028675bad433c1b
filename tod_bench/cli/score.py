"""``tod-bench score``: every number of a prediction file, under every protocol."""

import sys
from pathlib import Path
from typing import Any

import click

from tod_bench.cli.data import OPTIONS


@click.command()
@click.argument(
    "predictions", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="PREDICTIONS..."
)
@click.option("--corpus", required=True, help="The corpus that was answered.")
@click.option("--split", default="test", show_default=True, help="The split, such as test or dev[:200].")
@OPTIONS
@click.option("--task", type=click.Choice(["dst", "policy", "response"]), help="The task; all that the file answers.")
@click.option(
    "--metric",
    "-m",
    "metrics",
    multiple=True,
    help="A metric: name, name@protocol or 'name(option=value)@protocol'; may be repeated.",
)
@click.option("--protocol", "-p", "protocols", multiple=True, help="A protocol, e.g. trade+dropnone; may be repeated.")
@click.option("--without-bookings", is_flag=True, help="Leave the booking slots out.")
@click.option("--by-domain", is_flag=True, help="Show every metric by domain or service.")
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
@click.option("--errors", is_flag=True, help="Count the errors of states by class, slot and turn.")
@click.option("--updates", is_flag=True, help="States are what each turn changes; add them up into whole states.")
@click.option("--partial", is_flag=True, help="Accept missing turns; they count as wrong (responses: as empty).")
@click.option("--draws", type=click.IntRange(0), default=1000, show_default=True, help="Bootstrap draws; 0 for none.")
@click.option("--seed", default=0, show_default=True, help="Seed of the draws.")
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Also write scores as JSON.")
def command(
    *,
    predictions: tuple[Path, ...],
    corpus: str,
    split: str,
    options: tuple[str, ...],
    task: str | None,
    metrics: tuple[str, ...],
    protocols: tuple[str, ...],
    without_bookings: bool,
    by_domain: bool,
    groups: tuple[str, ...],
    explain: int,
    errors: bool,
    updates: bool,
    partial: bool,
    draws: int,
    seed: int,
    json_path: Path | None,
) -> None:
    """Score a prediction file: rows are metrics, columns are protocols.

    Several files are taken as shards of one. All turns of the split are the denominator.

    \b
    Examples:
      tod-bench score predictions.jsonl --corpus multiwoz --split test
      tod-bench score predictions.jsonl --corpus multiwoz --errors
      tod-bench score part1.jsonl part2.jsonl --corpus sgd -o view=frame -p tod_bench -p sgd --explain 5
      tod-bench score responses.jsonl --corpus multiwoz -m 'inform(state=gold)@mwzeval' -m success@mwzeval
    """
    from dataclasses import asdict

    from rich.console import Console

    from tod_bench.cli.printing import say
    from tod_bench.errors import MissingExtraError, UserError
    from tod_bench.progress import progress
    from tod_bench.reports.corpora import open_with
    from tod_bench.reports.protocol_table import print_disagreements, print_errors, print_protocol_table
    from tod_bench.scoring import (
        disagreements,
        error_table,
        predictions_for_split,
        protocol_table,
        tasks_answered,
        write_scores,
    )
    from tod_bench.splits import read_all

    opened = open_with(corpus, options)
    dialogues = read_all(opened, split)
    answers, notices = predictions_for_split(predictions, opened, split, dialogues)
    for notice in notices:
        say(notice)
    tasks = [name for name in tasks_answered(answers, metrics) if task in (None, name)]
    if not tasks:
        what = f"for {', '.join(metrics)} to score" if metrics else "to score"
        raise UserError(f"{', '.join(map(str, predictions))}: no turn has a predicted state, acts or response {what}")
    suffix = "+nobook" if without_bookings else ""
    tables = []
    with progress("scoring", len(tasks), unit="tasks", bar=False):
        for name in tasks:
            try:
                tables.append(
                    protocol_table(
                        name,
                        opened,
                        split,
                        dialogues,
                        answers,
                        metrics=metrics,
                        protocols=protocols,
                        suffix=suffix,
                        groups=groups,
                        partial=partial,
                        draws=draws,
                        seed=seed,
                        updates=updates,
                    )
                )
            except MissingExtraError as error:
                if metrics or len(tasks) == 1:
                    raise
                say(f"{name} is not scored: {error}")
    # Piped output has no width of its own, and a table folded at 80 columns cannot be read.
    console = Console() if sys.stdout.isatty() else Console(width=200)
    for table in tables:
        print_protocol_table(table, console, by_domain=by_domain)
        if explain:
            print_disagreements(disagreements(table, opened), table.protocols[0], explain, console)
    about: dict[str, Any] = {}
    if errors:
        states = [table for table in tables if table.task == "dst"]
        if not states:
            raise UserError("--errors counts errors of predicted states, and these predictions have none to score")
        counted = [error_table(table.pairing, opened.schema, table.protocols[0]) for table in states]
        for errors_of_states in counted:
            print_errors(errors_of_states, console)
        about["errors"] = [asdict(errors_of_states) for errors_of_states in counted]
    if json_path:
        write_scores(json_path, [score for table in tables for score in table.scores], notices=list(notices), **about)
