"""A table drawn as bars: what a figure of a paper shows, on the page of a run and as an SVG file of its own."""

from collections.abc import Sequence

from tod_bench.reports.charts import Series, Value, bars
from tod_bench.reports.figures import Figure
from tod_bench.reports.html import template
from tod_bench.reports.numbers import Number
from tod_bench.reports.table import Row, Table


def table_figure(table: Table) -> Figure:
    """A heading for each column (and each system and corpus, where there are several), a bar for each row."""
    places = list(dict.fromkeys((row.system, row.corpus) for row in table.rows))
    several = [place for place in range(2) if len({names[place] for names in places}) > 1]
    series = []
    for number, column in enumerate(table.columns):
        for names in places:
            rows = [row for row in table.rows if (row.system, row.corpus) == names]
            heading = ", ".join([column, *(names[place] for place in several)])
            series.append(Series(heading, tuple(_bars(rows, number))))
    drawn = tuple(one for one in series if one.values)
    note = "Bars end at the number; whiskers are 95% intervals. " + (
        f"Published: {table.source}" if table.source else ""
    )
    return Figure(table.title, note.strip(), drawn, ("column", "row"), bars(drawn))


def _bars(rows: Sequence[Row], column: int) -> list[Value]:
    found = []
    for row in rows:
        number: Number = row.numbers[column]
        name = row.label or "ours"
        if number.value is not None:
            found.append(Value(name, number.value, number.low, number.high))
        if number.published is not None:
            found.append(Value(f"{row.label}, published".removeprefix(", "), number.published))
    return found


def svg(figure: Figure) -> str:
    """The plot as an SVG file, which needs no stylesheet beside it.

    Raises:
        UserError: jinja2 is not installed.
    """
    return template("plot.svg").render(title=figure.title, chart=figure.chart)
