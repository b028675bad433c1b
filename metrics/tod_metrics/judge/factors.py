"""What made an answer more personalised: shares of the factors that are named with a preference."""

from typing import Any, ClassVar

from tod_metrics.base import FloatArray, Signature, percentage
from tod_metrics.judge.judge_metric import JudgeMetric, family
from tod_metrics.judge.ratings import FACTORS, Rating


class FactorShare(JudgeMetric):
    """Share of one factor among all that are named (a tie names none), 0 to 100."""

    name = "factor"
    factor: ClassVar[str]
    columns = ("this factor", "factors")
    denominator = "factors"

    @property
    def signature(self) -> Signature:
        """Which factor."""
        return Signature("factor_share", {"factor": self.factor})

    def counts(self, rating: Rating) -> list[float]:
        """How often the factor, and any factor, is named."""
        return [rating.factors.count(self.factor), len(rating.factors)]

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The factor's part."""
        return percentage(sums[..., 0], sums[..., 1])


METRICS = family(
    FactorShare, list(FACTORS), "factor", lambda name: f"Share of {name} among the factors named, 0 to 100 (judge)."
)
"""The metrics by name; each is an attribute of this module, too."""


def __getattr__(name: str) -> Any:
    if name in METRICS:
        return METRICS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
