"""pass^k: how likely it is that k trials of a goal all succeed (Yao et al. 2024, "tau-bench")."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import ClassVar

import numpy as np

from tod_metrics.base import Annotation, FloatArray, Metric, Signature, percentage


@dataclass(frozen=True, slots=True)
class GoalTrials:
    """The trials of a goal.

    Attributes:
        goal: Id of the goal.
        trials: How many there are.
        successes: How many of them succeeded.
    """

    goal: str
    trials: int
    successes: int


@dataclass(frozen=True)
class PassK(Metric[GoalTrials]):
    """Mean over goals of C(c, k) / C(n, k), c successes of n trials, in %.

    A goal with fewer than k trials is undefined, not passed or failed: it is left out, and said to be.

    Attributes:
        k: Number of trials that must all succeed, at least 1.
        success: What counts as a success: ``success`` or ``strict``.
    """

    k: int = 1
    success: str = "success"

    item: ClassVar[type] = GoalTrials
    name: ClassVar[str] = "pass_k"
    columns: ClassVar[tuple[str, ...]] = ("passed", "goals")
    denominator: ClassVar[str] = "goals"
    annotations: ClassVar[tuple[Annotation, ...] | None] = ()

    def __post_init__(self) -> None:
        """Refuses options that mean nothing."""
        if self.k < 1:
            raise ValueError(f"pass_k: k must be at least 1, not {self.k}")
        if self.success not in ("success", "strict"):
            raise ValueError(f"pass_k: success must be success or strict, not {self.success!r}")

    @property
    def signature(self) -> Signature:
        """k, and what a success is."""
        return Signature(self.name, {"k": str(self.k), "success": self.success})

    def statistics(self, items: Sequence[GoalTrials]) -> FloatArray:
        """Shape (goals, 2): the share of k-subsets of trials that all succeed, and 1; zeros for too few trials."""
        rows = [
            (comb(item.successes, self.k) / comb(item.trials, self.k), 1.0) if item.trials >= self.k else (0.0, 0.0)
            for item in items
        ]
        return np.array(rows, dtype=float).reshape(-1, 2)

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The mean, in %."""
        return percentage(sums[..., 0], sums[..., 1])

    def remarks(self, items: Sequence[GoalTrials]) -> tuple[str, ...]:
        """How many goals have too few trials."""
        few = sum(item.trials < self.k for item in items)
        return (f"{few:,} of {len(items):,} goals have fewer than {self.k} trials and are left out",) if few else ()
