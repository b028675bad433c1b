"""Pairwise ratings as numbers: five outcomes, win rates under both conventions on ties, and the judge's position bias.

All rates are the second version's. A pair that the two orders disagree on is `inconsistent`: it counts as half a win
where ties do, and is dropped where ties are. An unscored pair is in neither rate; the bounds say what it could do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tod_bench.judge.config import Resampling
from tod_bench.judge.groups import ALL, GROUPS, Group
from tod_bench.judge.likert import Attributes
from tod_bench.judge.questions import WINNER
from tod_bench.judge.ratings import OUTCOMES, PairOutcome, Rating, pair_outcome
from tod_bench.judge.verdicts import PERSONAS, PersonaUse
from tod_bench.statistics import Aggregate, approximate_randomization, bootstrap_interval, holm
from tod_metrics.base import percentage

FloatArray = NDArray[np.float64]

SHARES: Mapping[str, tuple[PairOutcome, ...]] = {
    "win": ("second",),
    "tie": ("tie", "inconsistent"),
    "loss": ("first",),
}
"""Share of a pair's outcomes -> the outcomes that it sums."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A percentage with its 95% interval over dialogues; None where it is undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class PairRow:
    """One group of users.

    Attributes:
        group: The group's label.
        persona: Whose persona was shown.
        items: Items.
        counts: Outcome -> ratings with it.
        ties_half: Win rate of the second version, ties and inconsistent pairs half a win.
        ties_dropped: Win rate among the pairs that one version won.
        shares: ``win`` (of the second version), ``tie`` (the orders disagree among them) and ``loss``: their shares of
            the pairs that have an outcome.
        worst: `ties_half` if every unscored pair were lost.
        best: `ties_half` if every unscored pair were won.
        p: Two-sided p that wins and losses balance (randomised signs over dialogues).
        p_holm: The same, corrected over the groups.
        defaulted: Outcomes that the protocol made up for unreadable answers.
    """

    group: str
    persona: PersonaUse
    items: int
    counts: Mapping[str, int]
    ties_half: Rate
    ties_dropped: Rate
    shares: Mapping[str, Rate]
    worst: float | None
    best: float | None
    p: float | None
    p_holm: float | None
    defaulted: int

    @property
    def ratings(self) -> int:
        """Ratings, unscored ones included."""
        return sum(self.counts.values())

    @property
    def unscored_rate(self) -> float:
        """Share of pairs without an outcome, 0 to 1."""
        return self.counts["unscored"] / max(1, self.ratings)


@dataclass(frozen=True, slots=True)
class Position:
    """How far the seats decide.

    Attributes:
        consistency: Share of pairs, scored in both orders, on which the orders agree.
        first_seat: Share of verdicts for the first seat among those for either seat; 50 without a bias. Over both
            orders, so it does not depend on which version is better.
        pairs: Pairs scored in both orders.
    """

    consistency: Rate
    first_seat: Rate
    pairs: int


def pair_rows(ratings: Sequence[Rating], attributes: Attributes, by: Resampling) -> list[PairRow]:
    """Every group that has ratings; Holm over the groups besides ``all``, and over personas apart."""
    rows = []
    for persona in PERSONAS:
        shown = [rating for rating in ratings if rating.persona == persona and rating.question == WINNER]
        for group in GROUPS if persona == "own" else (ALL,):
            chosen = [rating for rating in shown if group.holds(attributes.get(rating.item, {}))]
            if chosen:
                rows.append(_row(group, persona, chosen, by))
    return _corrected(rows)


def outcome_counts(ratings: Sequence[Rating]) -> FloatArray:
    """How often each item had each outcome, shape (items, 5), items sorted by name."""
    names = sorted({rating.item for rating in ratings})
    place = {name: index for index, name in enumerate(names)}
    counts = np.zeros((len(names), len(OUTCOMES)))
    for rating in ratings:
        counts[place[rating.item], OUTCOMES.index(pair_outcome(rating))] += 1
    return counts


def ties_half(counts: FloatArray) -> FloatArray:
    """Win rate of the second version with ties and inconsistent pairs half: shape (..., 5) to (...)."""
    first, second, tie, inconsistent, _ = np.moveaxis(counts, -1, 0)
    return percentage(second + (tie + inconsistent) / 2, first + second + tie + inconsistent)


def ties_dropped(counts: FloatArray) -> FloatArray:
    """Win rate of the second version among decided pairs: shape (..., 5) to (...)."""
    return percentage(counts[..., 1], counts[..., 0] + counts[..., 1])


def share(outcomes: Sequence[PairOutcome], counts: FloatArray) -> FloatArray:
    """Share of the pairs with some outcomes among those that have one: shape (..., 5) to (...)."""
    chosen = counts[..., [OUTCOMES.index(outcome) for outcome in outcomes]].sum(axis=-1)
    return percentage(chosen, counts[..., :4].sum(axis=-1))


def _row(group: Group, persona: PersonaUse, ratings: Sequence[Rating], by: Resampling) -> PairRow:
    counts = outcome_counts(ratings)
    total = counts.sum(axis=0)
    lost, won = total.copy(), total.copy()
    lost[0] += total[4]
    won[1] += total[4]
    test = approximate_randomization(
        counts[:, 1:2], counts[:, 0:1], lambda sums: sums[..., 0], draws=min(by.draws, 10_000), seed=by.seed
    )
    return PairRow(
        group.label,
        persona,
        items=len(counts),
        counts={name: int(count) for name, count in zip(OUTCOMES, total, strict=True)},
        ties_half=rate(counts, ties_half, by),
        ties_dropped=rate(counts, ties_dropped, by),
        shares={name: rate(counts, partial(share, outcomes), by) for name, outcomes in SHARES.items()},
        worst=float(ties_half(lost)),
        best=float(ties_half(won)),
        p=test.p_value,
        p_holm=None,
        defaulted=sum(rating.defaulted for rating in ratings),
    )


def _corrected(rows: Sequence[PairRow]) -> list[PairRow]:
    """Holm over the groups; ``all`` is one question by itself, and so are other personas."""
    family = [row.p for row in rows if row.p is not None and row.group != ALL.label]
    adjusted = iter(holm(family))
    return [row if row.p is None or row.group == ALL.label else replace(row, p_holm=next(adjusted)) for row in rows]


def rate(counts: FloatArray, aggregate: Aggregate, by: Resampling) -> Rate:
    """A percentage of item counts with its interval."""
    value = float(aggregate(counts.sum(axis=0)))
    if not np.isfinite(value):
        return Rate(None)
    interval = bootstrap_interval(counts, aggregate, draws=by.draws, seed=by.seed)
    return Rate(value, interval.low, interval.high)


def position(ratings: Sequence[Rating], by: Resampling) -> Position | None:
    """Position consistency and first-seat preference; None where no pair was judged in both orders."""
    both = [r for r in ratings if r.persona == "own" and len(r.seats) == 2 and all(r.seats)]
    if not both:
        return None
    names = {name: index for index, name in enumerate(sorted({rating.item for rating in both}))}
    counts = np.zeros((len(names), 4))
    for rating in both:
        seats = [rating.seats.count(seat) for seat in ("1", "2")]
        counts[names[rating.item]] += (rating.value != "inconsistent", 1, seats[0], sum(seats))
    consistency = rate(counts, lambda sums: percentage(sums[..., 0], sums[..., 1]), by)
    first_seat = rate(counts, lambda sums: percentage(sums[..., 2], sums[..., 3]), by)
    return Position(consistency, first_seat, len(both))
