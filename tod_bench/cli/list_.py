"""``tod-bench list``: what is installed."""

import click

SORTS = ("corpora", "systems", "metrics", "configs")


@click.command()
@click.argument("sort", type=click.Choice(SORTS))
def command(sort: str) -> None:
    """List installed corpora, systems or metrics, or the shipped configs, each with its first line of documentation.

    \b
    Example:
      tod-bench list systems
    """
    from rich.console import Console

    from tod_bench.console import grid
    from tod_bench.experiments.catalogue import entries

    Console().print(grid((sort, ""), entries(sort), boxed=False))
