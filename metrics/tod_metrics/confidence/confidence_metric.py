"""What the metrics of confidence share: their units, their protocol, what is left out."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tod_metrics.base import FloatArray, PooledMetric, Signature
from tod_metrics.confidence.pool import ConfidencePool
from tod_metrics.confidence.units import Joint, Unit, Units, units_of
from tod_metrics.items import StateItem
from tod_metrics.state.state_metric import StateMetric, batch_of


@dataclass(frozen=True)
class ConfidenceMetric(StateMetric, PooledMetric[StateItem, ConfidencePool]):
    """A metric of how well confidence fits correctness, over predicted values or over turns.

    Attributes:
        unit: ``slot``: predicted values, right where slot F1 has a true positive; ``turn``: turns, right where JGA
            counts them.
        joint: For turns, how the confidences of a turn's values make one: ``product`` or ``minimum``.
    """

    unit: Unit = "slot"
    joint: Joint = "product"

    columns: ClassVar[tuple[str, ...]] = ()
    higher_is_better: ClassVar[bool | None] = False
    lowest: ClassVar[float] = 0.0

    @property
    def by_domain(self) -> bool:
        """For values, which are of one domain each; a turn is of several."""
        return self.unit == "slot"

    @property
    def signature(self) -> Signature:
        """The protocol's options, the unit, and for turns how confidences are joined."""
        joint = {"joint": self.joint} if self.unit == "turn" else {}
        options = {**self.rules.options(), "unit": self.unit, **joint, **self.own_options()}
        return Signature(self.name, options)

    def own_options(self) -> dict[str, str]:
        """Options of one metric, for its signature."""
        return {}

    def pool(self, items: Sequence[StateItem], cluster: Sequence[int], clusters: int) -> ConfidencePool:
        """The values or turns that have a confidence."""
        units = self._units(items)
        places = np.asarray(cluster, dtype=np.int64)[units.item]
        return ConfidencePool(units.confidence, units.right, places, clusters, units.without)

    def _units(self, items: Sequence[StateItem]) -> Units:
        batch = batch_of(items)
        units = units_of(batch, self.rules, self.unit, self.joint)
        if not self.domain:
            return units
        return units.of_domains(batch.groups.get(self.domain, frozenset({self.domain})))

    def of_pool(self, pool: ConfidencePool, counts: NDArray[Any]) -> FloatArray:
        """Scores of how often each dialogue is counted."""
        return pool.scores(counts, self.of_counts)

    @abstractmethod
    def of_counts(self, confidence: FloatArray, units: FloatArray, right: FloatArray) -> FloatArray:
        """The score of counts.

        Args:
            confidence: The distinct confidences, ascending, shape (v,).
            units: Units of each confidence, shape (v, draws).
            right: Right ones among them.

        Returns:
            Shape (draws,); NaN where it is undefined.
        """

    def remarks(self, items: Sequence[StateItem]) -> tuple[str, ...]:
        """How many units have a confidence, where not all do."""
        units = self._units(items)
        having, name = len(units.confidence), "predicted values" if self.unit == "slot" else "turns"
        every = having + units.without
        if not having:
            return (f"none of {every:,} {name} has a confidence, so {self.name} is undefined",)
        if not units.without:
            return ()
        share = 100 * having / every
        return (f"{having:,} of {every:,} {name} have a confidence ({share:.1f}%); the others are left out",)
