"""``tod-bench play``: a system talks to a simulated user."""

from pathlib import Path

import click

from tod_bench.cli import play_exchange
from tod_bench.cli.options import FILE, RunByDefault, output_option, workers_option


@click.group(cls=RunByDefault, subcommand_metavar="CONFIG | COMMAND [ARGS]...")
def command() -> None:
    """Play agents against a simulated user, over a corpus's goals and database.

    CONFIG is a file or the name of a shipped play config; `tod-bench play run --help` has the options.

    \b
    Examples:
      tod-bench play play_quickstart
      tod-bench play score runs/play/play_quickstart/rule.jsonl
      tod-bench play show runs/play/play_quickstart/rule.jsonl sim-test-00000
    """


@command.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@workers_option()
@output_option("episodes and scores; by default runs/play/NAME", "folder")
def run(config: str, overrides: tuple[str, ...], workers: int, output: Path | None) -> None:
    """Play every agent of a config and print success with its interval.

    Episodes are kept one by one: the same command goes on where an earlier one broke off.

    \b
    Examples:
      tod-bench play play_quickstart
      tod-bench play play_quickstart trials=2 user.patience=5 -o runs/patient --workers 2
    """
    from rich.console import Console

    from tod_bench.console import grid
    from tod_bench.interact.config import load_play
    from tod_bench.interact.run import run_play

    loaded = load_play(config, overrides)
    played = run_play(loaded, output or Path("runs") / "play" / loaded.name, workers=workers)
    for table in played.grids():
        Console().print(grid(table.columns, [[str(cell) for cell in row] for row in table.rows]))
        for note in table.notes:
            click.echo(f"note: {note}")
    click.echo(f"episodes and scores: {played.folder}")


_CONFIG = click.option("--config", help="The play's config; by default play.json beside the episodes.")


@command.command()
@click.argument("episodes", type=FILE)
@_CONFIG
def score(episodes: Path, config: str | None) -> None:
    """Score the episodes of a journal again.

    \b
    Example:
      tod-bench play score runs/play/play_quickstart/rule.jsonl
    """
    from rich.console import Console

    from tod_bench.console import grid
    from tod_bench.interact.config import environment_of, load_play
    from tod_bench.interact.run import config_beside, score_journal

    loaded = load_play(config) if config else config_beside(episodes)
    for table in score_journal(episodes, environment_of(loaded).world).grids():
        Console().print(grid(table.columns, [[str(cell) for cell in row] for row in table.rows]))
        for note in table.notes:
            click.echo(f"note: {note}")


@command.command()
@click.argument("episodes", type=FILE)
@click.argument("name")
@_CONFIG
def show(episodes: Path, name: str, config: str | None) -> None:
    """Show an episode: goal, turns, calls, ledger, faults, outcome.

    NAME is the goal's id, or goal/trial.

    \b
    Example:
      tod-bench play show runs/play/play_quickstart/rule.jsonl sim-test-00000/1
    """
    from tod_bench.errors import printable
    from tod_bench.interact.config import environment_of, load_play
    from tod_bench.interact.run import config_beside, found_episode
    from tod_bench.interact.showing import shown_episode

    record = found_episode(episodes, name)
    loaded = load_play(config) if config else config_beside(episodes)
    click.echo(printable(shown_episode(record, environment_of(loaded).world)), nl=False)


command.add_command(play_exchange.import_)
command.add_command(play_exchange.export)
