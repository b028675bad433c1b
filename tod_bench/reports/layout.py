"""How a number is written: the same text in every form of a table."""

from tod_bench.reports.numbers import Number

MISSING = "—"


def written(number: Number, *, signed: bool = False) -> str:
    """The value with its interval ``57.3 [55.1, 59.5]``, or with its spread over seeds ``57.3 ± 0.8``."""
    if number.value is None:
        return MISSING
    value = f"{number.value:+.2f}" if signed else f"{number.value:.2f}"
    if number.low is not None and number.high is not None:
        return f"{value} [{number.low:.1f}, {number.high:.1f}]"
    return value if number.spread is None else f"{value} ± {number.spread:.2f}"


def against_published(number: Number, *, signed: bool = False) -> str:
    """The published value and how far ours is from it: ``47.17 (+1.2, inside our interval)``."""
    if number.published is None:
        return MISSING
    published = f"{number.published:+.2f}" if signed else f"{number.published:.2f}"
    if number.value is None:
        return published
    where = {True: ", inside our interval", False: ", outside our interval", None: ""}[number.inside]
    return f"{published} ({number.value - number.published:+.2f}{where})"
