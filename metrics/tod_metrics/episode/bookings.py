"""Whether bookings were made, and made right; taxis, which have no venue, are in `venue_match` only."""

from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.episode.episode_metric import EpisodeMetric
from tod_metrics.episode.outcomes import EpisodeItem


@dataclass(frozen=True)
class BookRate(EpisodeMetric):
    """Share of booking wishes with a standing booking of their domain, right or wrong, in %."""

    name: ClassVar[str] = "book_rate"

    def counts(self, item: EpisodeItem) -> tuple[float, ...]:
        """Bookings that stand, and booking wishes."""
        wishes = [one for one in item.of(self.domain) if one.counted]
        return float(sum(one.booked for one in wishes)), float(len(wishes))


@dataclass(frozen=True)
class BookDetails(EpisodeMetric):
    """Share of booking wishes with a standing booking at a venue that matches, with every detail right, in %."""

    name: ClassVar[str] = "book_details"

    def counts(self, item: EpisodeItem) -> tuple[float, ...]:
        """Right bookings, and booking wishes."""
        wishes = [one for one in item.of(self.domain) if one.counted]
        return float(sum(one.details for one in wishes)), float(len(wishes))
