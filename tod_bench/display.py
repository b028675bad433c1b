"""How results show themselves: a data frame, HTML in a notebook, Markdown and CSV.

A result that is `Tabular` gives its content twice: as records, numbers unrounded, and as grids, texts as people read
them. Everything else follows from the two.
"""

import html
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tod_bench import markdown
from tod_bench.csv_files import records_csv
from tod_bench.errors import extra_needed
from tod_bench.numerals import with_interval
from tod_bench.scores import Score

if TYPE_CHECKING:
    import pandas as pd

MISSING = "—"
"""What is written where there is no number."""


@dataclass(frozen=True, slots=True)
class Undefined:
    """A cell without a number, and why; it is written as a dash."""

    reason: str = ""

    def __str__(self) -> str:
        return f"{MISSING} ({self.reason})" if self.reason else MISSING


Cell: TypeAlias = str | Undefined


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as it is read.

    Attributes:
        title: What it shows; may be empty.
        columns: Heads of the columns.
        rows: The rows, a cell a column.
        names: How many of the first columns hold names; the others hold numbers and are set to the right.
        notes: Lines below it: signatures, what a reader must know.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    names: int = 1
    notes: tuple[str, ...] = ()

    def to_html(self) -> str:
        """The table as HTML; every text is escaped."""
        heads = [_tag("th", column, index < self.names) for index, column in enumerate(self.columns)]
        lines = [f"<tr>{''.join(heads)}</tr>"]
        for row in self.rows:
            cells = [_tag("td", str(cell), index < self.names) for index, cell in enumerate(row)]
            lines.append(f"<tr>{''.join(cells)}</tr>")
        caption = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return f"<table>{caption}{''.join(lines)}</table>" + (f"<ul>{notes}</ul>" if notes else "")

    def to_markdown(self) -> str:
        """The table as Markdown."""
        title = [f"## {self.title}", ""] if self.title else []
        notes = ["", *(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n".join([*title, markdown.table(self.columns, self.rows, left=self.names), *notes]) + "\n"


class Tabular(ABC):
    """A result that can be shown as tables and taken apart as records."""

    __slots__ = ()

    @abstractmethod
    def records(self) -> list[dict[str, Any]]:
        """One mapping a number; numbers are unrounded, and None where they are undefined."""

    @abstractmethod
    def grids(self) -> list[Grid]:
        """The tables that people read."""

    def to_pandas(self) -> "pd.DataFrame":
        """The records as a data frame.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        with extra_needed("report", "a data frame"):
            import pandas as pd
        return pd.DataFrame(self.records())

    def to_csv(self) -> str:
        """The records as CSV, with a head."""
        return records_csv(self.records())

    def to_markdown(self) -> str:
        """The grids as Markdown."""
        return "\n".join(grid.to_markdown() for grid in self.grids())

    def _repr_html_(self) -> str:
        return "".join(grid.to_html() for grid in self.grids())


class ScoreTable(Tabular):
    """A result with a title whose numbers are `scores`."""

    __slots__ = ()

    title: str
    scores: Sequence[Score]

    def records(self) -> list[dict[str, Any]]:
        """One mapping a score; see `score_record`."""
        return [score_record(score) for score in self.scores]

    def grids(self) -> list[Grid]:
        """One table: metrics and slices down, protocols across."""
        return [score_grid(self.title, self.scores)]


def score_record(score: Score) -> dict[str, Any]:
    """A score as a flat mapping; a slice is two texts, empty for the whole corpus."""
    return {
        "metric": score.metric,
        "protocol": score.protocol,
        "slice_kind": score.slice.kind if score.slice else "",
        "slice": score.slice.name if score.slice else "",
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
        "coverage": score.coverage,
        "signature": str(score.signature),
        "notes": "; ".join(score.notes),
    }


def score_grid(title: str, scores: Sequence[Score], notes: Iterable[str] = ()) -> Grid:
    """Scores as a table: metrics and slices down, protocols across, signatures and notes below."""
    protocols = list(dict.fromkeys(score.protocol for score in scores))
    cells = {(score.metric, score.slice, score.protocol): score_cell(score) for score in scores}
    rows = dict.fromkeys((score.metric, score.slice) for score in scores)
    return Grid(
        title,
        ("metric", *protocols),
        tuple(
            (f"{metric} {part}" if part else metric, *(cells.get((metric, part, name), "") for name in protocols))
            for metric, part in rows
        ),
        notes=(
            *dict.fromkeys(str(score.signature) for score in scores if not score.slice),
            *dict.fromkeys([*notes, *(note for score in scores for note in score.notes)]),
        ),
    )


def score_cell(score: Score) -> Cell:
    """A score as people read it, ``57.32 [55.1, 59.5]``; without a value, why it has none."""
    if score.value is None:
        return Undefined("nothing to divide by" if score.n == 0 else "; ".join(score.notes) or "undefined")
    return with_interval(score.value, score.low, score.high)


def _tag(name: str, text: str, is_name: bool) -> str:
    side = "left" if is_name else "right"
    return f'<{name} style="text-align: {side}">{html.escape(text)}</{name}>'
