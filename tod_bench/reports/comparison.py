"""A comparison of two systems on the terminal: a table, then each line of it in words."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tod_bench.console import grid
from tod_bench.errors import printable
from tod_bench.numerals import DIGITS, decimal, p_value, places_of
from tod_bench.scoring.comparison import Comparison, Settings
from tod_metrics import metric_class

if TYPE_CHECKING:
    from rich.console import Console

_VERDICTS = {
    "A": "A is better by {size}",
    "B": "B is better by {size}",
    "differ": "A and B differ by {size}",
    "undecided": "no difference was shown (A - B = {difference})",
}


def print_comparisons(
    comparisons: Sequence[Comparison], settings: Settings, files: tuple[Path, Path], console: "Console"
) -> None:
    """Prints comparisons: the table, the sentences, the notes and what the numbers mean."""
    console.print(f"A: {files[0]}\nB: {files[1]}\n", markup=False, highlight=False)
    rows = [
        (
            *(name_of(one), _number(one.a, one), _number(one.b, one)),
            *(_number(one.difference, one, signed=True), _interval(one)),
            *(_p_value(one.p_randomization), _p_value(one.p_bootstrap), _number(one.detectable, one), one.verdict),
        )
        for one in comparisons
    ]
    console.print(grid(headings(settings), rows, boxed=False))
    family = sum(one.p_randomization is not None for one in comparisons)
    corrected = f", Holm-corrected over {family} comparisons" if family > 1 else ""
    console.print(f"p-values are two-sided, over {comparisons[0].dialogues} dialogues{corrected}.", highlight=False)
    for one in comparisons:
        console.print(f"\n{sentence(one, settings)}", markup=False, highlight=False)
        for line in (*one.notes, str(one.signature)):
            console.print(f"  {printable(line)}", markup=False, highlight=False)


def sentence(one: Comparison, settings: Settings) -> str:
    """A comparison in words: who is better, by how much, with what p, and what could have been found."""
    if one.difference is None or one.p_randomization is None or one.p_bootstrap is None:
        return f"{name_of(one)}: not comparable ({'; '.join(one.notes)})."
    unit = "points" if metric_class(one.metric).percent else "units"
    size = f"{_number(abs(one.difference), one)} {unit}"
    # A minus sign before zero says which way a difference goes that has too few digits.
    verdict = _VERDICTS[one.verdict].format(size=size, difference=f"{one.difference:+.{_places(one)}f}")
    interval = f", {settings.level:.0%} interval of A - B {_interval(one)}" if one.low is not None else ""
    tests = f"{_p_words(one.p_randomization)} (randomisation), {_p_words(one.p_bootstrap)} (bootstrap)"
    resolved = "the two score alike on every dialogue"
    if one.detectable is not None:
        resolved = (
            f"these {one.dialogues} dialogues show differences from {_number(one.detectable, one)} {unit} on "
            f"with {settings.power:.0%} power"
        )
    return f"{name_of(one)}: {verdict}{interval}; {tests}; {resolved}."


def headings(settings: Settings) -> tuple[str, ...]:
    """The columns of the table of comparisons."""
    return (
        *("metric", "A", "B", "A - B", f"{settings.level:.0%} interval", "p (randomisation)", "p (bootstrap)"),
        *(f"detectable ({settings.power:.0%} power)", "better"),
    )


def name_of(one: Comparison) -> str:
    """What is compared: metric and protocol, and the slice where it is of one."""
    return f"{one.metric}@{one.protocol}" + (f" {one.slice}" if one.slice else "")


def _number(value: float | None, one: Comparison, *, signed: bool = False) -> str:
    return "-" if value is None else decimal(value, _places(one), signed=signed)


def _interval(one: Comparison) -> str:
    return "-" if one.low is None else f"{_number(one.low, one, signed=True)} to {_number(one.high, one, signed=True)}"


def _places(one: Comparison) -> int:
    """Decimal places of a comparison's numbers: those that its two scores need."""
    return max((places_of(score) for score in (one.a, one.b) if score is not None), default=DIGITS)


def _p_value(p: float | None) -> str:
    return "-" if p is None else p_value(p)


def _p_words(p: float) -> str:
    return f"p {_p_value(p)}" if p < 0.0001 else f"p = {_p_value(p)}"
