"""``tod-bench play``: a system talks to a simulated user."""

import shlex
from pathlib import Path

import click

from tod_bench.cli import play_exchange
from tod_bench.cli.options import (
    CACHE,
    FILE,
    PLAYED_WITH,
    PRICES,
    REPLAY,
    SMALL,
    RunByDefault,
    cluster_options,
    output_option,
    workers_option,
)


@click.group(cls=RunByDefault, subcommand_metavar="CONFIG | COMMAND [ARGS]...")
def command() -> None:
    """Play agents against a simulated user, over a corpus's goals and database.

    CONFIG is a file or the name of a shipped play config; `tod-bench play run --help` has the options.

    \b
    Examples:
      tod-bench play play_quickstart
      tod-bench play score runs/play/play_quickstart/rule.jsonl
      tod-bench play show runs/play/play_quickstart/rule.jsonl sim-test-00000
      tod-bench play user-card play_quickstart
    """


@command.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@workers_option()
@click.option("--backend", default="local", show_default=True, help="Where episodes are played: local or ray.")
@cluster_options("worker")
@SMALL
@click.option("--retry", is_flag=True, help="Play again what ended with a crash, a hang or a broken connection.")
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
    metavar="USD",
    help="Stop before plays with this cache spend more on models.",
)
@REPLAY
@PRICES
@CACHE
@output_option("episodes and scores; by default runs/play/NAME", "folder")
def run(
    config: str,
    overrides: tuple[str, ...],
    workers: int,
    backend: str,
    cpus: float,
    gpus: float,
    address: str | None,
    small: bool,
    retry: bool,
    budget: float | None,
    replay: bool,
    prices: Path | None,
    cache: Path | None,
    output: Path | None,
) -> None:
    """Play every agent of a config and print success with its interval.

    Episodes are kept one by one: the same command goes on where an earlier one broke off. With `--backend ray` they are
    played by as many workers as the cluster has processors for, and every machine must see the folder.

    \b
    Examples:
      tod-bench play play_quickstart
      tod-bench play play_quickstart trials=2 user.patience=5 -o runs/patient --workers 2
      tod-bench play play_multiwoz --small
      tod-bench play play_quickstart --backend ray --address auto
    """
    from tod_bench.backends import Resources
    from tod_bench.cli.printing import print_tables
    from tod_bench.interact.config import load_play
    from tod_bench.interact.play import MODELS
    from tod_bench.interact.run import run_play
    from tod_bench.llm.config import Access

    loaded = load_play(config, overrides, small=small)
    folder = output or Path("runs") / "play" / loaded.name
    access = Access(cache or folder / MODELS / "answers.sqlite", budget=budget, replay=replay, prices=prices)
    played = run_play(
        loaded,
        folder,
        workers=workers,
        backend=backend,
        resources=Resources(cpus=cpus, gpus=gpus, address=address),
        retry=retry,
        access=access,
    )
    print_tables(played)
    click.echo(f"episodes and scores: {played.folder}")


@command.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--agent", default="", metavar="NAME", help="The config's agent to talk to; the first one by default.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Port of the page.")
@output_option("episodes; by default runs/play/NAME", "folder")
def chat(config: str, overrides: tuple[str, ...], agent: str, port: int, output: Path | None) -> None:
    """Talk to an agent yourself: a page on this machine that shows a goal and takes what you type.

    The dialogues are episodes; Ctrl-C stops, and the same command goes on.

    \b
    Example:
      tod-bench play chat play_quickstart --agent rule goals=3 trials=1
    """
    from tod_bench.interact.config import load_play
    from tod_bench.interact.people import Desk
    from tod_bench.interact.run import chat_play

    loaded = load_play(config, overrides)
    with Desk(port) as desk:
        click.echo(f"the page: {desk.url}")
        journal = chat_play(loaded, agent, output or Path("runs") / "play" / loaded.name, desk)
    click.echo(f"episodes: {journal}")


@command.command()
@click.argument("episodes", type=FILE)
@PLAYED_WITH
def score(episodes: Path, config: str | None) -> None:
    """Score the episodes of a journal again: those of the goals and trials that its config names.

    \b
    Example:
      tod-bench play score runs/play/play_quickstart/rule.jsonl
    """
    from tod_bench.cli.printing import print_tables
    from tod_bench.interact.config import environment_of
    from tod_bench.interact.run import config_of, keys_of, score_journal

    loaded = config_of(episodes, config)
    environment = environment_of(loaded)
    print_tables(score_journal(episodes, environment.world, keys_of(loaded, environment, episodes)))


@command.command()
@click.argument("episodes", type=FILE, nargs=-1, required=True)
@PLAYED_WITH
@click.option("--goals", type=click.IntRange(min=1), default=100, show_default=True, help="Goals to show at the most.")
@output_option("the page; by default episodes.html beside the first journal", "file")
def browse(episodes: tuple[Path, ...], config: str | None, goals: int, output: Path | None) -> None:
    """Write a page to browse episodes: goals, turns, calls, ledgers, faults of the user.

    \b
    Example:
      tod-bench play browse runs/play/play_quickstart/rule.jsonl runs/play/play_quickstart/lying.jsonl
    """
    from tod_bench.interact.config import environment_of
    from tod_bench.interact.run import config_of
    from tod_bench.reports.episodes import write_episodes

    loaded = config_of(episodes[0], config)
    page = output or episodes[0].with_name("episodes.html")
    click.echo(f"the page: {write_episodes(episodes, environment_of(loaded).world, page, goals=goals)}")


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("static", type=FILE, required=False)
@workers_option()
def beside(folder: Path, static: Path | None, workers: int) -> None:
    """Set static scores of the same systems beside their episodes: does JGA tell success?

    FOLDER is that of a play; STATIC a JSON file of agent -> metric -> score. Without one, the trackers that played
    answer the recorded dialogues of the same goals. Their predictions are kept in FOLDER/recorded, so that the same
    command goes on where an earlier one broke off, and their scores are written to FOLDER/static.json.

    \b
    Examples:
      tod-bench play beside runs/play/play_multiwoz --workers 2
      tod-bench play beside runs/play/play_quickstart static.json
    """
    from tod_bench.cli.printing import print_tables
    from tod_bench.interact.beside import beside as set_beside
    from tod_bench.interact.beside import played_scores, static_scores
    from tod_bench.interact.recorded import RECORDED
    from tod_bench.interact.run import config_in
    from tod_bench.interact.static import STATIC, beside_trackers

    if static is None:
        print_tables(beside_trackers(config_in(folder), folder, workers=workers))
        click.echo(f"predictions: {folder / RECORDED}; their scores: {folder / STATIC}")
    else:
        print_tables(set_beside(static_scores(static), played_scores(folder)))


@command.command("user-card")
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@output_option("README.md and user_card.json; by default runs/play/NAME/user_card", "folder")
def user_card(config: str, overrides: tuple[str, ...], output: Path | None) -> None:
    """Measure the simulated user: planted faults, alignment, distance from people, rankings.

    \b
    Examples:
      tod-bench play user-card play_quickstart
      tod-bench play user-card play_quickstart user.patience=5 -o runs/patient
    """
    from tod_bench.cli.printing import print_tables
    from tod_bench.interact.config import load_play
    from tod_bench.interact.user_card.card import user_card as measured

    loaded = load_play(config, overrides)
    folder = output or Path("runs") / "play" / loaded.name / "user_card"
    card = measured(loaded, folder)
    card.write(folder, shlex.join(["tod-bench", "play", "user-card", config, *overrides]))
    print_tables(card)
    click.echo(f"the card: {folder}")


@command.command()
@click.argument("episodes", type=FILE)
@click.argument("name")
@PLAYED_WITH
def show(episodes: Path, name: str, config: str | None) -> None:
    """Show an episode: goal, turns, calls, ledger, faults, outcome.

    NAME is the goal's id, or goal/trial.

    \b
    Example:
      tod-bench play show runs/play/play_quickstart/rule.jsonl sim-test-00000/1
    """
    from tod_bench.errors import printable
    from tod_bench.interact.config import environment_of
    from tod_bench.interact.run import config_of, found_episode
    from tod_bench.interact.showing import shown_episode

    record = found_episode(episodes, name)
    loaded = config_of(episodes, config)
    click.echo(printable(shown_episode(record, environment_of(loaded).world)), nl=False)


command.add_command(play_exchange.import_)
command.add_command(play_exchange.export)
