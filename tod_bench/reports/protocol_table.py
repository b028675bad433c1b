"""The protocol table of one prediction file on the terminal, what its protocols disagree on, and its errors."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from tod_bench.console import grid, print_line
from tod_bench.numerals import with_interval
from tod_bench.scores import Score, Slice
from tod_bench.scoring import Disagreement, ErrorTable, ProtocolTable
from tod_bench.scoring.state_errors import CLASSES
from tod_metrics import Signature

if TYPE_CHECKING:
    from rich.console import Console


def print_protocol_table(table: ProtocolTable, console: "Console", *, by_domain: bool) -> None:
    """Prints the table, the signatures under it, and what a reader must know.

    Args:
        table: The table.
        console: Where to print.
        by_domain: Show rows of domains for every metric, not for per-domain JGA and groups alone.
    """
    from rich.text import Text

    rows = [(metric, part) for metric, part in table.rows if by_domain or always_shown(metric, part)]
    cells = [
        (
            f"  {metric} {part}" if part else metric,
            *(_cell(table.score(metric, part, protocol)) for protocol in table.protocols),
        )
        for metric, part in rows
    ]
    console.print(grid(("metric", *table.protocols), cells, left=1, title=table.title))
    console.print(Text("95% bootstrap intervals over dialogues; signatures:"))
    for line in signature_lines(table.scores):
        print_line(console, f"  {line}")
    notes = [note for score in table.scores if (score.metric, score.slice) in rows for note in score.notes]
    for note in dict.fromkeys([*table.remarks, *notes]):
        print_line(console, f"- {note}")


def signature_lines(scores: Iterable[Score]) -> list[str]:
    """The signatures of whole scores, those that differ in the metric and n alone in one line."""
    shared: dict[Signature, dict[str, int]] = {}
    for score in scores:
        if not score.slice:
            shared.setdefault(replace(score.meaning, metric=""), {})[score.metric] = score.n
    return [
        f"{'; '.join(f'{metric} (n {n})' for metric, n in metrics.items())}: {str(signature).removeprefix('|')}"
        for signature, metrics in shared.items()
    ]


def print_disagreements(
    by_protocol: Iterable[tuple[str, list[Disagreement]]], first: str, limit: int, console: "Console"
) -> None:
    """Prints the first few disagreements of each protocol with the first one."""
    from rich.text import Text

    for protocol, slots in by_protocol:
        turns = {(slot.dialogue_id, slot.turn) for slot in slots}
        console.print(Text(f"\n{first} and {protocol} disagree on {len(turns)} turns", style="bold"))
        for slot in islice(slots, limit):
            print_line(console, f"  {slot}")


def print_errors(table: ErrorTable, console: "Console") -> None:
    """Prints the errors of states by slot and by turn; each error is in exactly one class."""
    unpredicted = f", {table.unpredicted} of them not predicted" if table.unpredicted else ""
    title = (
        f"errors under {table.protocol}: {table.total.errors} slots wrong in {table.wrong} of {table.turns} turns"
        f"{unpredicted}"
    )
    for what, rows in (("slot", table.by_slot), ("turn", table.by_turn)):
        counts = [
            (row.name, row.gold, *(row.counts[kind] for kind in CLASSES), row.errors)
            for row in (*(row for row in rows if row.errors), table.total)
        ]
        columns = (what, "in gold", *CLASSES, "all errors")
        console.print(grid(columns, counts, left=1, title=title if what == "slot" else ""))


def always_shown(metric: str, part: Slice | None) -> bool:
    """Whether a row is shown without asking for domains: of the whole, of a group, or of a metric by domain."""
    return part is None or part.kind != "domain" or metric.startswith("domain_")


def _cell(score: Score | None) -> str:
    if score is None:
        return ""
    return "undefined" if score.value is None else with_interval(score.value, score.low, score.high)
