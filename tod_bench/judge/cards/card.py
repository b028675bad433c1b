"""A judge card as data: measures with intervals, or the reason why there is none."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import numpy as np

from tod_bench.errors import UserError
from tod_bench.inputs import read_json
from tod_bench.statistics import bootstrap_interval
from tod_bench.statistics.bootstrap import Aggregate
from tod_metrics.base import FloatArray, percentage

FORMAT = 1
"""Version of the file of a card."""

FILE = "card.json"
"""A card's file in its folder."""

Unit: TypeAlias = Literal["", "%", "points", "alpha", "USD", "tokens", "s"]
"""What a value counts; ``%`` is 0 to 100, ``alpha`` Krippendorff's, at most 1."""

SECTIONS: Mapping[str, str] = {
    "agreement": "Agreement with people",
    "gold": "Against the labels",
    "self": "Agreement with itself",
    "bias": "Bias: position, length, order of the questions, the example of the form",
    "persona": "Use of the persona",
    "roles": "Telling users apart",
    "unread": "Unread answers",
    "cost": "Cost",
}
"""The sections of a card, in order: key -> heading."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a card, or why there is none.

    Attributes:
        section: Key of its section.
        name: What is measured.
        about: The question that it is about; empty for all.
        value: The value; None where it was not measured.
        low: Lower end of its 95% interval; None where it has none.
        high: Upper end.
        unit: What it counts.
        n: How many things it is from.
        of: What these are.
        note: What a reader must know; why it was not measured.
    """

    section: str
    name: str
    about: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: Unit = ""
    n: int = 0
    of: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class JudgeCard:
    """Everything that was measured of a judge on one task.

    Attributes:
        judge: The model asked for.
        returned: What answered, as it named itself.
        task: The task.
        config: Name of the judge config.
        about: What was judged: corpus and split, or the file of labelled texts.
        labels: Where the labels are from.
        signature: Prompt, protocol, sampling: what the numbers hold for.
        measures: The measures, section by section.
        conclusions: What follows, a sentence each.
        command: The command that makes the card.
        date: The day on which it was made.
    """

    judge: str
    returned: str
    task: str
    config: str
    about: str
    labels: str
    signature: Mapping[str, str]
    measures: tuple[Measure, ...]
    conclusions: tuple[str, ...]
    command: str
    date: str

    def of(self, name: str, about: str = "") -> Measure | None:
        """The first measure of a name, about a question where one is given; None where there is none."""
        found = (m for m in self.measures if m.name == name and about in ("", m.about))
        return next(found, None)

    def to_json(self) -> dict[str, Any]:
        """The card as JSON values."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The card that `to_json` wrote."""
        fields = {name: given for name, given in value.items() if name != "format"}
        measures = tuple(Measure(**one) for one in value["measures"])
        return cls(**{**fields, "measures": measures, "conclusions": tuple(value["conclusions"])})


def read_card(path: Path) -> JudgeCard:
    """Reads the file of a card.

    Raises:
        UserError: It cannot be read, or is no card of this version.
    """
    value = read_json(path)
    try:
        if value["format"] != FORMAT:
            raise KeyError
        return JudgeCard.from_json(value)
    except (KeyError, TypeError):
        raise UserError(f"{path} is no judge card of this version; make it anew with `tod-bench judge card`") from None


DRAWS = 2000
"""Bootstrap draws behind each interval of a card."""


def measured(
    where: tuple[str, str, str],
    sums: FloatArray,
    aggregate: Aggregate,
    unit: Unit = "%",
    *,
    n: int | None = None,
    of: str = "items",
    note: str = "",
) -> Measure:
    """A measure from statistics of items, with its interval over them.

    Args:
        where: Section, name and question.
        sums: Statistics of each item, shape (items, k).
        aggregate: Their sum to the value.
        unit: What the value counts.
        n: How many things it is from; the items where None.
        of: What these are.
        note: What a reader must know.
    """
    section, name, about = where
    value = float(aggregate(sums.sum(axis=0))) if len(sums) else float("nan")
    if not np.isfinite(value):
        return missing(section, name, note or "nothing to measure it from", about)
    size = len(sums) if n is None else n
    if unit == "%" and value in (0.0, 100.0):
        return Measure(section, name, about, value, *exact_ends(value, len(sums)), unit, size, of, note)
    interval = bootstrap_interval(sums, aggregate, draws=DRAWS)
    ends = (interval.low, interval.high) if interval.low != interval.high else (None, None)
    return Measure(section, name, about, value, *ends, unit, size, of, note)


def exact_ends(value: float, items: int) -> tuple[float, float]:
    """The ends of the 95% interval of a share of which every item says 0, or every one 100 (Clopper and Pearson 1934).

    All draws of a bootstrap are equal then, as if there were no doubt.
    """
    room = 100.0 * (1.0 - 0.025 ** (1.0 / items))
    return (0.0, room) if value == 0.0 else (100.0 - room, 100.0)


def missing(section: str, name: str, why: str, about: str = "") -> Measure:
    """A measure that could not be taken."""
    return Measure(section, name, about, note=why)


def by_item(rows: Iterable[tuple[str, Sequence[float] | FloatArray]]) -> FloatArray:
    """Rows of statistics summed by item, shape (items, k), items in the order of their ids."""
    sums: dict[str, FloatArray] = {}
    for item, row in rows:
        added = np.asarray(row, dtype=np.float64)
        sums[item] = sums[item] + added if item in sums else added
    return np.array([sums[item] for item in sorted(sums)]) if sums else np.zeros((0, 1))


def share(sums: FloatArray) -> FloatArray:
    """Summed (found, all), shape (..., 2), or with more behind them, to a percentage of shape (...)."""
    return percentage(sums[..., 0], sums[..., 1])
