"""How a number of a table is written: the same text in every form of the table."""

from tod_bench.numerals import decimal, with_interval
from tod_bench.reports.numbers import Number

MISSING = "—"


def written(number: Number, *, signed: bool = False) -> str:
    """The value with its interval ``57.32 [55.1, 59.5]``, or with its spread over seeds ``57.32 ± 0.80``."""
    if number.value is None:
        return MISSING
    text = with_interval(number.value, number.low, number.high, signed=signed)
    has_interval = number.low is not None and number.high is not None
    return text if has_interval or number.spread is None else f"{text} ± {decimal(number.spread)}"


def against_published(number: Number, *, signed: bool = False) -> str:
    """The published value and how far ours is from it: ``47.17 (+1.20, inside our interval)``."""
    if number.published is None:
        return MISSING
    published = decimal(number.published, signed=signed)
    gap = number.from_published
    if gap is None:
        return published
    where = {True: ", inside our interval", False: ", outside our interval", None: ""}[number.inside]
    return f"{published} ({decimal(gap, signed=True)}{where})"
