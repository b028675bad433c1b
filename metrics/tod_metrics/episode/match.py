"""Whether the right venue was found."""

from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.episode.episode_metric import EpisodeMetric
from tod_metrics.episode.outcomes import EpisodeItem


@dataclass(frozen=True)
class VenueMatch(EpisodeMetric):
    """Share of domains whose entity is among those that the goal's wish returns, in %.

    The entity is that of the standing booking where the goal books, else the one that was named last. A taxi matches
    when every detail of its booking is right. Names are compared without case, blanks and punctuation.
    """

    name: ClassVar[str] = "venue_match"

    def counts(self, item: EpisodeItem) -> tuple[float, ...]:
        """Domains that match, and domains."""
        outcomes = item.of(self.domain)
        return float(sum(one.matched for one in outcomes)), float(len(outcomes))
