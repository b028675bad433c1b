"""The protocol table of one prediction file on the terminal, what its protocols disagree on, and its errors."""

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from tod_bench.errors import printable
from tod_bench.numerals import with_interval
from tod_bench.scores import Score, Slice
from tod_bench.scoring import Disagreement, ErrorTable, ProtocolTable
from tod_bench.scoring.state_errors import CLASSES

if TYPE_CHECKING:
    from rich.console import Console


def print_protocol_table(table: ProtocolTable, console: "Console", *, by_domain: bool) -> None:
    """Prints the table, the signatures under it, and what a reader must know.

    Args:
        table: The table.
        console: Where to print.
        by_domain: Show rows of domains for every metric, not for per-domain JGA and groups alone.
    """
    from rich.table import Table as Grid
    from rich.text import Text

    rows = [(metric, part) for metric, part in table.rows if by_domain or _always(metric, part)]
    grid = Grid(
        title=f"{table.task}: {table.pairing.turns} turns, coverage {100 * table.pairing.coverage:.1f}%",
        title_justify="left",
    )
    grid.add_column("metric")
    for protocol in table.protocols:
        grid.add_column(protocol, justify="right")
    for metric, part in rows:
        cells = [_cell(table.score(metric, part, protocol)) for protocol in table.protocols]
        grid.add_row(Text(f"  {metric} {part}" if part else metric), *map(Text, cells))
    console.print(grid)
    console.print(Text("95% bootstrap intervals over dialogues; signatures:"))
    for line in signature_lines(table.scores):
        console.print(Text(f"  {line}"), soft_wrap=True)
    notes = [note for found in table.scores if (found.metric, found.slice) in rows for note in found.notes]
    for note in dict.fromkeys([*table.remarks, *notes]):
        console.print(Text(printable(f"- {note}")), soft_wrap=True)


def signature_lines(scores: Iterable[Score]) -> list[str]:
    """The signatures of whole scores, those that differ in the metric and n alone in one line."""
    shared: dict[str, dict[str, int]] = {}
    for found in scores:
        if not found.slice:
            options = str(found.meaning).partition("|")[2]
            shared.setdefault(options, {})[found.metric] = found.n
    return [
        f"{'; '.join(f'{metric} (n {n})' for metric, n in metrics.items())}: {signature}"
        for signature, metrics in shared.items()
    ]


def print_disagreements(
    found: Iterable[tuple[str, list[Disagreement]]], first: str, limit: int, console: "Console"
) -> None:
    """Prints the first few disagreements of each protocol with the first one."""
    from rich.text import Text

    for protocol, slots in found:
        turns = {(slot.dialogue_id, slot.turn) for slot in slots}
        console.print(Text(f"\n{first} and {protocol} disagree on {len(turns)} turns", style="bold"))
        for slot in islice(slots, limit):
            console.print(Text(printable(f"  {slot}")), soft_wrap=True)


def print_errors(table: ErrorTable, console: "Console") -> None:
    """Prints the errors of states by slot and by turn; each error is in exactly one class."""
    from rich.table import Table as Grid
    from rich.text import Text

    unpredicted = f", {table.unpredicted} of them not predicted" if table.unpredicted else ""
    title = (
        f"errors under {table.protocol}: {table.total.errors} slots wrong in {table.wrong} of {table.turns} turns"
        f"{unpredicted}"
    )
    for what, rows in (("slot", table.by_slot), ("turn", table.by_turn)):
        grid = Grid(title=title if what == "slot" else None, title_justify="left")
        grid.add_column(what)
        for name in ("in gold", *CLASSES, "all errors"):
            grid.add_column(name, justify="right")
        for row in (*(row for row in rows if row.errors), table.total):
            counts = (row.gold, *(row.counts[kind] for kind in CLASSES), row.errors)
            grid.add_row(Text(row.name), *(Text(str(count)) for count in counts))
        console.print(grid)


def _always(metric: str, part: Slice | None) -> bool:
    """Whether a row is shown without ``--by-domain``."""
    return part is None or part.kind != "domain" or metric.startswith("domain_")


def _cell(score: Score | None) -> str:
    if score is None:
        return ""
    return "undefined" if score.value is None else with_interval(score.value, score.low, score.high)
