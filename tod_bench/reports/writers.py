"""A table as Markdown, CSV, JSON, on the terminal, in a notebook and as a data frame: one writer for each form."""

from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_bench import markdown
from tod_bench.console import grid, print_line
from tod_bench.csv_files import csv_text
from tod_bench.display import MISSING
from tod_bench.errors import extra_needed
from tod_bench.files import write_json, write_text
from tod_bench.reports.latex import to_latex
from tod_bench.reports.numbers import Number, against_published, written
from tod_bench.reports.table import Row, Table

if TYPE_CHECKING:
    from rich.console import Console

FIELDS = ("value", "low", "high", "spread", "published")
"""Fields of a number in CSV and data frames."""

BETWEEN_SYSTEMS = "Differences between systems"
"""What stands above them."""


def write_table(table: Table, folder: Path) -> list[Path]:
    """Writes ``table.md``, ``.csv``, ``.tex`` and ``.json`` into a folder, and of a figure ``plot.svg``.

    A figure of several scales has a plot for each: ``plot.svg``, ``plot-2.svg``, ...

    Returns:
        The paths of what was written; there is no plot where vl-convert is not installed.
    """
    from tod_bench.reports.figures import table_figures
    from tod_bench.reports.html import can_render

    paths = [folder / f"table.{suffix}" for suffix in ("md", "csv", "tex", "json")]
    for path, text in zip(paths, (to_markdown(table), to_csv(table), to_latex(table)), strict=False):
        write_text(path, text)
    write_json(paths[3], to_json(table))
    if table.plot and can_render():
        for number, figure in enumerate(table_figures(table), start=1):
            paths.append(folder / ("plot.svg" if number == 1 else f"plot-{number}.svg"))
            write_text(paths[-1], figure.chart.svg())
    return paths


def to_markdown(table: Table) -> str:
    """The whole table with its signatures, warnings and notes."""
    lines = [f"## {table.title}", "", _markdown_rows(table, table.results), ""]
    if table.between_systems:
        lines += [f"### {BETWEEN_SYSTEMS}", "", _markdown_rows(table, table.between_systems), ""]
    lines += [f"**Warning**: {warning}.  " for warning in table.warnings]
    if table.source:
        lines += [f"Published values: {table.source}", ""]
    lines += ["Intervals are 95% bootstrap intervals over dialogues. Signatures:", ""]
    for label, signatures in table.signatures.items():
        lines.append(f"- {label}: " + ", ".join(f"`{signature}`" for signature in signatures))
    return "\n".join([*lines, "", *(f"- {note}" for note in table.notes)]).rstrip() + "\n"


def _markdown_rows(table: Table, rows: Sequence[Row]) -> str:
    """Some of the table's rows with what was published beneath them."""
    labels = table.labels
    cells = []
    for row in rows:
        cells.append([*row.called(labels), *(written(number, signed=row.difference) for number in row.numbers)])
        published = published_texts(row)
        if published:
            cells.append([*[""] * (len(labels) - 1), "published", *published])
    return markdown.table([*labels, *table.columns], cells, left=len(labels))


def published_texts(row: Row) -> list[str]:
    """The published values under a row; empty where none of its numbers has one."""
    texts = [against_published(number, signed=row.difference) for number in row.numbers]
    return [] if all(text == MISSING for text in texts) else texts


def to_csv(table: Table) -> str:
    """One line a number: its row's labels, column, value, low, high, spread, published, signature.

    Where differences were tested, their p-values are a last column.
    """
    tested = any(number.p is not None for row in table.rows for number in row.numbers)
    header = [*table.labels, "column", *FIELDS, "signature", *(["p"] if tested else [])]
    rows = []
    for row in table.rows:
        for label, number in zip(table.columns, row.numbers, strict=True):
            values = [getattr(number, name) for name in FIELDS]
            p = [number.p] if tested else []
            rows.append([*row.called(table.labels), label, *values, " ; ".join(number.signatures), *p])
    return csv_text(header, rows)


def to_json(table: Table) -> dict[str, Any]:
    """The table as JSON values, with the full signature of every number."""
    value = asdict(table)
    del value["higher_is_better"]
    for row in value["rows"]:
        del row["shown_gold"]
        if not row["of_systems"]:
            del row["of_systems"]
        for number in row["numbers"]:
            number["made_up"] = number.pop("scripted")
            for name in ("p", "note"):
                if not number[name]:
                    del number[name]
    return value


def to_pandas(table: Table) -> Any:
    """A pandas ``DataFrame``: a row for each number, with its row's labels, column, fields, p and signature.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    with extra_needed("report", "a data frame"):
        import pandas

    records = [
        {
            **dict(zip(table.labels, row.called(table.labels), strict=True)),
            "column": label,
            **{name: getattr(number, name) for name in (*FIELDS, "p")},
            "signature": " ; ".join(number.signatures),
        }
        for row in table.rows
        for label, number in zip(table.columns, row.numbers, strict=True)
    ]
    return pandas.DataFrame.from_records(records)


def to_html(table: Table) -> str:
    """The table for a notebook: the cells of the page, the best of each column bold, signatures on hover."""
    best = table.best()
    head = "".join(f"<th scope='col'>{escape(text)}</th>" for text in (*table.labels, *table.columns))
    lines = []
    for position, row in enumerate(table.rows):
        if row.of_systems and not table.rows[position - 1].of_systems:
            across = len(table.labels) + len(table.columns)
            lines.append(f"<tr><th scope='rowgroup' colspan='{across}'>{BETWEEN_SYSTEMS}</th></tr>")
        cells = [f"<th scope='row'>{escape(text)}</th>" for text in row.called(table.labels)]
        for column, number in enumerate(row.numbers):
            text = escape(written(number, signed=row.difference))
            if (position, column) in best:
                text = f"<strong>{text}</strong>"
            if number.published is not None:
                text += f"<br><small>published {escape(against_published(number, signed=row.difference))}</small>"
            cells.append(f"<td title='{escape(_tip(number))}'>{text}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    said = [*(f"Warning: {warning}" for warning in table.warnings), *table.notes]
    below = "".join(f"<li>{escape(text)}</li>" for text in said)
    return (
        f"<table><caption>{escape(table.title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table><ul>{below}</ul>"
    )


def _tip(number: Number) -> str:
    return number.note or " ; ".join(number.signatures)


def print_table(table: Table, console: "Console") -> None:
    """Prints the table, then its signatures, warnings and notes."""
    from rich.text import Text

    printed = grid([*table.labels, *table.columns], left=len(table.labels), title=table.title, fold=True)
    for position, row in enumerate(table.rows):
        if row.of_systems and not table.rows[position - 1].of_systems:
            printed.add_section()
        texts = [written(number, signed=row.difference).replace(" [", "\n[") for number in row.numbers]
        cells = [Text(text.replace("], ", "]\n")) for text in texts]
        printed.add_row(*map(Text, row.called(table.labels)), *cells, style="bold" if row.difference else "")
        published = published_texts(row)
        if published:
            blank = [""] * (len(table.labels) - 1)
            printed.add_row(*blank, "published", *(Text(text.replace(" (", "\n(")) for text in published), style="dim")
    console.print(printed)
    for warning in table.warnings:
        console.print(Text(f"warning: {warning}", style="bold yellow"))
    if table.source:
        console.print(Text(f"published values: {table.source}"))
    console.print(Text("95% bootstrap intervals over dialogues; signatures:"))
    for label, signatures in table.signatures.items():
        print_line(console, f"  {label}: {', '.join(signatures)}")
    for note in table.notes:
        print_line(console, f"- {note}")
