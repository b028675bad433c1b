"""Tables in Markdown, and text that cannot break out of a cell of one."""

from collections.abc import Iterable, Sequence


def cell(value: object) -> str:
    """A value as the text of a table's cell: a bar or a line break in it would end the cell."""
    return str(value).replace("|", "\\|").replace("\n", " ")


def line(cells: Iterable[object]) -> str:
    """One line of a table."""
    return "| " + " | ".join(map(cell, cells)) + " |"


def table(header: Sequence[str], rows: Iterable[Iterable[object]], *, left: int = 1) -> str:
    """A table, without a line break at its end.

    Args:
        header: Names of the columns.
        rows: Its rows, a value for each column.
        left: How many columns, from the first on, are set to the left; the others are numbers, set to the right.
    """
    rule = ["---" if index < left else "---:" for index in range(len(header))]
    return "\n".join([line(header), line(rule), *map(line, rows)])
