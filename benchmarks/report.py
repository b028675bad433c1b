"""From rows to one table and one JSON file, with the size of the machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.machine import in_short, machine
from benchmarks.rows import Row
from tod_bench.files import write_json, write_text


def write_report(path: Path, rows: Mapping[str, Sequence[Row]], *, seconds: Mapping[str, float], smoke: bool) -> str:
    """Writes the table (``.md``) and every value behind it (``.json``).

    Args:
        path: Both files without their endings.
        rows: Benchmark -> its rows.
        seconds: Benchmark -> how long it took.
        smoke: Whether inputs were tiny, so that the numbers mean nothing.

    Returns:
        The table.
    """
    found = machine()
    table = markdown([row for measured in rows.values() for row in measured], in_short(found))
    write_text(path.with_suffix(".md"), table)
    details = {name: [row.to_json() for row in measured] for name, measured in rows.items()}
    write_json(path.with_suffix(".json"), {"machine": found, "seconds": seconds, "smoke": smoke, "rows": details})
    return table


def markdown(rows: Sequence[Row], machine: str) -> str:
    """The table, a line a row."""
    lines = ["| what | ours | reference | ratio | spread | target | machine |", "|---|---:|---:|---:|---:|---:|---|"]
    for row in rows:
        ratios = row.ratios
        cells = [
            row.name,
            f"{number(median(row.ours))} {row.unit}",
            f"{number(median(row.reference))} {row.unit} ({row.against})" if row.reference else "",
            f"{median(ratios):.1f}" if ratios else "",
            f"{min(ratios):.1f}–{max(ratios):.1f}" if ratios else "",
            _target(row),
            machine,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    sign = "≥" if row.reference else "≤"
    return f"{sign} {number(row.target)}{'' if row.met else ' (missed)'}"
