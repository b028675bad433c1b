"""Whether what the user wanted to know was told: precision, recall and F1 over slots, micro-averaged.

A slot counts as told where the user heard a value of it. ``unknown`` is an answer only where the database knows no
better.
"""

from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.base import FloatArray, percentage
from tod_metrics.episode.episode_metric import EpisodeMetric
from tod_metrics.episode.outcomes import EpisodeItem


@dataclass(frozen=True)
class _Requests(EpisodeMetric):
    columns: ClassVar[tuple[str, ...]] = ("answered", "requested", "volunteered")
    denominator: ClassVar[str] = "requested"

    def counts(self, item: EpisodeItem) -> tuple[float, ...]:
        """Slots answered, requested, and told without being requested."""
        outcomes = item.of(self.domain)
        answered, requested = sum(one.answered for one in outcomes), sum(one.requested for one in outcomes)
        return float(answered), float(requested), float(sum(one.volunteered for one in outcomes))


@dataclass(frozen=True)
class RequestRecall(_Requests):
    """Share of requested slots that were told, in %."""

    name: ClassVar[str] = "request_recall"

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Answered, in % of requested."""
        return percentage(sums[..., 0], sums[..., 1])


@dataclass(frozen=True)
class RequestPrecision(_Requests):
    """Share of told slots that were requested, in %; slots of the user's own wish are neither."""

    name: ClassVar[str] = "request_precision"

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Answered, in % of answered and volunteered."""
        return percentage(sums[..., 0], sums[..., 0] + sums[..., 2])


@dataclass(frozen=True)
class RequestF1(_Requests):
    """F1 of requested and told slots, in %: the harmonic mean of `request_precision` and `request_recall`."""

    name: ClassVar[str] = "request_f1"

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Twice answered, in % of requested, answered and volunteered together."""
        return percentage(2 * sums[..., 0], sums[..., 0] + sums[..., 1] + sums[..., 2])
