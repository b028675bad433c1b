"""Win rates of the second candidate of a pair, under both conventions on ties, and the shares of wins, ties and losses.

A pair that the two presentation orders disagree on is `inconsistent`: it counts as half a win where ties do, and is
dropped where ties are. An unscored pair is in no rate; `WinRate.bounds` says what it could do.
"""

from typing import ClassVar

from tod_metrics.base import FloatArray, Signature, percentage
from tod_metrics.judge.judge_metric import JudgeMetric
from tod_metrics.judge.ratings import OUTCOMES, WINNER, Rating


class PairMetric(JudgeMetric):
    """A percentage of pairs by outcome."""

    columns = (*OUTCOMES, "defaulted", "pairs")
    denominator = "pairs"

    def counts(self, rating: Rating) -> list[float]:
        """One for the outcome of a pair."""
        if rating.question != WINNER:
            return [0.0] * len(self.columns)
        return [*(rating.outcome == outcome for outcome in OUTCOMES), rating.defaulted, 1]

    def asked(self, sums: FloatArray) -> FloatArray:
        """The pairs, unscored ones included."""
        return self.column(sums, "pairs")


class WinRate(PairMetric):
    """Win rate of the second candidate, ties and inconsistent pairs half a win, 0 to 100 (judge)."""

    name = "win_rate"
    higher_is_better = True

    @property
    def signature(self) -> Signature:
        """How ties count."""
        return Signature("win_rate", {"ties": "half"})

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Wins and half of the ties, of the pairs that have an outcome."""
        ties = self.column(sums, "tie", "inconsistent")
        return percentage(self.column(sums, "second") + ties / 2, self.column(sums, "first", "second") + ties)

    def bounds(self, sums: FloatArray) -> tuple[float, float]:
        """The rate if every unscored pair were lost, and if every one were won."""
        lost, won = sums.copy(), sums.copy()
        lost[0] += sums[4]
        won[1] += sums[4]
        return float(self.aggregate(lost)), float(self.aggregate(won))


class WinRateDecided(PairMetric):
    """Win rate of the second candidate among the pairs that one candidate won, 0 to 100 (judge)."""

    name = "win_rate_decided"
    higher_is_better = True

    @property
    def signature(self) -> Signature:
        """How ties count."""
        return Signature("win_rate", {"ties": "dropped"})

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Wins of the decided pairs."""
        return percentage(self.column(sums, "second"), self.column(sums, "first", "second"))


class OutcomeShare(PairMetric):
    """Share of the pairs with some outcomes among those that have one."""

    outcomes: ClassVar[tuple[str, ...]]

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Pairs with these outcomes, of the pairs that have an outcome."""
        return percentage(self.column(sums, *self.outcomes), self.column(sums, *OUTCOMES[:4]))


class WinShare(OutcomeShare):
    """Share of pairs that the second candidate wins, 0 to 100 (judge)."""

    name, outcomes, higher_is_better = "win_share", ("second",), True


class TieShare(OutcomeShare):
    """Share of pairs that neither candidate wins, 0 to 100; the orders may disagree on it (judge)."""

    name, outcomes = "tie_share", ("tie", "inconsistent")


class LossShare(OutcomeShare):
    """Share of pairs that the first candidate wins, 0 to 100 (judge)."""

    name, outcomes, higher_is_better = "loss_share", ("first",), False
