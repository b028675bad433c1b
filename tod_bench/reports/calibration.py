"""Calibration of confidence as people read it: a table, a risk-coverage curve and a reliability diagram."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_bench.console import grid, print_line
from tod_bench.display import Grid, score_cell
from tod_bench.errors import UserError
from tod_bench.files import write_bytes, write_json, write_text
from tod_bench.reports.protocol_table import signature_lines
from tod_bench.reports.styles import PALETTE, styles_of
from tod_bench.reports.vega import INK, QUIET, WIDTH, Chart, Spec
from tod_bench.scores import Score
from tod_bench.scoring import Calibration

if TYPE_CHECKING:
    from rich.console import Console

FIGURES = (".svg", ".png", ".pdf", ".html")
"""Endings of the files that the plots can be written to."""

_NOTE = (
    "All in percent. AUROC: 50 by chance, 100 where every right one has more confidence than every wrong one; ECE, "
    "Brier score, AURC and excess AURC: 0 is best. Slots of gold that are not predicted have no confidence and are not "
    "in it."
)


def calibration_grid(calibrations: Sequence[Calibration]) -> Grid:
    """Metrics down, predicted values and turns of each protocol across."""
    columns = [f"{one.name} ({one.protocol})" for one in calibrations]
    rows: list[tuple[Any, ...]] = [
        (score.metric, *(score_cell(one.scores[place]) for one in calibrations))
        for place, score in enumerate(calibrations[0].scores)
    ]
    rows.append(("n with confidence", *(f"{one.n:,}" for one in calibrations)))
    rows.append(("coverage", *(f"{100 * one.coverage:.1f}%" for one in calibrations)))
    signatures = signature_lines(score for one in calibrations for score in one.scores)
    return Grid("calibration", ("metric", *columns), tuple(rows), notes=(*signatures, *_notes(calibrations)))


def print_calibration(calibrations: Sequence[Calibration], console: "Console") -> None:
    """Prints the table, the signatures under it and what a reader must know."""
    from rich.text import Text

    table = calibration_grid(calibrations)
    cells = [tuple(map(str, row)) for row in table.rows]
    console.print(grid(table.columns, cells, left=1, title=table.title))
    console.print(Text("95% bootstrap intervals over dialogues; signatures:"))
    lines = signature_lines(score for one in calibrations for score in one.scores)
    for line in lines:
        print_line(console, f"  {line}")
    for note in _notes(calibrations):
        print_line(console, f"- {note}")


def _notes(calibrations: Sequence[Calibration]) -> tuple[str, ...]:
    scores: list[Score] = [score for one in calibrations for score in one.scores]
    return tuple(dict.fromkeys([_NOTE, *(note for score in scores for note in score.notes)]))


def calibration_chart(calibrations: Sequence[Calibration]) -> Chart:
    """The risk-coverage curve above the reliability diagram, a colour each for values and turns of each protocol."""
    several = len({one.protocol for one in calibrations}) > 1
    names = [f"{one.name} ({one.protocol})" if several else one.name for one in calibrations]
    styles = styles_of(names)
    colour: Spec = {"field": "series", "type": "nominal", "legend": {"orient": "bottom", "title": None}}
    colour["scale"] = {"domain": names, "range": [PALETTE[styles[name].colour] for name in names]}
    panels = [_risk_panel(calibrations, names, colour), _reliability_panel(calibrations, names, colour)]
    vega = {"vconcat": panels, "spacing": 18}
    title = f"Calibration under {calibrations[0].protocol}" if not several else "Calibration"
    return Chart("Line chart", vega, title)


def _risk_panel(calibrations: Sequence[Calibration], names: Sequence[str], colour: Spec) -> Spec:
    rows = [
        {
            "series": name,
            "coverage": point.coverage,
            "risk": point.risk,
            "about": f"{name}, confidence from {point.threshold:.3g}: {point.coverage:.1f}% answered, "
            f"{point.risk:.2f}% of those wrong",
        }
        for name, one in zip(names, calibrations, strict=True)
        for point in one.curve
    ]
    across = _axis("coverage", "answered, % (the most confident first)", [0, 100])
    return {
        "data": {"values": rows},
        "width": WIDTH - 50,
        "height": 190,
        "mark": {"type": "line", "interpolate": "step-before", "strokeWidth": 1.8},
        "encoding": {
            "x": across,
            "y": _axis("risk", "wrong of those, %"),
            "color": colour,
            "order": {"field": "coverage"},
            "description": {"field": "about"},
        },
    }


def _reliability_panel(calibrations: Sequence[Calibration], names: Sequence[str], colour: Spec) -> Spec:
    rows = [
        {
            "series": name,
            "confidence": found.confidence,
            "right": found.right,
            "about": f"{name}, mean confidence {found.confidence:.1f}%: {found.right:.1f}% right of {found.units:,}",
        }
        for name, one in zip(names, calibrations, strict=True)
        for found in one.bins
    ]
    place = {
        "x": _axis("confidence", "mean confidence of a bin, %", [0, 100]),
        "y": _axis("right", "right, %", [0, 100]),
    }
    ends = [{"confidence": end, "right": end} for end in (0, 100)]
    looks = {"color": colour, "description": {"field": "about"}}
    return {
        "width": WIDTH - 50,
        "height": 190,
        "layer": [
            {
                "data": {"values": ends},
                "mark": {"type": "line", "color": QUIET, "strokeDash": [4, 3], "strokeWidth": 1},
                "encoding": place,
            },
            {
                "data": {"values": rows},
                "mark": {"type": "line", "strokeWidth": 1.4},
                "encoding": {**place, "color": colour},
            },
            {
                "data": {"values": rows},
                "mark": {"type": "point", "aria": True, "filled": True, "size": 40, "stroke": INK, "strokeWidth": 0.4},
                "encoding": {**place, **looks},
            },
        ],
    }


def _axis(field: str, title: str, domain: Sequence[float] | None = None) -> Spec:
    scale = {"scale": {"domain": list(domain)}} if domain else {}
    return {"field": field, "type": "quantitative", "title": title, "axis": {"tickCount": 5, "domain": False}, **scale}


def write_calibration(path: Path, calibrations: Sequence[Calibration]) -> Path:
    """Writes the plots to a file, as its name ends, and the numbers behind them beside it.

    Args:
        path: A file that ends in one of `FIGURES`.
        calibrations: What is drawn.

    Returns:
        The file of the numbers: the same name with ``.json``.

    Raises:
        UserError: The name ends otherwise.
        MissingExtraError: What draws plots is not installed.
    """
    if path.suffix not in FIGURES:
        raise UserError(f"{path} is no plot: its name has to end in {', '.join(FIGURES)}")
    chart = calibration_chart(calibrations)
    if path.suffix == ".html":
        write_text(path, _page(chart, calibrations))
    elif path.suffix == ".svg":
        write_text(path, chart.svg())
    else:
        write_bytes(path, chart.png() if path.suffix == ".png" else chart.pdf())
    numbers = path.with_suffix(".json")
    write_json(numbers, {"calibration": [one.to_json() for one in calibrations]})
    return numbers


def _page(chart: Chart, calibrations: Sequence[Calibration]) -> str:
    from tod_bench.reports.html import render_html

    return render_html(
        "calibration.html", scripts=["tips.js"], chart=chart, table=calibration_grid(calibrations), title=chart.title
    )
