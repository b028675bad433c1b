"""What the metrics over system acts share: their unit, their domain, their signature."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.act.acts import ActBatch, Unit
from tod_metrics.base import Metric, Signature
from tod_metrics.items import ActItem
from tod_metrics.state.alignment import Alignment

PROTOCOLS: dict[str, tuple[Unit, str]] = {
    "tod_bench": ("slot", "right"),
    "skip_empty": ("slot", "skip"),
    "values": ("value", "right"),
    "values_skip_empty": ("value", "skip"),
}
"""Protocol -> unit, and whether a turn without acts on either side is right or is left out."""


@dataclass(frozen=True)
class ActMetric(Metric[ActItem]):
    """A metric over system acts.

    Attributes:
        protocol: ``tod_bench`` (domain-act-slot, empty against empty is right), ``values`` (with the value), and
            either with ``skip_empty``: turns without an act on either side are left out.
        domain: Domain that it is restricted to; empty for all.
    """

    protocol: str = "tod_bench"
    domain: str = ""

    item: ClassVar[type] = ActItem
    protocols: ClassVar[tuple[str, ...]] = tuple(PROTOCOLS)

    @property
    def by_domain(self) -> bool:
        """Whether a score sheet has a row for every domain."""
        return True

    @property
    def unit(self) -> Unit:
        """What an act is compared by."""
        return PROTOCOLS[self.protocol][0]

    @property
    def skips_empty(self) -> bool:
        """Whether turns without an act on either side are left out."""
        return PROTOCOLS[self.protocol][1] == "skip"

    @property
    def signature(self) -> Signature:
        """The protocol, the unit and what is done with empty turns."""
        unit = "domain-act-slot" if self.unit == "slot" else "domain-act-slot-value"
        empty = PROTOCOLS[self.protocol][1]
        return Signature(self.name, {"protocol": self.protocol, "unit": unit, "empty": empty})

    def aligned(self, items: Sequence[ActItem]) -> Alignment:
        """Gold and prediction side by side; hand over an `ActBatch` to have it done once for all metrics."""
        batch = items if isinstance(items, ActBatch) else ActBatch(items)
        return batch.aligned(self.unit)
