"""Tables as CSV, in which no text can act as a spreadsheet's formula."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_FORMULA = tuple("=+-@＝＋－＠\t\r")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def escape_formula(value: Any) -> Any:
    """A cell's value; a quote is put before a text that a spreadsheet would run as a formula.

    A text that is a signed number, ``-1``, stays one.
    """
    if isinstance(value, str) and value.startswith(_FORMULA) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def csv_text(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table as CSV with a header; None is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in (header, *rows):
        writer.writerow(map(escape_formula, row))
    return buffer.getvalue()


def records_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Records as CSV, a column for each of their keys; empty where there are none."""
    header = dict.fromkeys(name for record in records for name in record)
    return csv_text(header, ([record.get(name) for name in header] for record in records)) if records else ""
