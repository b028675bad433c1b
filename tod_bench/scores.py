"""A score: one number with its interval, its signature and what it was computed over."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Score:
    """One number of a table.

    Attributes:
        metric: The metric's name, e.g. ``jga``.
        protocol: The protocol it was computed under, e.g. ``tod_bench``.
        domain: Domain, service or group that it is restricted to; empty for the whole.
        value: The number; None where it is undefined (nothing to divide by).
        low: Lower end of the 95% confidence interval; None where there is none.
        high: Upper end of the interval; None where there is none.
        signature: What the number means (see `tod_metrics.base.Signature`).
        n: Items in the denominator (turns, unless the signature says otherwise).
        coverage: Share of the gold items for which something was predicted, 0 to 1.
        notes: What a reader must know beside the signature.
    """

    metric: str
    protocol: str
    value: float | None
    signature: str
    n: int
    domain: str = ""
    low: float | None = None
    high: float | None = None
    coverage: float = 1.0
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The score as JSON values."""
        return {**asdict(self), "notes": list(self.notes)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Score":
        """The score that `to_json` wrote."""
        return cls(**{**value, "notes": tuple(value.get("notes", ()))})
