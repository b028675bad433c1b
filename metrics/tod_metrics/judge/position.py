"""How far the position in which a candidate is shown decides a pair."""

from tod_metrics.base import FloatArray, percentage
from tod_metrics.judge.judge_metric import JudgeMetric
from tod_metrics.judge.ratings import WINNER, Rating


class PositionMetric(JudgeMetric):
    """A percentage over pairs that were scored in both presentation orders, under the items' own personas."""

    columns = ("consistent", "pairs", "first position", "decided")
    denominator = "pairs"

    def counts(self, rating: Rating) -> list[float]:
        """Whether the orders agree, and which positions won."""
        if (
            rating.question != WINNER
            or rating.persona != "own"
            or len(rating.positions) != 2
            or not all(rating.positions)
        ):
            return [0.0] * 4
        first, second = (rating.positions.count(position) for position in ("1", "2"))
        return [rating.value != "inconsistent", 1, first, first + second]


class PositionConsistency(PositionMetric):
    """Share of pairs, scored in both presentation orders, on which the orders agree, 0 to 100 (judge)."""

    name = "position_consistency"
    higher_is_better = True

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Pairs on which the orders agree."""
        return percentage(sums[..., 0], sums[..., 1])


class FirstPositionPreference(PositionMetric):
    """Share of verdicts for the first position among those for either, 0 to 100, 50 without bias (judge).

    Both orders count, so it does not depend on which candidate is better.
    """

    name = "first_seat_preference"

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Verdicts for the first position."""
        return percentage(sums[..., 2], sums[..., 3])
