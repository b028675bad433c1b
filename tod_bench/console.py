"""Tables and lines on the terminal. Texts are shown as they are: no markup is read in them, and none steers it."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tod_bench.errors import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPED_WIDTH = 200
"""Columns of output that is piped: it has no width of its own, and a table folded at 80 columns cannot be read."""


def console() -> "Console":
    """Standard output for wide tables."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)


def grid(
    columns: Sequence[str],
    rows: Iterable[Iterable[object]] = (),
    *,
    left: int | None = None,
    title: str = "",
    boxed: bool = True,
    fold: bool = False,
) -> "Table":
    """A table to print.

    Args:
        columns: Names of the columns.
        rows: Its rows, a value for each column.
        left: How many columns, from the first on, are set to the left, the others to the right; None for all.
        title: What stands above it.
        boxed: Whether lines are drawn around its cells.
        fold: Whether a long word is broken, not cut off, where the terminal is narrow.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(printable(title), style="table.title") if title else None,
        title_justify="left",
        box=box.HEAVY_HEAD if boxed else None,
    )
    for index, column in enumerate(columns):
        table.add_column(
            Text(printable(column)),
            justify="left" if left is None or index < left else "right",
            overflow="fold" if fold else "ellipsis",
        )
    for row in rows:
        table.add_row(*(Text(printable(str(value))) for value in row))
    return table


def print_line(target: "Console", line: str, style: str = "") -> None:
    """Prints a line that the terminal wraps, so that it is copied as one."""
    from rich.text import Text

    target.print(Text(printable(line), style=style), soft_wrap=True)
