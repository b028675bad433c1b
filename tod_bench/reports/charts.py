"""The geometry of plots: from numbers to coordinates, which a template writes as SVG.

Plots are drawn narrow enough to be read on a phone without shrinking. What a colour says is said again by a label, a
marker or a dash, and every plot comes with the table of its numbers.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tod_bench.reports.styles import Style, Styles, styles_of

WIDTH = 440
_LABELS, _VALUES = 146, 138
_BAR, _HEADING = 18, 24
_LEFT, _TOP, _BOTTOM, _HEIGHT = 40, 10, 36, 240


@dataclass(frozen=True, slots=True)
class Value:
    """One number to be drawn.

    Attributes:
        label: What it is of.
        value: The number; None leaves its place empty.
        low: Lower end of its interval; None where there is none.
        high: Upper end.
        n: What it is over, in words; may be empty.
    """

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers that belong together: the bars under one heading, or one line."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of an axis: where it stands, and its label."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A number at its place.

    Attributes:
        value: The number.
        x: Its place from the left; in a bar chart the end of the bar.
        y: Its place from the top; in a bar chart the middle of the bar.
        ends: Places of the interval's ends along the value axis; None where there is none.
        style: Its style.
    """

    value: Value
    x: float
    y: float
    ends: tuple[float, float] | None
    style: Style


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars with error bars under headings.

    They start at `floor`, the place of the scale's lowest value; `digits` are those that numbers are written with.
    """

    height: float
    floor: float
    groups: tuple[tuple[str, float, tuple[Mark, ...]], ...]
    ticks: tuple[Tick, ...]
    digits: int
    labels_end: float = _LABELS - 8
    values_start: float = WIDTH - _VALUES + 8
    bar: float = _BAR - 6
    width: float = WIDTH


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines with error bars over the positions of an axis."""

    lines: tuple[tuple[str, Style, tuple[Mark, ...]], ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    across_label: str
    left: float = _LEFT
    right: float = WIDTH - 10
    bottom: float = _HEIGHT - _BOTTOM
    height: float = _HEIGHT
    width: float = WIDTH


def bars(groups: Sequence[Series], *, floor: float = 0.0, styles: Styles | None = None) -> Bars:
    """Places horizontal bars.

    Args:
        groups: A heading and its bars each.
        floor: Where bars start: the lowest value of the scale, 0 for percentages, 1 for a Likert scale.
        styles: Style of each label; of the labels alone where left out.
    """
    scale = _Scale([*_numbers(groups), floor], _LABELS, WIDTH - _VALUES)
    styles = styles or styles_of(value.label for group in groups for value in group.values)
    placed, y = [], 4.0
    for group in groups:
        heading = y + 15
        y += _HEADING
        marks = []
        for value in group.values:
            x = scale(floor if value.value is None else value.value)
            marks.append(Mark(value, x, y + _BAR / 2, _ends(value, scale), styles[value.label]))
            y += _BAR
        placed.append((group.name, heading, tuple(marks)))
        y += 6
    return Bars(y + 18, scale(floor), tuple(placed), scale.ticks, 1 if scale.step > 1 else 2)


def lines(
    series: Sequence[Series], across_label: str, *, from_zero: bool = True, styles: Styles | None = None
) -> Lines:
    """Places lines; their positions are the labels of their values.

    Positions are in the order of numbers where all labels are numbers, else in that in which they first occur.

    Args:
        series: The lines.
        across_label: What the positions are.
        from_zero: Whether the value axis has to show zero.
        styles: Style of each line by name; of the names alone where left out.
    """
    scale = _Scale([*_numbers(series), *([0.0] if from_zero else [])], _HEIGHT - _BOTTOM, _TOP)
    styles = styles or styles_of(one.name for one in series)
    labels = _positions(value.label for one in series for value in one.values)
    step = (WIDTH - 10 - _LEFT) / max(len(labels), 1)
    place = {label: _LEFT + step * (number + 0.5) for number, label in enumerate(labels)}
    placed = []
    for number, one in enumerate(series):
        # Error bars of several lines at one position stand side by side.
        aside = (number - (len(series) - 1) / 2) * min(4.0, step / (len(series) + 1))
        marks = tuple(
            Mark(value, place[value.label] + aside, scale(value.value), _ends(value, scale), styles[one.name])
            for value in one.values
            if value.value is not None
        )
        placed.append((one.name, styles[one.name], marks))
    every = -(-len(labels) // 12)
    across = tuple(Tick(place[label], label) for number, label in enumerate(labels) if number % every == 0)
    return Lines(tuple(placed), across, scale.ticks, across_label)


def _positions(labels: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(labels))
    try:
        return sorted(found, key=float)
    except ValueError:
        return found


class _Scale:
    """A linear axis with round ticks, whose labels are their exact values."""

    def __init__(self, numbers: Sequence[float], start: float, end: float) -> None:
        low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
        # Numbers that differ by rounding alone span nothing.
        span = high - low if high - low > 1e-9 * max(1.0, abs(low), abs(high)) else 1.0
        exact = _round_step(span)
        self.step = step = float(exact)
        first = math.floor(low / step + 1e-9)
        last = max(math.ceil(high / step - 1e-9), first + 1)
        self._low = float(first * exact)
        self._start, self._per_unit = start, (end - start) / (float(last * exact) - self._low)
        self.ticks = tuple(Tick(self(float(exact * count)), f"{exact * count:f}") for count in range(first, last + 1))

    def __call__(self, value: float) -> float:
        return round(self._start + (value - self._low) * self._per_unit, 2)


def _round_step(span: float) -> Decimal:
    """A step of 1, 2, 2.5 or 5 times a power of ten, exactly, that cuts a span into at most five."""
    power = math.floor(math.log10(span / 5))
    steps = (Decimal(factor).scaleb(power) for factor in ("1", "2", "2.5", "5", "10"))
    # Without trailing zeros: ticks are written with the digits of the step, and 5.0 would have one too many.
    return next(step for step in steps if span / float(step) <= 5 + 1e-9).normalize()


def _numbers(series: Sequence[Series]) -> list[float]:
    every = [number for one in series for value in one.values for number in (value.value, value.low, value.high)]
    return [number for number in every if number is not None and math.isfinite(number)]


def _ends(value: Value, scale: _Scale) -> tuple[float, float] | None:
    if value.value is None or value.low is None or value.high is None:
        return None
    return scale(value.low), scale(value.high)
