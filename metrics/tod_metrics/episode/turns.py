"""How long an episode takes."""

from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.base import FloatArray, ratio
from tod_metrics.episode.episode_metric import EpisodeMetric
from tod_metrics.episode.outcomes import EpisodeItem


@dataclass(frozen=True)
class EpisodeTurns(EpisodeMetric):
    """Mean number of turns that the agent answered; under ``convlab3`` an utterance of either side is a turn."""

    name: ClassVar[str] = "episode_turns"
    percent: ClassVar[bool] = False
    higher_is_better: ClassVar[bool | None] = False
    protocols: ClassVar[tuple[str, ...]] = ("tod_bench", "convlab3")

    protocol: str = "tod_bench"

    @property
    def by_domain(self) -> bool:
        """Never: a turn can be about several domains."""
        return False

    def counts(self, item: EpisodeItem) -> tuple[float, ...]:
        """Turns, and 1."""
        return float(item.turns * (2 if self.protocol == "convlab3" else 1)), 1.0

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The mean."""
        return ratio(sums[..., 0], sums[..., 1])
