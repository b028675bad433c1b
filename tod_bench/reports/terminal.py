"""A table on the terminal."""

from typing import TYPE_CHECKING

from tod_bench.reports.layout import written
from tod_bench.reports.markdown import published_line
from tod_bench.reports.table import Table

if TYPE_CHECKING:
    from rich.console import Console


def print_table(table: Table, console: "Console") -> None:
    """Prints the table, then its signatures, warnings and notes."""
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(title=Text(table.title), title_justify="left", show_lines=False)
    for name in table.labels:
        grid.add_column(name, overflow="fold")
    for label in table.columns:
        grid.add_column(label, justify="right", overflow="fold")
    for row in table.rows:
        cells = [written(number, signed=row.difference).replace(" [", "\n[") for number in row.numbers]
        labels = map(Text, row.called(table.labels))
        grid.add_row(*labels, *map(Text, cells), style="bold" if row.difference else "")
        published = published_line(row)
        if published:
            blank = [""] * (len(table.labels) - 1)
            grid.add_row(*blank, "published", *(Text(text.replace(" (", "\n(")) for text in published), style="dim")
    console.print(grid)
    for warning in table.warnings:
        console.print(Text(f"warning: {warning}", style="bold yellow"))
    if table.source:
        console.print(Text(f"published values: {table.source}"))
    console.print(Text("95% bootstrap intervals over dialogues; signatures:"))
    for label, found in table.signatures.items():
        console.print(Text(f"  {label}: {', '.join(found)}"), soft_wrap=True)
    for note in table.notes:
        console.print(Text(f"- {note}"), soft_wrap=True)
