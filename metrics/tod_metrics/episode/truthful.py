"""Whether what was told is true."""

from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.episode.episode_metric import EpisodeMetric
from tod_metrics.episode.outcomes import EpisodeItem


@dataclass(frozen=True)
class Truthful(EpisodeMetric):
    """Share of told values that are true of the entity named, in %.

    Values that were told before any entity was named are left out. A name that the database does not have, and a
    reference that is not in the ledger, are not true.
    """

    name: ClassVar[str] = "truthful"

    def counts(self, item: EpisodeItem) -> tuple[float, ...]:
        """True values, and values."""
        outcomes = item.of(self.domain)
        return float(sum(one.true for one in outcomes)), float(sum(one.told for one in outcomes))
