"""``tod-bench judge card`` and ``cards``: how far a judge can be believed, and many judges side by side."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tod_bench.cli.options import (
    DRY_RUN,
    FOLDER,
    PRICES,
    QUIET,
    REPLAY,
    answers_option,
    format_option,
    output_option,
)

if TYPE_CHECKING:
    from tod_bench.judge.cards.card import JudgeCard


@click.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--judge", "model", metavar="MODEL", help="Who judges; `scripted` and `classifier` need no key.")
@click.option(
    "--labels",
    type=click.Path(),
    metavar="FILE",
    help="What counts as right: people's ratings of the items, texts with emotion labels, or `goemotions`.",
)
@click.option("--items", type=click.IntRange(min=2), help="Judge so many items; what the config says by default.")
@click.option(
    "--checked",
    type=click.IntRange(min=2),
    default=50,
    show_default=True,
    help="Items that are asked again for checks.",
)
@output_option("the card; by default runs/judge/cards/NAME_MODEL", "folder")
@answers_option()
@click.option("--budget", type=click.FloatRange(min=0), metavar="USD", help="Stop before this card's runs spend more.")
@DRY_RUN
@REPLAY
@PRICES
@format_option("markdown", "json")
@QUIET
def card(**options: Any) -> None:
    """Measure a judge: agreement, bias, use of the persona, what is unread, what it costs.

    CONFIG is a judge config; or a CSV file with the answers of a judge that cannot be asked, which are then held
    against --labels, people's ratings of the same items. Writes card.json, card.md and, where jinja2 is installed,
    card.html. The same command goes on after a stop.

    \b
    Examples:
      tod-bench judge card judge_emotions --judge classifier --labels goemotions
      tod-bench judge card judge_likert --judge gpt-4o --labels ratings.csv --budget 5
      tod-bench judge card answers.csv --labels ratings.csv -o cards/mine
    """
    _card(options)


@click.command()
@click.argument("folder", type=FOLDER)
@output_option("the table as Markdown, or HTML where the name ends in .html")
def cards(folder: Path, output: Path | None) -> None:
    """Lay the cards below FOLDER side by side: price against agreement, a row a judge and question.

    \b
    Example:
      tod-bench judge cards results/judges
    """
    from tod_bench.files import write_text
    from tod_bench.judge.cards.pages import cards_markdown, read_cards

    found = read_cards(folder)
    if output is not None and output.suffix == ".html":
        from tod_bench.reports.judge_cards import cards_html

        write_text(output, cards_html(found))
    elif output is not None:
        write_text(output, cards_markdown(found))
    click.echo(cards_markdown(found), nl=False)


def _card(options: dict[str, Any]) -> None:
    """Makes a card, writes it in every form that can be made here, and prints it."""
    from tod_bench.cli.printing import in_words
    from tod_bench.judge.cards.making import card_dry_run, make_card
    from tod_bench.judge.clients import Access
    from tod_bench.judge.config import load_judge_config
    from tod_bench.judge.run import default_folder
    from tod_bench.progress import quietly

    if Path(options["config"]).suffix == ".csv":
        folder = options["output"] or Path("runs/judge/cards") / Path(options["config"]).stem
        _written(_of_files(options, folder), folder, options)
        return
    chosen = [f"judge.model={options['model']}"] if options["model"] else []
    config = load_judge_config(options["config"], [*options["overrides"], *chosen])
    folder = options["output"] or default_folder(config, Path("runs/judge/cards"))
    access = Access(options["cache"], options["budget"], options["replay"], prices=options["prices"])
    asked: dict[str, Any] = {name: options[name] for name in ("labels", "items", "checked")}
    if options["dry_run"]:
        click.echo(in_words(card_dry_run(config, access, **asked)))
        return
    with quietly(options["quiet"]):
        made = make_card(config, folder, access, **asked, command=_command_of(options))
    _written(made, folder, options)


def _of_files(options: dict[str, Any], folder: Path) -> "JudgeCard":
    """The card of a file of answers."""
    from tod_bench.errors import UserError
    from tod_bench.files import write_json
    from tod_bench.judge.cards.card import FILE
    from tod_bench.judge.cards.file_card import card_of_files

    if options["labels"] is None or options["model"] or options["overrides"] or options["dry_run"]:
        raise UserError(f"{options['config']} is a file of answers: give --labels FILE with it, and nothing of a judge")
    made = card_of_files(Path(options["config"]), Path(options["labels"]), command=_command_of(options))
    write_json(folder / FILE, made.to_json())
    return made


def _written(made: "JudgeCard", folder: Path, options: dict[str, Any]) -> None:
    """Writes a card in the forms for reading, and prints it."""
    from tod_bench.cli.printing import print_page
    from tod_bench.reports.html import can_render
    from tod_bench.reports.judge_cards import write_card_pages

    page = write_card_pages(made, folder)
    if not options["quiet"]:
        click.echo(f"{folder}: card.json, card.md" + (", card.html" if can_render() else ""), err=True)
    print_page(page, made.to_json(), options["output_format"])


def _command_of(options: dict[str, Any]) -> str:
    """The command that makes a card again; of places outside this folder the names alone, for they mean nothing else.

    A place of the machine's own has no place in a result.
    """
    settings = (given.partition("=") for given in options["overrides"])
    changed = [f"{key}{sign}{_place(value)}" for key, sign, value in settings]
    words = ["tod-bench", "judge", "card", _place(options["config"]), *changed]
    for flag, name in (("--judge", "model"), ("--labels", "labels"), ("--items", "items")):
        words += [flag, _place(str(options[name]))] if options[name] is not None else []
    words += [] if Path(options["config"]).suffix == ".csv" else ["--checked", str(options["checked"])]
    return shlex.join([*words, *(["-o", _place(str(options["output"]))] if options["output"] else [])])


def _place(text: str) -> str:
    return Path(text).name if Path(text).is_absolute() else text
