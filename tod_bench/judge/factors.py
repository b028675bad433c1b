"""What made an answer more personalised: the factors that were named with a preference, by group of users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tod_bench.judge.config import Resampling
from tod_bench.judge.groups import GROUPS
from tod_bench.judge.likert import Attributes
from tod_bench.judge.questions import FACTORS
from tod_bench.judge.ratings import Rating
from tod_bench.statistics import bootstrap_intervals
from tod_metrics.base import FloatArray, percentage


@dataclass(frozen=True, slots=True)
class FactorShare:
    """How often one factor was named in one group.

    Attributes:
        group: The group's label.
        factor: The factor.
        share: Its share of all factors that were named, 0 to 100.
        low: Lower end of its 95% interval, over dialogues.
        high: Upper end.
        named: How many factors were named in the group.
    """

    group: str
    factor: str
    share: float
    low: float | None
    high: float | None
    named: int


def factor_shares(ratings: Sequence[Rating], attributes: Attributes, by: Resampling) -> list[FactorShare]:
    """The share of every factor in every group in which any was named (a tie names none)."""
    shares = []
    for group in GROUPS:
        own = [r for r in ratings if r.persona == "own" and group.holds(attributes.get(r.item, {}))]
        counts = _counts(own)
        named = int(counts.sum())
        if named:
            pairs = [np.stack([counts[:, place], counts.sum(axis=1)], axis=1) for place in range(len(FACTORS))]
            ends = bootstrap_intervals([(pair, _share) for pair in pairs], draws=by.draws, seed=by.seed)
            shares += [
                FactorShare(group.label, factor, float(_share(pair.sum(axis=0))), end.low, end.high, named)
                for factor, pair, end in zip(FACTORS, pairs, ends, strict=True)
            ]
    return shares


def factor_table(shares: Sequence[FactorShare]) -> dict[str, dict[str, float | int]]:
    """Group -> factor -> share; and ``named``, how many were."""
    table: dict[str, dict[str, float | int]] = {}
    for one in shares:
        table.setdefault(one.group, {"named": one.named})[one.factor] = one.share
    return table


def _counts(ratings: Sequence[Rating]) -> FloatArray:
    """How often each factor was named of each item, shape (items, factors)."""
    counts: Mapping[str, FloatArray] = {rating.item: np.zeros(len(FACTORS)) for rating in ratings}
    order = list(FACTORS)
    for rating in ratings:
        for factor in rating.factors:
            counts[rating.item][order.index(factor)] += 1
    return np.array(list(counts.values())).reshape(-1, len(FACTORS))


def _share(sums: FloatArray) -> FloatArray:
    return percentage(sums[..., 0], sums[..., 1])
