"""Answers to questions of the user's own: means of points and shares of labels."""

from collections.abc import Sequence

import numpy as np

from tod_metrics.base import FloatArray, Signature, percentage, ratio
from tod_metrics.judge.judge_metric import JudgeMetric
from tod_metrics.judge.ratings import Rating

OWN = "own_"
"""What the names of these metrics begin with: ``own_QUESTION``, or of a label ``own_QUESTION_LABEL``."""

EXPECTED = "own_expected_"
"""The same from the judge's probabilities."""


def own_names(question: str, labels: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of the metrics of a question, chosen answers before probabilities.

    Args:
        question: The question's name.
        labels: Its answers where they are labels; none for points, which have a mean.
    """
    ends = [f"{question}_{label}" for label in labels] or [question]
    return tuple(f"{start}{end}" for start in (OWN, EXPECTED) for end in ends)


class OwnMetric(JudgeMetric):
    """A number from one question of the user's own.

    Args:
        question: The question as ratings name it: its name, and after an ``@`` a digest of its text and answers.
        file: The name of the file that it is from.
    """

    def __init__(self, question: str, file: str) -> None:
        self.question, self.file = question, file

    @property
    def key(self) -> str:
        """The question's name."""
        return self.question.partition("@")[0]


class OwnMean(OwnMetric):
    """Mean of the points given, on the question's own scale; unscored answers are in no mean (judge).

    Args:
        question: As for `OwnMetric`.
        file: As for `OwnMetric`.
        points: The scale's points.
    """

    denominator = "ratings"
    percent = False

    def __init__(self, question: str, file: str, points: Sequence[int]) -> None:
        super().__init__(question, file)
        self.points = tuple(sorted(points))
        # A user's questions are not known when the class is written: each instance is a metric of its own.
        (self.name, _) = own_names(self.key)  # type: ignore[misc]
        self.columns = ("points", "ratings", "unscored", *(f"rated {point}" for point in self.points))  # type: ignore[misc]

    @property
    def signature(self) -> Signature:
        """The question, its digest and the scale."""
        scale = ",".join(str(point) for point in self.points)
        return Signature("own_mean", {"question": self.question, "questions": self.file, "scale": scale})

    def counts(self, rating: Rating) -> list[float]:
        """Points, ratings with a value and without, and ratings of each point."""
        if rating.question != self.question:
            return [0.0] * len(self.columns)
        value = rating.value
        if not isinstance(value, int | float):
            return [0.0, 0.0, 1.0, *(0.0 for _ in self.points)]
        return [value, 1.0, 0.0, *(float(value == point) for point in self.points)]

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Points a rating."""
        return ratio(sums[..., 0], sums[..., 1])

    def bounds(self, sums: FloatArray) -> tuple[float, float]:
        """The mean if every unscored answer were the lowest point, and the highest."""
        points, rated, unscored = sums[:3]
        ends = (self.points[0], self.points[-1])
        worst, best = (ratio(np.asarray(points + end * unscored), rated + unscored) for end in ends)
        return float(worst), float(best)


class OwnExpected(OwnMean):
    """Mean of the expected points: of every answer, the mean of all points by the judge's probabilities (judge).

    Answers without probabilities count as unscored. Args as for `OwnMean`.
    """

    def __init__(self, question: str, file: str, points: Sequence[int]) -> None:
        super().__init__(question, file, points)
        (_, self.name), self.columns = own_names(self.key), ("points", "ratings", "unscored")  # type: ignore[misc]

    @property
    def signature(self) -> Signature:
        """That of the mean, under a name of its own."""
        return Signature("own_expected", super().signature.options)

    def counts(self, rating: Rating) -> list[float]:
        """Expected points, and answers with probabilities and without."""
        if rating.question != self.question:
            return [0.0] * 3
        return [rating.expected or 0.0, float(rating.expected is not None), float(rating.expected is None)]


class OwnShare(OwnMetric):
    """Share of one label among the answers that have one, 0 to 100 (judge).

    Args:
        question: As for `OwnMetric`.
        file: As for `OwnMetric`.
        label: The label.
    """

    columns = ("this label", "labelled", "unscored")
    denominator = "labelled"

    def __init__(self, question: str, file: str, label: str) -> None:
        super().__init__(question, file)
        self.label = label
        (self.name, _) = own_names(self.key, [label])  # type: ignore[misc]

    @property
    def signature(self) -> Signature:
        """The question, its digest and the label."""
        return Signature("own_share", {"question": self.question, "questions": self.file, "label": self.label})

    def counts(self, rating: Rating) -> list[float]:
        """Whether an answer is the label, is any, or is none."""
        if rating.question != self.question:
            return [0.0] * 3
        return [float(rating.value == self.label), float(rating.value is not None), float(rating.value is None)]

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The label's part."""
        return percentage(sums[..., 0], sums[..., 1])

    def bounds(self, sums: FloatArray) -> tuple[float, float]:
        """The share if none of the unscored answers were the label, and if all were."""
        this, labelled, unscored = sums[:3]
        every = labelled + unscored
        return float(percentage(this, every)), float(percentage(this + unscored, every))


class OwnExpectedShare(OwnShare):
    """Mean of one label's probability, 0 to 100 (judge); answers without probabilities count as unscored.

    Args as for `OwnShare`.
    """

    columns = ("probability", "labelled", "unscored")

    def __init__(self, question: str, file: str, label: str) -> None:
        super().__init__(question, file, label)
        (_, self.name) = own_names(self.key, [label])  # type: ignore[misc]

    @property
    def signature(self) -> Signature:
        """That of the share, under a name of its own."""
        return Signature("own_expected_share", super().signature.options)

    def counts(self, rating: Rating) -> list[float]:
        """The label's probability, and answers with probabilities and without."""
        if rating.question != self.question:
            return [0.0] * 3
        known = dict(rating.probabilities)
        return [known.get(self.label, 0.0), float(bool(known)), float(not known)]
