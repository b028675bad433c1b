"""A table as files: Markdown, CSV, LaTeX and JSON side by side."""

import csv
import io
from dataclasses import asdict
from pathlib import Path

from tod_bench.files import write_json, write_text
from tod_bench.reports.html import can_render
from tod_bench.reports.latex import to_latex
from tod_bench.reports.markdown import to_markdown
from tod_bench.reports.plot import svg, table_figures
from tod_bench.reports.table import Table


def write_table(table: Table, folder: Path) -> list[Path]:
    """Writes ``table.md``, ``.csv``, ``.tex`` and ``.json`` into a folder, and of a figure ``plot.svg``.

    A figure of several scales has a plot for each: ``plot.svg``, ``plot-2.svg``, ...

    Returns:
        The paths of what was written; there is no plot where jinja2 is not installed.
    """
    paths = [folder / f"table.{suffix}" for suffix in ("md", "csv", "tex", "json")]
    for path, form in zip(paths, (to_markdown, to_csv, to_latex), strict=False):
        write_text(path, form(table))
    write_json(paths[3], asdict(table))
    if table.plot and can_render():
        for number, figure in enumerate(table_figures(table), start=1):
            paths.append(folder / ("plot.svg" if number == 1 else f"plot-{number}.svg"))
            write_text(paths[-1], svg(figure))
    return paths


def to_csv(table: Table) -> str:
    """One line a number: its row's labels, column, value, low, high, spread, published, signature."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    labels, fields = table.labels, ["value", "low", "high", "spread", "published"]
    writer.writerow([*labels, "column", *fields, "signature"])
    for row in table.rows:
        for label, number in zip(table.columns, row.numbers, strict=True):
            values = ["" if getattr(number, name) is None else getattr(number, name) for name in fields]
            signature = " ; ".join(number.signatures)
            writer.writerow([*map(harmless, (*row.called(labels), label)), *values, signature])
    return buffer.getvalue()


def harmless(text: str) -> str:
    """A cell of a CSV file; a quote is put before what a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(tuple("=+-@＝＋－＠\t\r")) else text
