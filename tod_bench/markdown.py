"""Markdown that every report of the harness writes the same way: tables, and text that cannot break out of a cell."""

from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """Text for a cell of a table: a bar or a line break in it would end the cell."""
    return text.replace("|", "\\|").replace("\n", " ")


def line(cells: Iterable[str]) -> str:
    """One line of a table."""
    return "| " + " | ".join(map(cell, cells)) + " |"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """A table.

    Args:
        header: Names of the columns.
        rows: Its rows, a text a column.
        left: How many columns, from the first on, are set to the left; the others are numbers, set to the right.
    """
    rule = ["---" if place < left else "---:" for place in range(len(header))]
    return "\n".join([line(header), line(rule), *map(line, rows)])
