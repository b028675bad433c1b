"""What the metrics over belief states share: their protocol, their domain, their signature."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.base import Metric, Signature
from tod_metrics.items import StateItem
from tod_metrics.protocols import PROTOCOLS, StateProtocol, state_protocol
from tod_metrics.state.alignment import Alignment
from tod_metrics.state.states import StateBatch


@dataclass(frozen=True)
class StateMetric(Metric[StateItem]):
    """A metric over belief states.

    Attributes:
        protocol: The protocol, with modifiers, e.g. ``trade`` or ``tod_bench+nobook``.
        domain: Domain or service that it is restricted to; empty for all.
    """

    protocol: str = "tod_bench"
    domain: str = ""

    item: ClassVar[type] = StateItem
    protocols: ClassVar[tuple[str, ...]] = tuple(PROTOCOLS)

    def __post_init__(self) -> None:
        offered = [name for name, rules in PROTOCOLS.items() if rules.defines(self.name)]
        if not self.rules.defines(self.name):
            raise ValueError(
                f"the protocol {self.protocol!r} does not define {self.name!r}; these do: {', '.join(offered)}"
            )

    @property
    def by_domain(self) -> bool:
        """Whether the harness adds a row for every domain."""
        return True

    @property
    def rules(self) -> StateProtocol:
        """The protocol as data."""
        return state_protocol(self.protocol)

    @property
    def signature(self) -> Signature:
        """Everything of the protocol that can change the number."""
        return Signature(self.name, self.rules.options())

    def aligned(self, items: Sequence[StateItem]) -> Alignment:
        """Gold and prediction side by side; hand over a `StateBatch` to have it done once for all metrics."""
        return batch_of(items).aligned(self.rules)


def batch_of(items: Sequence[StateItem]) -> StateBatch:
    """The items as a batch."""
    return items if isinstance(items, StateBatch) else StateBatch(items)
