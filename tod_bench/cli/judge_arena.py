"""``tod-bench judge arena``: strengths of many systems from votes on pairs."""

from pathlib import Path
from typing import Any

import click

from tod_bench.cli.options import (
    DRY_RUN,
    FILE,
    PRICES,
    QUIET,
    REPLAY,
    SEED,
    SMALL,
    answers_option,
    draws_option,
    format_option,
    output_option,
)


@click.command("arena")
@click.argument("results", nargs=-1, required=True, metavar="RESULTS... | CONFIG")
@click.option("--features", type=FILE, help="CSV of further features: item,system and a column a feature.")
@click.option(
    "--control", "controls", multiple=True, metavar="FEATURE", help="Take a feature's influence out; `length` of runs."
)
@click.option(
    "--ties", type=click.Choice(["davidson", "half"]), default="davidson", show_default=True, help="What a tie is."
)
@click.option(
    "--ask",
    "votes",
    type=click.IntRange(min=0),
    default=0,
    help="Say which pairs so many further votes are best spent on.",
)
@draws_option(1000, minimum=100)
@SEED
@output_option("every number, as JSON")
@format_option("markdown", "json")
@click.option("--judge", "model", metavar="MODEL", help="With a config: who judges instead.")
@click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    help="With a config: where its runs are kept; by default runs/judge/NAME.",
)
@answers_option()
@click.option(
    "--budget", type=click.FloatRange(min=0), metavar="USD", help="With a config: stop before its runs spend more."
)
@DRY_RUN
@REPLAY
@PRICES
@SMALL
@QUIET
def arena_command(results: tuple[str, ...], **options: Any) -> None:
    """Rank many systems by votes on pairs of them.

    RESULTS are folders of pairwise judge runs, or CSV files of votes (item,first,second,winner); CONFIG is an arena
    config, by name or path, whose pairs are judged first. docs/judge.md says how strengths and ranks are found.

    \b
    Examples:
      tod-bench judge arena runs/judge/a_b runs/judge/b_c --control length --ask 200
      tod-bench judge arena votes.csv --features features.csv --control exclamations
      tod-bench judge arena judge_arena --small
    """
    from tod_bench.cli.printing import print_page
    from tod_bench.files import write_json
    from tod_bench.judge.arena import arena, arena_markdown, read_votes

    places, title, controls = [Path(name) for name in results], "Arena", options["controls"]
    if len(places) == 1 and not places[0].is_dir() and places[0].suffix.lower() != ".csv":
        places, title, asked = _judged(results[0], options)
        controls = controls or asked
        if options["dry_run"]:
            return
    found = arena(
        read_votes(places, options["features"]),
        controls=controls,
        ties=options["ties"],
        draws=options["draws"],
        seed=options["seed"],
        budget=options["votes"],
    )
    if options["output"]:
        write_json(options["output"], found.to_json())
    print_page(arena_markdown(found, title), found.to_json(), options["output_format"])


def _judged(name: str, options: dict[str, Any]) -> tuple[list[Path], str, tuple[str, ...]]:
    """Judges the pairs of an arena config: the folders of its runs, its title, and what it controls for."""
    from tod_bench.cli.printing import in_words
    from tod_bench.judge.several import ArenaConfig, Purse, estimates, load_study, pair_configs, run_pairs
    from tod_bench.progress import progress, quietly

    config = load_study(ArenaConfig, name, small=options["small"])
    folder = options["runs"] or Path("runs/judge") / config.name
    purse = Purse(options["cache"], options["budget"], options["replay"], options["prices"])
    if options["dry_run"]:
        for run, estimate in estimates(pair_configs(config, folder, options["model"]), purse).items():
            click.echo(f"{run}: {in_words(estimate)}")
        return [], "", ()
    with quietly(options["quiet"]), progress("judging", unit="queries") as shown:
        places = run_pairs(config, folder, purse, model=options["model"], started=shown.expect, settled=shown.advance)
    return places, config.title or config.name, config.controls
