"""A table as Markdown: the numbers, the published ones under them, and what they mean below."""

from collections.abc import Sequence

from tod_bench.reports.layout import MISSING, against_published, written
from tod_bench.reports.table import Row, Table


def to_markdown(table: Table) -> str:
    """The whole table with its signatures, warnings and notes."""
    lines = [f"## {table.title}", "", *_grid(table), ""]
    lines += [f"**Warning**: {warning}.  " for warning in table.warnings]
    if table.source:
        lines += [f"Published values: {table.source}", ""]
    lines += ["Intervals are 95% bootstrap intervals over dialogues. Signatures:", ""]
    lines += [f"- {label}: " + ", ".join(f"`{text}`" for text in found) for label, found in table.signatures.items()]
    return "\n".join([*lines, "", *(f"- {note}" for note in table.notes)]).rstrip() + "\n"


def _grid(table: Table) -> list[str]:
    labels = table.labels
    rule = [*["---" for _ in labels], *["---:" for _ in table.columns]]
    lines = [_line([*labels, *table.columns]), _line(rule)]
    for row in table.rows:
        numbers = [written(number, signed=row.difference) for number in row.numbers]
        lines.append(_line([*row.called(labels), *numbers]))
        published = published_line(row)
        lines += [_line([*[""] * (len(labels) - 1), "published", *published])] if published else []
    return lines


def published_line(row: Row) -> list[str]:
    """The published values under a row; empty where none of its numbers has one."""
    texts = [against_published(number, signed=row.difference) for number in row.numbers]
    return [] if all(text == MISSING for text in texts) else texts


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
