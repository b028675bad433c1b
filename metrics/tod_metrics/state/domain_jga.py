"""Joint goal accuracy of one domain, in the three forms that the field mixes up.

All three look at the slots of one domain alone. They differ in the turns that they count:

- ``goal``: every turn of the dialogues whose goal has the domain (Wu et al. 2019);
- ``all``: every turn of the corpus, so that nothing predicted where nothing is gold counts as right;
- ``active``: turns whose gold state has a slot of the domain.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.items import StateItem
from tod_metrics.state.alignment import BoolArray
from tod_metrics.state.state_metric import StateMetric


class DomainJGA(StateMetric):
    """Joint goal accuracy of one domain; without a domain, of all (turn, domain) pairs that count, pooled."""

    form: ClassVar[Literal["goal", "all", "active"]]
    columns: ClassVar[tuple[str, ...]] = ("right", "counted")
    denominator: ClassVar[str] = "counted"

    def statistics(self, items: Sequence[StateItem]) -> FloatArray:
        """Shape (items, 2): turns that are right and turns that count; summed over the domains where none is chosen."""
        aligned = self.aligned(items)
        chosen = (
            [self.domain]
            if self.domain
            else [name for name, size in zip(aligned.domains, aligned.slots, strict=True) if size]
        )
        total = np.zeros((aligned.items, 2))
        for domain in chosen:
            counted = self._counted(items, domain)
            total += np.column_stack([aligned.joint(domain) * counted, counted])
        return total

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of counted turns that are right; NaN where none counts."""
        return percentage(sums[..., 0], sums[..., 1])

    def _counted(self, items: Sequence[StateItem], domain: str) -> BoolArray:
        aligned = self.aligned(items)
        if self.form == "active":
            return aligned.present(domain)
        if self.form == "goal":
            members = aligned.groups.get(domain, frozenset({domain}))
            return np.array([not members.isdisjoint(item.goal_domains) for item in items], dtype=np.bool_)
        return np.ones(aligned.items, dtype=np.bool_)


class DomainJGAGoal(DomainJGA):
    """Per-domain JGA over the dialogues whose goal has the domain, in %."""

    name: ClassVar[str] = "domain_jga_goal"
    form = "goal"


class DomainJGAAll(DomainJGA):
    """Per-domain JGA over every turn of the corpus, in %: absent against absent is right."""

    name: ClassVar[str] = "domain_jga_all"
    form = "all"


class DomainJGAActive(DomainJGA):
    """Per-domain JGA over the turns whose gold state has the domain, in %."""

    name: ClassVar[str] = "domain_jga_active"
    form = "active"
