"""Whether an episode got the user what the goal wants."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.episode.episode_metric import EpisodeMetric
from tod_metrics.episode.outcomes import EpisodeItem


@dataclass(frozen=True)
class _Share(EpisodeMetric):
    """A share of episodes; with a domain, of those whose goal has it, judged by that domain alone."""

    def counts(self, item: EpisodeItem) -> tuple[float, ...]:
        """Whether the episode is one, and 1."""
        if not item.of(self.domain):
            return 0.0, 0.0
        if self.domain:
            item = EpisodeItem(item.goal, item.trial, tuple(item.of(self.domain)))
        return float(self.holds(item)), 1.0

    @abstractmethod
    def holds(self, item: EpisodeItem) -> bool:
        """Whether the episode is one."""


@dataclass(frozen=True)
class EpisodeSuccess(_Share):
    """Share of episodes in which the user got what the goal wants, in %.

    Protocols:

    - ``tod_bench``: every domain matches, and everything that was requested was told.
    - ``convlab3``: as the evaluator of ConvLab-3 (`MultiWozEvaluator.task_success`, strict): every booking wish is
      booked at an entity that matches, with the details wanted; every requested slot was told (the reference is none);
      some entity meets wish and told values; an episode with neither bookings nor requests fails. Taxis are no booking
      wishes there. Its checks of the form of told values are not repeated.
      Of several standing bookings the last counts, there the first.
    - ``tau2``: the product of the parts of a reward as in tau2-bench: the final ledger is exactly what the goal wants
      (right venue, right details, nothing else), times the true value of everything requested was told at some time.
    """

    name: ClassVar[str] = "episode_success"
    protocols: ClassVar[tuple[str, ...]] = ("tod_bench", "convlab3", "tau2")

    protocol: str = "tod_bench"
    domain: str = ""

    def holds(self, item: EpisodeItem) -> bool:
        """Success by the protocol."""
        return {"tod_bench": _by_goal, "convlab3": _by_convlab3, "tau2": _by_tau2}[self.protocol](item)


@dataclass(frozen=True)
class EpisodeStrict(_Share):
    """Share of episodes with success, right details, nothing told that is not true, and no other booking, in %."""

    name: ClassVar[str] = "episode_strict"

    def holds(self, item: EpisodeItem) -> bool:
        """Strict success."""
        return item.strict


@dataclass(frozen=True)
class EpisodeCompletion(_Share):
    """Share of episodes in which everything was booked and answered, right or wrong, in %."""

    name: ClassVar[str] = "episode_completion"

    def holds(self, item: EpisodeItem) -> bool:
        """Completion."""
        return item.completion


def _by_goal(item: EpisodeItem) -> bool:
    return item.success


def _by_convlab3(item: EpisodeItem) -> bool:
    bookings = [one.details for one in item.domains if one.counted]
    requested = sum(one.unreferenced[0] for one in item.domains)
    answered = sum(one.unreferenced[1] for one in item.domains)
    if not bookings and not requested:
        return False
    return all(bookings) and answered == requested and all(one.consistent for one in item.domains)


def _by_tau2(item: EpisodeItem) -> bool:
    others = item.stray + sum(one.others for one in item.domains)
    ledger = not others and all(one.details for one in item.domains if one.wanted)
    return ledger and all(one.communicated == one.requested for one in item.domains)
