"""``tod-bench validate``: every error of a config at once."""

import click

from tod_bench.cli.options import SMALL


@click.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@SMALL
def command(config: str, overrides: tuple[str, ...], small: bool) -> None:
    """Check an eval config: bind every key against the real signatures and report every error at once.

    The variants of its sweep are checked, too. What gold systems are shown is said, and what files or keys are missing.

    \b
    Example:
      tod-bench validate my_table.yaml
    """
    from tod_bench.sweeps import validate

    plan = validate(config, overrides, small=small)
    for sentence in plan.remarks():
        click.echo(f"note: {sentence}")
    for requirement in plan.missing:
        click.echo(f"missing: {requirement}")
    click.echo(f"{plan.config.name} is valid: {len(plan.experiments)} experiments")
