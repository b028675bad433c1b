"""``tod-bench judge``: an LLM judge, people's ratings, and how far they agree."""

import sys
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tod_bench.cli.judge_arena import arena_command
from tod_bench.cli.judge_card import card, cards
from tod_bench.cli.judge_panel import panel_command
from tod_bench.cli.judge_statistics import COMMANDS
from tod_bench.cli.options import (
    CORPUS_OPTIONS,
    DRY_RUN,
    FILE,
    FOLDER,
    PRICES,
    QUIET,
    REPLAY,
    SEED,
    SMALL,
    STORE,
    Option,
    RunByDefault,
    answers_option,
    corpus_option,
    format_option,
    output_option,
    workers_option,
)

if TYPE_CHECKING:
    from tod_bench.judge.config import JudgeConfig
    from tod_bench.judge.report import JudgeReport

_OPTIONS = (
    click.argument("config"),
    click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]..."),
    click.option("--judge", "model", metavar="MODEL", help="Who judges; `scripted` needs no key and no network."),
    output_option("the run; by default runs/judge/NAME_MODEL", "folder"),
    CORPUS_OPTIONS,
    workers_option(None, shown="what the config says", what="requests"),
    answers_option(),
    DRY_RUN,
    click.option(
        "--budget", type=click.FloatRange(min=0), metavar="USD", help="Stop before the runs of this folder spend more."
    ),
    click.option("--batch", is_flag=True, help="Go through the Batch API; the same command picks results up."),
    REPLAY,
    click.option("--reparse", is_flag=True, help="Read the stored answers again; asks nothing."),
    click.option("--repeats", type=click.IntRange(min=1), help="Ask everything so often."),
    click.option("--orders", type=click.Choice(["both", "fixed"]), help="Pairwise: both orders of every pair or one."),
    click.option(
        "--protocol", type=click.Choice(["tod_bench", "picpersona"]), help="How answers are asked for and read."
    ),
    click.option("--prompt", type=FILE, help="Your own prompt template."),
    PRICES,
    format_option("markdown", "json"),
    QUIET,
)


def _judging(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.group(cls=RunByDefault, subcommand_metavar="CONFIG | COMMAND [ARGS]...")
def command() -> None:
    """Ask an LLM judge, or people, and say how far they can be believed.

    CONFIG is a judge config, by name or path; `tod-bench judge run --help` has its options.

    \b
    Examples:
      tod-bench judge judge_likert --judge scripted
      tod-bench judge judge_pairwise --judge gpt-4o --dry-run
      tod-bench judge people ratings.csv --run runs/judge/judge_likert_gpt-4o
    """


@command.command()
@_judging
def run(**options: Any) -> None:
    """Ask a judge what CONFIG says: the same as `tod-bench judge CONFIG`.

    --dry-run counts the requests and the tokens, and says what they would cost.

    \b
    Examples:
      tod-bench judge judge_likert --judge gpt-4o --budget 5
      tod-bench judge judge_pairwise --judge gpt-4o --repeats 3 -o runs/judge/mine
    """
    _judge(_config(options), options)


def _of_task(task: str) -> click.Command:
    """The command of version 0.1 that runs configs of one task."""

    @_judging
    def run_task(**options: Any) -> None:
        from tod_bench.errors import UserError

        config = _config(options)
        if config.task != task:
            raise UserError(f"{options['config']} is a config for `tod-bench judge {config.task}`, not {task}")
        _judge(config, options)

    return click.command(task, hidden=True)(run_task)


for _task in ("likert", "pairwise", "emotions"):
    command.add_command(_of_task(_task))


@command.command()
@_judging
def ablation(**options: Any) -> None:
    """Judge again with shuffled and blank personas: scores must fall.

    CONFIG is a Likert or pairwise config.

    \b
    Example:
      tod-bench judge ablation judge_likert --judge gpt-4o
    """
    from tod_bench.judge.calling import ablated

    _judge(ablated(_config(options)), options, ablation=True)


@command.command()
@click.argument("ratings", type=FILE, required=False)
@click.option("--human", type=FILE, hidden=True)
@click.option(
    "--run", "folder", cls=Option, old=("--judge",), type=FOLDER, help="The folder of a judge run over the same items."
)
@click.option("--versions", metavar="FIRST,SECOND", help="Names of the two versions of a pair.")
@click.option(
    "--questions", metavar="FILE", help="The file of your own questions that were rated; the run's if left out."
)
@click.option("--level", type=click.Choice(["nominal", "ordinal", "interval"]), help="Level of measurement.")
@click.option("--published", metavar="NAME", help="Published table to print beside, e.g. table3.")
@output_option("every number, as JSON", old=("--json",))
def people(
    ratings: Path | None,
    human: Path | None,
    folder: Path | None,
    versions: str | None,
    questions: str | None,
    level: Any,
    published: str | None,
    output: Path | None,
) -> None:
    """Report a study with people, and how far people and judge agree.

    RATINGS is a CSV file; docs/judge.md has its forms.

    \b
    Examples:
      tod-bench judge people ratings.csv
      tod-bench judge people ratings.csv --run runs/judge/judge_likert_gpt-4o
      tod-bench judge people ratings.csv --questions repair.yaml
    """
    from tod_bench.files import write_json
    from tod_bench.judge.markdown import published_section, study_markdown
    from tod_bench.judge.own_questions import load_questions
    from tod_bench.judge.people import read_study
    from tod_bench.judge.run import stored_questions, stored_ratings

    path = ratings or human
    if path is None:
        raise click.UsageError("give a file of ratings, e.g. `tod-bench judge people ratings.csv`")
    judged, attributes, names = stored_ratings(folder) if folder else ([], {}, ())
    named = tuple(versions.split(",")) if versions else names
    own = load_questions(questions) if questions else stored_questions(folder) if folder else None
    study = read_study(path, judged, attributes=attributes, versions=named, level=level, own=own)
    click.echo(study_markdown(study, path.stem), nl=False)
    if published:
        click.echo("\n" + published_section(published))
    if output:
        write_json(output, study.to_json())


@command.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@output_option("the page, as HTML", required=True)
@corpus_option("with an eval config whose task `people` has ratings, its label in the config")
@click.option("--system", help="With an eval config: the label of the system whose responses are rated.")
@STORE
@SMALL
def page(
    config: str,
    overrides: tuple[str, ...],
    output: Path,
    corpus: str | None,
    system: str | None,
    store: Path,
    small: bool,
) -> None:
    """Write an annotation page for people: one HTML file that needs no server.

    CONFIG is a judge config of Likert, pairwise or own questions; or, with --corpus and --system, an eval config: the
    page then asks what the table needs.

    \b
    Examples:
      tod-bench judge page judge_likert -o page.html
      tod-bench judge page table4 --corpus BUS --system Pictor -o page.html
    """
    from tod_bench.config_files import config_path, read_yaml
    from tod_bench.errors import UserError
    from tod_bench.experiments.runner import people_config
    from tod_bench.judge.annotation_page import write_annotation_page
    from tod_bench.judge.config import load_judge_config

    if corpus and system:
        asked = people_config(config, overrides, (corpus, system), store, small=small)
    elif "tasks" in read_yaml(config_path(config)):
        raise UserError(f"{config} is an eval config: give --corpus and --system, whose responses people are to rate")
    else:
        asked = load_judge_config(config, overrides)
    size = write_annotation_page(asked, output)
    click.echo(f"{output}: {size} items; open it in a browser, and read the exported CSV with `tod-bench judge people`")


@command.command()
@click.argument("item")
@click.option("--run", "folder", type=FOLDER, required=True, help="The folder of the judge run.")
def show(item: str, folder: Path) -> None:
    """Print everything that was asked and answered about one item.

    \b
    Example:
      tod-bench judge show sim-0007 --run runs/judge/judge_likert_gpt-4o
    """
    from tod_bench.judge.markdown import show_item

    click.echo(show_item(folder, item), nl=False)


@command.command()
@click.argument("folder", type=FOLDER)
@format_option("markdown", "json")
def report(folder: Path, output_format: str) -> None:
    """Make the report of a judge run anew from what is stored, and print it.

    \b
    Example:
      tod-bench judge report runs/judge/judge_likert_gpt-4o
    """
    from tod_bench.judge.run import report_of

    _print(report_of(folder), output_format)


@command.command()
@click.argument("first", type=FOLDER)
@click.argument("second", type=FOLDER)
def compare(first: Path, second: Path) -> None:
    """Test every number that two judge runs share, over the items that both judged.

    \b
    Example:
      tod-bench judge compare runs/judge/mine_gpt-4o runs/judge/mine_gpt-4o-mini
    """
    from tod_bench.judge.calling import compare_runs
    from tod_bench.judge.sections import tests_section

    click.echo(tests_section(f"{first} against {second}", compare_runs(first, second)))


@command.command()
@output_option("the report and its numbers", "folder", default=Path("results/judge_simulation"))
@click.option("--replicates", type=click.IntRange(min=1), default=20, show_default=True, help="Studies a row.")
@click.option("--items", type=click.IntRange(min=20), default=120, show_default=True, help="Dialogues a study.")
@SEED
def simulate(output: Path, replicates: int, items: int, seed: int) -> None:
    """Show what the protocols conclude from judges whose faults are known.

    \b
    Example:
      tod-bench judge simulate -o results/judge_simulation
    """
    from tod_bench.judge.simulation_report import simulation_markdown, write_simulation

    click.echo(simulation_markdown(write_simulation(output, replicates, items, seed)), nl=False)


for _command in (*COMMANDS, card, cards, arena_command, panel_command):
    command.add_command(_command)

for _before, _now in (("audit", ablation), ("agreement", people), ("form", page)):
    _alias = copy(_now)
    _alias.hidden = True
    command.add_command(_alias, _before)


def _config(options: dict[str, Any]) -> "JudgeConfig":
    from tod_bench.judge.config import load_judge_config

    given = {
        "judge.model": "model",
        "judge.limits.concurrency": "workers",
        "repeats": "repeats",
        "orders": "orders",
        "protocol": "protocol",
        "prompt": "prompt",
    }
    overrides = [f"{key}={options[name]}" for key, name in given.items() if options[name] is not None]
    overrides += [f"corpus.options.{option}" for option in options["options"]]
    return load_judge_config(options["config"], (*options["overrides"], *overrides))


def _judge(config: "JudgeConfig", options: dict[str, Any], *, ablation: bool = False) -> None:
    from tod_bench.cli.printing import in_words
    from tod_bench.judge.calling import judge
    from tod_bench.judge.clients import Access, dry_run
    from tod_bench.judge.run import default_folder
    from tod_bench.progress import progress, quietly

    folder = options["output"] or default_folder(config, ablation=ablation)
    how: dict[str, Any] = {name: options[name] for name in ("cache", "budget", "replay", "batch", "prices")}
    if options["dry_run"]:
        click.echo(in_words(dry_run(config, Access(**how, spending=folder / "spending.sqlite"))))
        return
    with quietly(options["quiet"] or options["reparse"]), progress("judging", unit="queries") as shown:
        judged = judge(
            config,
            output=folder,
            **how,
            read_again=options["reparse"],
            started=shown.expect,
            settled=shown.advance,
        )
    if not options["quiet"]:
        click.echo(f"{folder}: judged.jsonl, report.json, report.md", err=True)
    _print(judged, options["output_format"])


def _print(report: "JudgeReport", output_format: str) -> None:
    """Prints a report, and ends with status 1 where more is unscored than the config allows."""
    from tod_bench.cli.printing import print_page
    from tod_bench.judge.markdown import markdown

    print_page(markdown(report), report.to_json(), output_format)
    if not report.trusted:
        rate, most = 100 * report.unscored_rate, 100 * report.max_unscored
        click.echo(
            f"tod-bench: {rate:.1f}% of the verdicts are unscored, more than the {most:.1f}% allowed (max_unscored); "
            "everything is saved, and the bounds beside each score say what they could do to it; commonest reason: "
            f"{report.provenance['commonest_problem'] or 'not asked'}",
            err=True,
        )
        sys.exit(1)
