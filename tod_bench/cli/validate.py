"""``tod-bench validate``: every error of a config at once."""

import click

from tod_bench.cli.run import SMALL


@click.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@SMALL
def command(config: str, overrides: tuple[str, ...], small: bool) -> None:
    """Check an eval config: bind every key against the real signatures and report every error at once.

    \b
    Example:
      tod-bench validate my_table.yaml
    """
    from tod_bench.cells import build
    from tod_bench.configs import load_config
    from tod_bench.reports.published import published_values

    settings = load_config(config, overrides, small=small)
    if settings.table.published:
        published_values(settings.table.published)
    board = build(settings, incomplete=True)
    for need in board.needs:
        click.echo(f"missing: {need}")
    click.echo(f"{settings.name} is valid: {len(board.cells)} cells")
