"""What each metric of the site means, from the docstring of the class that computes it."""

import inspect
import re
from dataclasses import dataclass

from tod_bench.leaderboard.board import Board
from tod_metrics import metric_class

_SECTION = re.compile(r"(Args|Attributes|Returns|Raises):")


@dataclass(frozen=True, slots=True)
class Definition:
    """The definition of a metric.

    Attributes:
        name: The metric's name.
        paragraphs: What it means, the first of them in a sentence.
        higher_is_better: Direction; None where there is none.
        source: The class that computes it.
        signatures: Label of a column -> signature of its numbers, over all tracks.
    """

    name: str
    paragraphs: tuple[str, ...]
    higher_is_better: bool | None
    source: str
    signatures: tuple[tuple[str, str], ...]

    @property
    def line(self) -> str:
        """The definition in a line."""
        return self.paragraphs[0]


def definitions(board: Board) -> list[Definition]:
    """The definitions of all metrics that the leaderboard shows, by name."""
    columns = [column for ranking in board.rankings for column in ranking.columns]
    return [
        _definition(name, {column.signature: column.label for column in columns if column.metric == name})
        for name in sorted({column.metric for column in columns})
    ]


def _definition(name: str, labels: dict[str, str]) -> Definition:
    defined = metric_class(name)
    paragraphs = []
    for paragraph in re.split(r"\n\s*\n", inspect.getdoc(defined) or "This metric has no description."):
        if _SECTION.match(paragraph):
            break
        paragraphs.append(" ".join(paragraph.replace("``", "").replace("`", "").split()))
    signatures = tuple((label, signature) for signature, label in labels.items())
    return Definition(
        name, tuple(paragraphs), defined.higher_is_better, f"{defined.__module__}.{defined.__qualname__}", signatures
    )
