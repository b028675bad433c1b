"""How numbers are written, everywhere that people read them: tables, pages, plots and reports."""

import math

DIGITS, INTERVAL_DIGITS = 2, 1
"""Decimal places of a score, and of the ends of its interval where these are enough."""


def decimal(value: float, digits: int = DIGITS, *, signed: bool = False) -> str:
    """A number with so many decimal places; what rounds to zero has no minus sign.

    Args:
        value: The number.
        digits: Decimal places.
        signed: Whether positive numbers have a plus sign.
    """
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    # A minus sign before zero would claim a direction that the printed digits do not have.
    return text if text.strip("-0.") else text.replace("-", "+" if signed else "")


def places_of(value: float) -> int:
    """Decimal places to write a score with: two, and more below 0.1, where they would leave one digit of a price."""
    if not 0 < value < 0.1:
        return DIGITS
    return min(9, 1 - math.floor(math.log10(value)))


def interval(
    value: float,
    low: float,
    high: float,
    *,
    digits: int = INTERVAL_DIGITS,
    beside: int = DIGITS,
    signed: bool = False,
) -> str:
    """An interval as ``[55.1, 59.5]``, which contains its value as printed wherever it contains the value.

    The ends are written with `digits` decimal places. Where rounding them would shut the printed value out (``2.94`` of
    ``[2.9, 2.9]``), they are written with as many places as the value, which keeps the order.

    Args:
        value: The number that the interval is of.
        low: Its lower end.
        high: Its upper end.
        digits: Decimal places of the ends.
        beside: Decimal places that the value itself is written with.
        signed: Whether positive ends have a plus sign.
    """
    places = digits
    while places < beside and not _holds(value, low, high, places, beside):
        places += 1
    return f"[{decimal(low, places, signed=signed)}, {decimal(high, places, signed=signed)}]"


def with_interval(value: float, low: float | None, high: float | None, *, signed: bool = False) -> str:
    """A score with its interval where it has one: ``57.32 [55.1, 59.5]``."""
    places = DIGITS if signed else places_of(value)
    text = decimal(value, places, signed=signed)
    if low is None or high is None:
        return text
    ends = INTERVAL_DIGITS if places == DIGITS else places
    return f"{text} {interval(value, low, high, digits=ends, beside=places, signed=signed)}"


def p_value(p: float) -> str:
    """A p-value: ``0.0123``, ``<0.0001``."""
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def _holds(value: float, low: float, high: float, places: int, beside: int) -> bool:
    """Whether the interval as printed contains the value as printed, as far as they do so unrounded."""
    printed, start, end = float(decimal(value, beside)), float(decimal(low, places)), float(decimal(high, places))
    return not (low <= value and start > printed) and not (value <= high and printed > end)
