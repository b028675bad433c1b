"""``tod-bench judge alt-test``, ``correct``, ``plan-labels`` and ``import-ratings``: judges held against people."""

from pathlib import Path
from typing import Any

import click

from tod_bench.cli.options import FILE, format_option, output_option

_FILE_OR_FOLDER = click.Path(path_type=Path)
_QUESTION = click.option("--question", metavar="NAME", help="The question; all that both sides share by default.")
_LABELS = click.option(
    "--labels", type=FILE, required=True, help="People's ratings of some of the items, drawn at random: a CSV file."
)
_LABEL = click.option(
    "--label", metavar="ANSWER", help="For questions with labels: whose rate is meant; for pairs `second`, ties half."
)
_FORMAT = format_option("markdown", "json")


@click.command("alt-test")
@click.argument("ratings", type=FILE)
@click.option(
    "--judge", required=True, metavar="JUDGE", help="Its file of ratings, its run's folder, or a rater's name."
)
@click.option(
    "--epsilon",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.2,
    show_default=True,
    help="What the judge's lower price is worth: 0.2 against experts, 0.15 skilled raters, 0.1 crowd workers.",
)
@_QUESTION
@click.option("--level", type=click.Choice(["nominal", "ordinal", "interval"]), help="Level of measurement.")
@click.option(
    "--min-items", type=click.IntRange(min=2), default=30, show_default=True, help="Leave out raters with fewer items."
)
@click.option("--standardised", is_flag=True, help="Compare numbers less each rater's mean, over its deviation.")
@output_option("every comparison, as JSON")
@_FORMAT
def alt_test(
    ratings: Path,
    judge: str,
    epsilon: float,
    question: str | None,
    level: Any,
    min_items: int,
    standardised: bool,
    output: Path | None,
    output_format: str,
) -> None:
    """Test whether a judge may replace a person (alternative annotator test).

    RATINGS is a CSV file with the columns item, rater and value, and question and dialogue where there are several.

    \b
    Examples:
      tod-bench judge alt-test ratings.csv --judge runs/judge/judge_likert_gpt-4o --epsilon 0.15
      tod-bench judge alt-test ratings.csv --judge judge.csv --epsilon 0.1
    """
    from tod_bench.judge.alternative import may_replace, replacement_markdown

    found = may_replace(
        ratings,
        judge,
        epsilon=epsilon,
        question=question,
        level=level,
        least_items=min_items,
        standardised=standardised,
    )
    _show([one.to_json() for one in found], replacement_markdown(found, Path(judge).name), output, output_format)


@click.command()
@click.argument("judged", type=_FILE_OR_FOLDER)
@_LABELS
@_QUESTION
@_LABEL
@output_option("every number, as JSON")
@_FORMAT
def correct(
    judged: Path, labels: Path, question: str | None, label: str | None, output: Path | None, output_format: str
) -> None:
    """Correct a judge's scores by people's labels of some of its items.

    JUDGED is the folder of a judge run, or a CSV file of the judge's ratings of all items.

    \b
    Examples:
      tod-bench judge correct runs/judge/judge_likert_gpt-4o --labels people.csv
      tod-bench judge correct verdicts.csv --labels people.csv --label right
    """
    from tod_bench.judge.correction import correct as corrected
    from tod_bench.judge.correction import correction_markdown

    found = corrected(judged, labels, question=question, label=label)
    _show([one.to_json() for one in found], correction_markdown(found), output, output_format)


@click.command("plan-labels")
@click.argument("judged", type=_FILE_OR_FOLDER)
@_LABELS
@click.option(
    "--width",
    type=click.FloatRange(min=0, min_open=True),
    required=True,
    help="The interval's width, low end to high end, in the unit of the answers; of a rate 0.1 for 10 points.",
)
@_QUESTION
@_LABEL
@output_option("the plan, as JSON")
@_FORMAT
def plan_labels(
    judged: Path,
    labels: Path,
    width: float,
    question: str | None,
    label: str | None,
    output: Path | None,
    output_format: str,
) -> None:
    """Say how many labels narrow a corrected score's interval to a width.

    JUDGED and --labels are those of `tod-bench judge correct`.

    \b
    Example:
      tod-bench judge plan-labels runs/judge/judge_likert_gpt-4o --labels people.csv --width 0.2
    """
    from dataclasses import asdict

    from tod_bench.judge.correction import plan, plan_markdown

    plans = plan(judged, labels, width, question=question, label=label)
    _show(
        [{"question": sides.question, **asdict(one)} for sides, one in plans],
        plan_markdown(plans),
        output,
        output_format,
    )


@click.command("import-ratings")
@click.argument("name", type=click.Choice(["stanford_politeness", "fed"]))
@click.argument("files", type=FILE, nargs=-1, required=True)
@output_option("the ratings, as CSV", required=True)
def import_ratings(name: str, files: tuple[Path, ...], output: Path) -> None:
    """Write published human ratings as a CSV file of ratings.

    NAME is the set, FILES are its files: the two *.annotated.csv of the Stanford Politeness Corpus, or FED's
    fed_data.json. The CSV has no text of the set.

    \b
    Example:
      tod-bench judge import-ratings fed fed_data.json -o fed.csv
    """
    from tod_bench.judge.rating_sets import import_ratings as imported

    click.echo(f"{output}: {imported(name, files, output):,} ratings")


COMMANDS = (alt_test, correct, plan_labels, import_ratings)
"""The commands, which `tod-bench judge` takes up."""


def _show(records: list[dict[str, Any]], page: str, output: Path | None, output_format: str) -> None:
    from tod_bench.cli.printing import print_page
    from tod_bench.files import write_json

    print_page(page, records, output_format)
    if output:
        write_json(output, records)
