"""``tod-bench judge``: an LLM judge, people's ratings, and how far they agree."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tod_bench.judge.config import JudgeConfig
    from tod_bench.judge.report import JudgeReport

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)

_OPTIONS = (
    click.argument("config"),
    click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]..."),
    click.option("--judge", "model", metavar="MODEL", help="Who judges; `scripted` needs no key and no network."),
    click.option("--output", type=_FOLDER, help="Folder of the run.  [default: runs/judge/NAME_MODEL]"),
    click.option("--cache", type=_FILE, default=Path("runs/judge/answers.sqlite"), show_default=True),
    click.option("--dry-run", is_flag=True, help="Print requests, tokens and price; ask nothing."),
    click.option(
        "--budget", type=click.FloatRange(min=0), metavar="USD", help="Stop before the runs of this folder spend more."
    ),
    click.option("--batch", is_flag=True, help="Go through the Batch API; the same command picks results up."),
    click.option("--replay", is_flag=True, help="Answer from the cache alone; needs no key."),
    click.option("--reparse", is_flag=True, help="Read the stored answers again; asks nothing."),
    click.option("--repeats", type=click.IntRange(min=1), help="Ask everything so often."),
    click.option("--orders", type=click.Choice(["both", "fixed"]), help="Pairwise: both orders of every pair or one."),
    click.option(
        "--protocol", type=click.Choice(["tod_bench", "picpersona"]), help="How answers are asked for and read."
    ),
    click.option("--prompt", type=_FILE, help="Your own prompt template."),
    click.option("--prices", type=_FILE, help="Your own price file."),
    click.option("--quiet", is_flag=True, help="Print the report only."),
)


def _judging(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.group()
def command() -> None:
    """Ask an LLM judge, or people, and say how far they can be believed.

    \b
    Examples:
      tod-bench judge likert judge_likert --judge scripted
      tod-bench judge pairwise judge_pairwise --judge gpt-4o --dry-run
      tod-bench judge agreement --human ratings.csv --judge runs/judge/judge_likert_gpt-4o
    """


@command.command()
@_judging
def likert(**options: Any) -> None:
    """Rate dialogues on a 4-point scale, question by question.

    \b
    Example:
      tod-bench judge likert judge_likert --judge gpt-4o --budget 5
    """
    _judge("likert", **options)


@command.command()
@_judging
def pairwise(**options: Any) -> None:
    """Say which of two systems is more personalised, in both orders.

    \b
    Example:
      tod-bench judge pairwise judge_pairwise --judge gpt-4o --repeats 3
    """
    _judge("pairwise", **options)


@command.command()
@_judging
def emotions(**options: Any) -> None:
    """Label the emotion of every system response (GoEmotions).

    \b
    Example:
      tod-bench judge emotions judge_emotions --judge gpt-4o --batch
    """
    _judge("emotions", **options)


@command.command()
@_judging
def audit(**options: Any) -> None:
    """Judge again with shuffled and blank personas: scores must fall.

    CONFIG is a Likert or pairwise config.

    \b
    Example:
      tod-bench judge audit judge_likert --judge gpt-4o
    """
    _judge("audit", **options)


@command.command()
@click.option("--human", type=_FILE, required=True, help="Ratings by people, CSV; see docs/judge.md for its forms.")
@click.option("--judge", "folder", type=_FOLDER, help="Folder of a judge run over the same items.")
@click.option("--versions", metavar="FIRST,SECOND", help="Names of the two versions of a pair.")
@click.option("--level", type=click.Choice(["nominal", "ordinal", "interval"]), help="Level of measurement.")
@click.option("--published", metavar="NAME", help="Published table to print beside, e.g. table3.")
@click.option("--json", "json_file", type=_FILE, help="Also write every number to this file.")
def agreement(
    human: Path, folder: Path | None, versions: str | None, level: Any, published: str | None, json_file: Path | None
) -> None:
    """Report a study with people, and how far people and judge agree.

    \b
    Examples:
      tod-bench judge agreement --human ratings.csv
      tod-bench judge agreement --human ratings.csv --judge runs/judge/judge_likert_gpt-4o
    """
    from tod_bench.files import write_json
    from tod_bench.judge.people import read_study, study_markdown
    from tod_bench.judge.published import published_section
    from tod_bench.judge.run import stored_ratings

    judged, attributes, names = stored_ratings(folder) if folder else ([], {}, ())
    named = tuple(versions.split(",")) if versions else names
    study = read_study(human, judged, attributes=attributes, versions=named, level=level)
    click.echo(study_markdown(study, human.stem), nl=False)
    if published:
        click.echo("\n" + published_section(published))
    if json_file:
        write_json(json_file, study.to_json())


@command.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--output", type=_FILE, required=True, help="The HTML file to write.")
@click.option("--corpus", help="Of an eval config whose task `people` has ratings: the corpus.")
@click.option("--system", help="The same: the system whose responses are rated.")
@click.option("--store", type=_FOLDER, default=Path("runs"), show_default=True, help="Where its responses are kept.")
@click.option("--small", is_flag=True, help="Of the eval config's small variant.")
def form(
    config: str,
    overrides: tuple[str, ...],
    output: Path,
    corpus: str | None,
    system: str | None,
    store: Path,
    small: bool,
) -> None:
    """Write a rating form for people: one HTML file that needs no server.

    CONFIG is a judge config, or, with --corpus and --system, an eval config: the form then asks what the table needs.

    \b
    Examples:
      tod-bench judge form judge_likert --output form.html
      tod-bench judge form table4 --corpus BUS --system Pictor --output form.html
    """
    from tod_bench.experiments.runner import people_config
    from tod_bench.judge.config import load_judge_config
    from tod_bench.judge.form import write_form

    if corpus and system:
        asked = people_config(config, overrides, (corpus, system), store, small=small)
    else:
        asked = load_judge_config(config, overrides)
    size = write_form(asked, output)
    click.echo(
        f"{output}: {size} items; open it in a browser, and read the exported CSV with `tod-bench judge agreement`"
    )


@command.command()
@click.argument("item")
@click.option("--run", "folder", type=_FOLDER, required=True, help="Folder of the judge run.")
def show(item: str, folder: Path) -> None:
    """Print everything that was asked and answered about one item.

    \b
    Example:
      tod-bench judge show sim-0007 --run runs/judge/judge_likert_gpt-4o
    """
    from tod_bench.judge.show import show_item

    click.echo(show_item(folder, item), nl=False)


@command.command()
@click.argument("folder", type=_FOLDER)
def report(folder: Path) -> None:
    """Make the report of a judge run anew from what is stored, and print it.

    \b
    Example:
      tod-bench judge report runs/judge/judge_likert_gpt-4o
    """
    from tod_bench.judge.markdown import markdown
    from tod_bench.judge.run import report_of

    found = report_of(folder)
    click.echo(markdown(found), nl=False)
    _check(found)


@command.command()
@click.option("--output", type=_FOLDER, default=Path("results/judge_simulation"), show_default=True)
@click.option("--replicates", type=click.IntRange(min=1), default=20, show_default=True, help="Studies a row.")
@click.option("--items", type=click.IntRange(min=20), default=120, show_default=True, help="Dialogues a study.")
@click.option("--seed", type=int, default=0, show_default=True)
def simulate(output: Path, replicates: int, items: int, seed: int) -> None:
    """Show what the protocols conclude from judges whose faults are known.

    \b
    Example:
      tod-bench judge simulate --output results/judge_simulation
    """
    from tod_bench.judge.simulation_report import simulation_markdown, write_simulation

    click.echo(simulation_markdown(write_simulation(output, replicates, items, seed)), nl=False)


def _judge(task: str, **options: Any) -> None:
    from tod_bench.judge.clients import Access, dry_run, open_client
    from tod_bench.judge.markdown import markdown
    from tod_bench.judge.run import default_folder, reparse, run
    from tod_bench.progress import progress, quietly

    config = _config(task, options)
    folder = options["output"] or default_folder(config, audit=task == "audit")
    access = Access(
        *(options["cache"], options["budget"], options["replay"], options["batch"], options["prices"]),
        spending=folder / "spending.sqlite",
    )
    if options["dry_run"]:
        _print_estimate(dry_run(config, access))
        return
    if options["reparse"]:
        found = reparse(config, folder)
    else:
        with quietly(options["quiet"]), progress("judging", unit="asks") as shown:
            client = open_client(config, access)
            found = run(config, folder, client, started=shown.expect, settled=shown.advance)
    click.echo(markdown(found), nl=False)
    if not options["quiet"]:
        click.echo(f"{folder}: judged.jsonl, report.json, report.md", err=True)
    _check(found)


def _config(task: str, options: dict[str, Any]) -> "JudgeConfig":
    from tod_bench.errors import UserError
    from tod_bench.judge.config import load_judge_config

    given = {
        "judge.model": "model",
        "repeats": "repeats",
        "orders": "orders",
        "protocol": "protocol",
        "prompt": "prompt",
    }
    overrides = [f"{key}={options[name]}" for key, name in given.items() if options[name] is not None]
    if task == "audit":
        overrides.append("personas=[own,shuffled,blank]")
    config = load_judge_config(options["config"], (*options["overrides"], *overrides))
    if task not in (config.task, "audit"):
        raise UserError(f"{options['config']} is a config for `tod-bench judge {config.task}`, not {task}")
    if task == "audit" and config.task == "emotions":
        raise UserError("an audit needs a Likert or pairwise config: emotion labels do not depend on the persona")
    return config


def _print_estimate(found: Any) -> None:
    price = "price not known (give --prices)" if found.usd is None else f"at most {found.usd:.2f} USD"
    click.echo(
        f"{found.requests} requests ({found.cached} more are in the cache), about {found.prompt_tokens} prompt tokens "
        f"({found.counter}), at most {found.completion_tokens} answer tokens; {price}, prices of {found.as_of}"
    )


def _check(report: "JudgeReport") -> None:
    if not report.trusted:
        rate, most = 100 * report.unscored_rate, 100 * report.max_unscored
        click.echo(
            f"tod-bench: {rate:.1f}% of the verdicts are unscored, more than the {most:.1f}% allowed (max_unscored); "
            "everything is saved, and the bounds beside each score say what they could do to it; commonest reason: "
            f"{report.provenance['commonest_problem'] or 'not asked'}",
            err=True,
        )
        sys.exit(1)
