"""A table drawn as bars: what a figure of a paper shows, on the page of a run and as an SVG file of its own."""

from collections.abc import Sequence

from tod_bench.reports.charts import Series, Value, bars
from tod_bench.reports.figures import Figure, floor_of, starts_at
from tod_bench.reports.html import template
from tod_bench.reports.numbers import Number
from tod_bench.reports.styles import Styles, styles_of
from tod_bench.reports.table import Row, Table


def table_figures(table: Table) -> list[Figure]:
    """The table as plots, one for each scale that its columns have (Likert means and alpha cannot share an axis).

    A heading for each column (and each system and corpus, where there are several), a bar for each row.
    """
    scales: dict[str, list[int]] = {}
    for number, column in enumerate(table.columns):
        scales.setdefault(_scale(table.signatures.get(column, ())), []).append(number)
    styles = styles_of(
        value.label for row in table.rows for number in range(len(table.columns)) for value in _bars([row], number)
    )
    return [
        _figure(table, columns, floor_of(scale), styles, several=len(scales) > 1) for scale, columns in scales.items()
    ]


def _scale(signatures: Sequence[str]) -> str:
    """The score of a column, as its signatures name it, where it has a scale of its own; empty for one of 0 to 100."""
    scores = {signature.partition("|")[0] for signature in signatures}
    return next((score for score in ("likert", "krippendorff_alpha") if scores == {score}), "")


def _figure(table: Table, columns: Sequence[int], floor: float, styles: Styles, *, several: bool) -> Figure:
    places = list(dict.fromkeys((row.system, row.corpus) for row in table.rows))
    parts = [place for place in range(2) if len({names[place] for names in places}) > 1]
    series = []
    for number in columns:
        for names in places:
            rows = [row for row in table.rows if (row.system, row.corpus) == names]
            heading = ", ".join([table.columns[number], *(names[place] for place in parts)])
            series.append(Series(heading, tuple(_bars(rows, number))))
    drawn = tuple(one for one in series if one.values)
    note = "Bars end at the number; whiskers are 95% intervals." + starts_at(floor)
    note += f" Published: {table.source}" if table.source else ""
    title = f"{table.title}: {', '.join(table.columns[number] for number in columns)}" if several else table.title
    return Figure(title, note, drawn, ("column", "row"), bars(drawn, floor=floor, styles=styles))


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
