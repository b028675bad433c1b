"""Lines for the terminal."""

import click

from tod_bench.errors import printable


def say(line: str) -> None:
    """Writes a line to standard error; text from files in it cannot steer the terminal."""
    click.echo(printable(line), err=True)
