"""Shares of emotion labels that a judge or people give to system responses."""

from typing import Any, ClassVar

from tod_metrics.base import FloatArray, Signature, percentage
from tod_metrics.judge.judge_metric import JudgeMetric, family
from tod_metrics.judge.ratings import EMOTION, EMOTIONS, Rating


class EmotionLabelShare(JudgeMetric):
    """Share of one label among the responses that have a label, 0 to 100."""

    name = "emotion"
    label: ClassVar[str]
    columns = ("this label", "labelled", "unscored")
    denominator = "labelled"

    @property
    def signature(self) -> Signature:
        """Which label."""
        return Signature("emotion_share", {"label": self.label})

    def counts(self, rating: Rating) -> list[float]:
        """Whether a response has the label, has any, or has none."""
        labelled = rating.question == EMOTION and rating.value in EMOTIONS
        return [labelled and rating.value == self.label, labelled, not labelled]

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The label's part."""
        return percentage(sums[..., 0], sums[..., 1])


METRICS = family(
    EmotionLabelShare, EMOTIONS, "label", lambda label: f"Share of responses labelled {label}, 0 to 100 (judge)."
)
"""The metrics by name; each is an attribute of this module, too."""


def __getattr__(name: str) -> Any:
    if name in METRICS:
        return METRICS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
