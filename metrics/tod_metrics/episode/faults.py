"""Faults of the simulated user, which no agent is to be blamed for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.base import Signature
from tod_metrics.episode.episode_metric import EpisodeMetric
from tod_metrics.episode.outcomes import CAUSES, FAULTS, EpisodeItem


@dataclass(frozen=True)
class SimulatorFaults(EpisodeMetric):
    """Share of episodes in which the simulated user is at fault, in %.

    Attributes:
        kind: Kind of fault (see `FAULTS`, with ``_`` for a blank); empty for any.
        cause: Cause (see `CAUSES`); empty for any.
    """

    kind: str = ""
    cause: str = ""

    name: ClassVar[str] = "simulator_faults"
    higher_is_better: ClassVar[bool | None] = False

    def __post_init__(self) -> None:
        """Refuses kinds and causes that there are not."""
        kinds = [kind.replace(" ", "_") for kind in FAULTS]
        if self.kind and self.kind not in kinds:
            raise ValueError(f"simulator_faults: kind must be one of {', '.join(kinds)}, not {self.kind!r}")
        if self.cause and self.cause not in CAUSES:
            raise ValueError(f"simulator_faults: cause must be one of {', '.join(CAUSES)}, not {self.cause!r}")

    @property
    def by_domain(self) -> bool:
        """Never: a fault is of an episode."""
        return False

    @property
    def signature(self) -> Signature:
        """Kind and cause, where restricted."""
        options = {"kind": self.kind, "cause": self.cause}
        return Signature(self.name, {name: value for name, value in options.items() if value})

    def counts(self, item: EpisodeItem) -> tuple[float, ...]:
        """Whether there is such a fault, and 1."""
        return float(bool(self._found(item))), 1.0

    def _found(self, item: EpisodeItem) -> Sequence[object]:
        return [
            fault
            for fault in item.faults
            if self.kind in ("", fault.kind.replace(" ", "_")) and self.cause in ("", fault.cause)
        ]
