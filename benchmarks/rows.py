"""What a benchmark reports: rows of a table, each with everything that was measured for it.

ours        1.9  2.0  2.1  s       one value a repeat
reference   6.1  6.2  6.0  s       of the same repeat, so that a busy moment strikes both
ratio       3.2  3.1  2.9          median and spread are taken of these
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement, perhaps against a reference.

    Attributes:
        name: What was measured, and on what.
        unit: Of the values; rates end in ``/s``, of everything else less is better.
        ours: The value of each repeat.
        reference: The reference's value in each repeat; empty where there is none.
        against: What the reference is.
        target: The ratio to reach; without a reference, the value not to pass; None where there is no target.
    """

    name: str
    unit: str
    ours: tuple[float, ...]
    reference: tuple[float, ...] = ()
    against: str = ""
    target: float | None = None

    @property
    def ratios(self) -> list[float]:
        """How many times better than the reference, repeat by repeat."""
        pairs = zip(self.ours, self.reference, strict=True) if self.reference else ()
        return [ours / other if self.unit.endswith("/s") else other / ours for ours, other in pairs]

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the target; None without one."""
        if self.target is None:
            return None
        return median(self.ratios) >= self.target if self.reference else median(self.ours) <= self.target

    def to_json(self) -> dict[str, Any]:
        """The row as JSON values, the ratio's median and spread among them."""
        ratios = self.ratios
        return {
            **{name: getattr(self, name) for name in ("name", "unit", "ours", "reference", "against", "target", "met")},
            "ratio": round(median(ratios), 3) if ratios else None,
            "spread": [round(min(ratios), 3), round(max(ratios), 3)] if ratios else None,
        }


def interleaved(sides: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Wall seconds of each side in each repeat, the sides taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, work in sides.items():
            began = perf_counter()
            work()
            seconds[name].append(perf_counter() - began)
    return seconds


def rates(amount: float, seconds: Sequence[float]) -> tuple[float, ...]:
    """Amounts a second."""
    return tuple(amount / second for second in seconds)
