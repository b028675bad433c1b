"""The kinds of plots: numbers become a Vega-Lite specification, which `tod_bench.reports.vega` draws.

    Datum, ... ──bars, grouped_bars, stacked_bars, lines──▶ Chart ──svg, png, pdf, spec──▶ page, file, notebook

Plots are drawn 368 units wide, so that a phone shows them unshrunken. What a colour says is said again by a label, a
marker or a dash, and a page prints the numbers of every plot as a table beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tod_bench.numerals import decimal, interval, with_interval
from tod_bench.reports.styles import PALETTE, Styles, styles_of
from tod_bench.reports.vega import GROUND, INK, WIDTH, Chart, Spec

__all__ = ["Chart", "Datum", "bars", "grouped_bars", "lines", "stacked_bars"]

SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right")
DASHES = ([1, 0], [6, 3], [2, 3], [8, 3, 2, 3])
SHADES = (1.0, 0.6, 0.35, 0.15)
_LABELS, _PRINTED, _BAR = 108, 136, 19
_SEPARATOR = "\u2063"


@dataclass(frozen=True, slots=True)
class Datum:
    """One number to be drawn.

    Attributes:
        series: What has a colour and a mark of its own: a system, an outcome.
        value: The number; None leaves its place empty.
        low: Lower end of its interval; None where there is none.
        high: Upper end.
        label: The bar that it is, or its position on the axis of a line; the series where left out.
        group: The heading that it stands under; may be empty.
        over: What it is over, in words; may be empty.
        published: Whether it is a published number, which is drawn as a pale bar of its series.
    """

    series: str
    value: float | None
    low: float | None = None
    high: float | None = None
    label: str = ""
    group: str = ""
    over: str = ""
    published: bool = False

    @property
    def name(self) -> str:
        """Its label, or else its series."""
        return self.label or self.series


def bars(data: Sequence[Datum], *, title: str = "", floor: float = 0.0, styles: Styles | None = None) -> Chart:
    """A horizontal bar for each number, with its interval as a whisker and printed beside it.

    Args:
        data: The numbers; their groups are ignored.
        title: What it shows.
        floor: Where bars start: the lowest value of the scale, 0 for percentages, 1 for a Likert scale.
        styles: Style of each series; of the series alone where left out.
    """
    return grouped_bars([replace(datum, group="") for datum in data], title=title, floor=floor, styles=styles)


def grouped_bars(data: Sequence[Datum], *, title: str = "", floor: float = 0.0, styles: Styles | None = None) -> Chart:
    """Horizontal bars as in `bars`, under a heading for each group."""
    numbers = [number for datum in data for number in (datum.value, datum.low, datum.high)]
    known = [floor, *(number for number in numbers if number is not None and math.isfinite(number))]
    # One digit is enough where the scale spans more than five points; a Likert mean or alpha needs two.
    digits = 1 if max(known) - min(known) > 5 else 2
    styles = styles or styles_of(datum.series for datum in data)
    rows = [
        {
            **_row(datum),
            "shade": 0.25 if datum.published else SHADES[styles[datum.series].variant],
            "printed": _printed(datum, digits),
        }
        for datum in data
        if _is_drawn(datum)
    ]
    across = {
        "field": "value",
        "type": "quantitative",
        "title": None,
        "axis": {"tickCount": 3, "grid": True, "domain": False},
        "scale": {"zero": floor == 0, "domain": [min(known), max(known)], "nice": floor == 0},
    }
    place = _bar_position()
    whisker = {"y": place, "x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}}
    layers = [
        {
            "mark": {"type": "bar", "aria": True, "height": {"band": 0.66}, "stroke": INK, "strokeWidth": 0.6},
            "encoding": {
                "y": place,
                "x": across,
                "x2": {"datum": floor},
                "color": _colours([datum.series for datum in data], styles) | {"legend": None},
                "fillOpacity": {"field": "shade", "type": "quantitative", "scale": None},
                "description": {"field": "about"},
            },
        },
        {"mark": {"type": "rule", "color": INK, "strokeWidth": 1.3}, "encoding": whisker},
        *(
            {
                "mark": {"type": "tick", "color": INK, "thickness": 1.3, "size": 7},
                "encoding": {"y": place, "x": {"field": end, "type": "quantitative"}},
            }
            for end in ("low", "high")
        ),
        {
            "mark": {"type": "text", "align": "left", "dx": 6, "color": INK},
            "encoding": {
                "y": place,
                "x": {"value": WIDTH - _LABELS - _PRINTED},
                "text": {"field": "printed"},
            },
        },
    ]
    return Chart("Bar chart", _under_headings(rows, layers), title)


def stacked_bars(data: Sequence[Datum], *, title: str = "", styles: Styles | None = None) -> Chart:
    """A horizontal bar for each label, cut into the shares of its series, which add up to 100.

    Args:
        data: The shares in percent, in the order in which they are stacked.
        title: What it shows.
        styles: Style of each series; of the series alone where left out.
    """
    styles = styles or styles_of(datum.series for datum in data)
    ends: dict[tuple[str, str], float] = {}
    rows = []
    for datum in data:
        if datum.value is None or not math.isfinite(datum.value):
            continue
        start = ends.get((datum.group, datum.name), 0.0)
        end = ends[datum.group, datum.name] = start + datum.value
        dark = PALETTE[styles[datum.series].colour] in (INK, "#0072b2")
        rows.append(
            {
                **_row(datum),
                "key": datum.name,
                "start": start,
                "end": end,
                "middle": (start + end) / 2,
                "printed": decimal(datum.value, 1) if datum.value >= 12 else "",
                "ink": GROUND if dark else "#000000",
            }
        )
    place = _bar_position()
    series = list(dict.fromkeys(datum.series for datum in data))
    layers = [
        {
            "mark": {"type": "bar", "aria": True, "height": {"band": 0.72}, "stroke": GROUND, "strokeWidth": 1},
            "encoding": {
                "y": place,
                "x": {
                    "field": "start",
                    "type": "quantitative",
                    "title": "%",
                    "axis": {"tickCount": 5, "grid": True, "domain": False},
                    "scale": {"domain": [0, 100], "clamp": True},
                },
                "x2": {"field": "end"},
                "color": _colours(series, styles) | {"legend": _legend(series)},
                "description": {"field": "about"},
            },
        },
        {
            "mark": {"type": "text", "fontWeight": 600},
            "encoding": {
                "y": place,
                "x": {"field": "middle", "type": "quantitative"},
                "text": {"field": "printed"},
                "color": {"field": "ink", "type": "nominal", "scale": None},
            },
        },
    ]
    return Chart("Bar chart", _under_headings(rows, layers, width=WIDTH - _LABELS - 16), title)


def lines(
    data: Sequence[Datum],
    across: str,
    *,
    title: str = "",
    from_zero: bool = True,
    log: bool = False,
    styles: Styles | None = None,
) -> Chart:
    """A line for each series over the labels of its numbers, with whiskers.

    Positions are in the order of numbers where all labels are numbers, else in that in which they first occur.

    Args:
        data: The numbers.
        across: What the labels are.
        title: What it shows.
        from_zero: Whether the value axis has to show zero.
        log: Whether the labels are positive numbers to be placed on a logarithmic axis.
        styles: Style of each series; of the series alone where left out.
    """
    styles = styles or styles_of(datum.series for datum in data)
    series = list(dict.fromkeys(datum.series for datum in data))
    rows = [_row(datum, across) for datum in data if _is_drawn(datum)]
    labels = list(dict.fromkeys(datum.name for datum in data))
    if log:
        rows = [{**row, "label": float(row["label"])} for row in rows]
        place: Spec = {"field": "label", "type": "quantitative", "title": f"{across} (log scale)"}
        place |= {"scale": {"type": "log"}, "axis": {"values": sorted(map(float, labels)), "grid": False}}
    else:
        place = {"field": "label", "type": "ordinal", "title": across, "sort": _in_order(labels)}
        place |= {"axis": {"labelOverlap": "greedy", "labelAngle": 0, "grid": False}, "scale": {"type": "point"}}
    up = {
        "field": "value",
        "type": "quantitative",
        "title": None,
        "axis": {"tickCount": 5, "domain": False},
        "scale": {"zero": from_zero},
    }
    look = _colours(series, styles) | {"legend": _legend(series)}
    names = {"domain": series}
    shape: Spec = {"field": "series", "type": "nominal", "legend": _legend(series)}
    shape |= {"scale": {**names, "range": [SHAPES[styles[name].shape] for name in series]}}
    dash: Spec = {"field": "series", "type": "nominal", "legend": None}
    dash |= {"scale": {**names, "range": [DASHES[styles[name].variant] for name in series]}}
    layers = [
        {"mark": {"type": "line", "strokeWidth": 1.8}, "encoding": {"y": up, "color": look, "strokeDash": dash}},
        {
            "mark": {"type": "rule", "strokeWidth": 1.2},
            "encoding": {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}, "color": look},
        },
        {
            "mark": {
                "type": "point",
                "aria": True,
                "filled": True,
                "size": 48,
                "opacity": 1,
                "stroke": INK,
                "strokeWidth": 0.4,
            },
            "encoding": {"y": up, "color": look, "shape": shape, "description": {"field": "about"}},
        },
    ]
    vega = {"data": {"values": rows}, "encoding": {"x": place}, "layer": layers, "width": WIDTH - 50, "height": 190}
    return Chart("Line chart", vega, title)


def _under_headings(rows: Sequence[Spec], layers: Sequence[Spec], width: int = WIDTH - _LABELS - _PRINTED) -> Spec:
    """Layers of bars, repeated under a heading for each group."""
    groups = list(dict.fromkeys(row["group"] for row in rows))
    plot = {"layer": list(layers), "width": width, "height": {"step": _BAR}}
    data = {"data": {"values": list(rows)}}
    if groups in ([], [""]):
        return {**data, **plot}
    header = {"labelOrient": "top", "labelAnchor": "start", "labelFontWeight": 600, "labelFontSize": 12}
    facet = {"field": "group", "type": "nominal", "sort": groups, "title": None}
    row = {**facet, "header": {**header, "labelColor": INK, "labelPadding": 2}}
    return {**data, "facet": {"row": row}, "spec": plot, "resolve": {"scale": {"y": "independent"}}, "spacing": 8}


def _bar_position() -> Spec:
    # Two bars may have one label, so what is shown is only the end of what tells bars apart.
    shown = f"slice(datum.label, lastindexof(datum.label, '{_SEPARATOR}') + 1)"
    extent = {"minExtent": _LABELS - 8, "maxExtent": _LABELS - 8, "labelLimit": _LABELS - 12}
    axis = {
        "title": None,
        "labelExpr": shown,
        "labelColor": INK,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        **extent,
    }
    return {"field": "key", "type": "nominal", "sort": None, "axis": axis}


def _is_drawn(datum: Datum) -> bool:
    return datum.value is not None and math.isfinite(datum.value)


def _row(datum: Datum, across: str = "") -> Spec:
    where = [text for text in (datum.group, datum.series, f"{across} {datum.label}" if across else datum.label) if text]
    about = ", ".join(dict.fromkeys(where))
    value = with_interval(datum.value, datum.low, datum.high) if datum.value is not None else ""
    texts = {"series": datum.series, "label": datum.name, "group": datum.group, "about": f"{about}: {value}"}
    key = f"{datum.series} {datum.published}{_SEPARATOR}{datum.name.replace(_SEPARATOR, '')}"
    return {**texts, "key": key, "value": datum.value, "low": datum.low, "high": datum.high}


def _printed(datum: Datum, digits: int) -> str:
    assert datum.value is not None
    text = decimal(datum.value, digits)
    if datum.low is None or datum.high is None:
        return text
    return f"{text} {interval(datum.value, datum.low, datum.high, digits=digits, beside=digits)}"


def _colours(series: Sequence[str], styles: Styles) -> Spec:
    names = list(dict.fromkeys(series))
    scale = {
        "domain": names,
        "range": [PALETTE[styles[name].colour] for name in names],
    }
    return {"field": "series", "type": "nominal", "scale": scale}


def _legend(series: Sequence[str]) -> Spec:
    # Long names stand one below another; short ones share a line.
    columns = max(1, WIDTH // (max(map(len, series), default=1) * 6 + 26))
    return {"orient": "bottom", "title": None, "columns": columns, "labelLimit": WIDTH - 40}


def _in_order(labels: Sequence[str]) -> list[str]:
    try:
        return sorted(labels, key=float)
    except ValueError:
        return list(labels)
