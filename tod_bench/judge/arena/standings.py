"""An arena: the strengths of many systems from votes on pairs, with what else the votes say."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tod_bench.errors import UserError, did_you_mean
from tod_bench.judge.arena.votes import VoteSet
from tod_bench.statistics.bootstrap import FloatArray
from tod_bench.statistics.strengths import (
    Fits,
    Ties,
    Votes,
    bootstrap_strengths,
    fit_strengths,
    groups_apart,
    pair_counts,
    rank_ranges,
    votes_to_ask,
    win_rates,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One system.

    Attributes:
        system: Its name.
        ranks: Best and worst rank; all systems' ranges hold together at 95%.
        win_rate: Expected win rate against the mean of the others, ties half, 0 to 100.
        win_low: Lower end of its 95% interval.
        win_high: Upper end.
        strength: Log strength; the mean of all is 0.
        low: Lower end of its 95% interval.
        high: Upper end.
        wins: Votes that it won.
        ties: Votes that neither won.
        losses: Votes that it lost.
    """

    system: str
    ranks: tuple[int, int]
    win_rate: float
    win_low: float
    win_high: float
    strength: float
    low: float
    high: float
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True, slots=True)
class Control:
    """The slope of a feature: how much the log odds of a win rise where the feature's gap is a standard deviation."""

    feature: str
    slope: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Arena:
    """What the votes say.

    Attributes:
        standings: The systems, the strongest first.
        pairs: (first, second, wins of the first, ties, wins of the second) of every pair that was voted on.
        controls: Slopes of what was controlled for.
        ask_next: (one, other, votes): how a budget is best spent.
        votes: How many votes there are.
        dialogues: Dialogues that they are about, which are what is resampled.
        draws: Bootstrap draws.
        seed: Their seed.
        ties: What a tie is.
        voters: Who voted -> votes.
        unscored: Pairs without a verdict, which are no votes.
        inconsistent: Pairs whose orders disagree, counted as ties.
        notes: What a reader must know.
    """

    standings: tuple[Standing, ...]
    pairs: tuple[tuple[str, str, int, int, int], ...]
    controls: tuple[Control, ...]
    ask_next: tuple[tuple[str, str, int], ...]
    votes: int
    dialogues: int
    draws: int
    seed: int
    ties: Ties
    voters: Mapping[str, int]
    unscored: int
    inconsistent: int
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Every number as JSON values."""
        return asdict(self)


def arena(
    found: VoteSet,
    *,
    controls: Sequence[str] = (),
    ties: Ties = "davidson",
    draws: int = 1000,
    seed: int = 0,
    budget: int = 0,
) -> Arena:
    """Fits the strengths of all systems.

    Args:
        found: The votes.
        controls: Features whose influence is taken out: strengths hold where both systems have as much of them.
        ties: What a tie is.
        draws: Bootstrap draws of the dialogues.
        seed: Their seed.
        budget: Votes that are to be asked for next; 0 for no advice.

    Raises:
        UserError: Some systems were never compared with the others, or a feature is not known or never differs.
    """
    systems = sorted({name for vote in found.votes for name in (vote.first, vote.second)})
    votes = _numbered(found, systems, controls)
    pairs, counts = pair_counts(votes)
    groups = groups_apart(len(systems), pairs)
    if len(groups) > 1:
        listed = "; ".join(", ".join(systems[place] for place in group) for group in groups)
        raise UserError(f"no votes join these groups of systems, so their strengths cannot be compared: {listed}")
    dialogues = len(counts)
    if dialogues < 2:
        raise UserError("the votes are about one dialogue; intervals need at least two")
    fitted = fit_strengths(votes, ties=ties)
    drawn = bootstrap_strengths(votes, fitted, draws, seed, ties=ties)
    totals = counts.sum(axis=0)
    standings = _standings(systems, pairs, totals, fitted, drawn)
    ends = np.quantile(drawn.slopes, [0.025, 0.975], axis=0)
    asked = votes_to_ask(votes, fitted, budget, ties=ties) if budget else {}
    return Arena(
        standings,
        tuple(
            (systems[one], systems[other], int(row[0]), int(row[2]), int(row[1]))
            for (one, other), row in zip(pairs, totals, strict=True)
        ),
        tuple(
            Control(name, float(fitted.slopes[0, place]), float(ends[0, place]), float(ends[1, place]))
            for place, name in enumerate(controls)
        ),
        tuple((systems[one], systems[other], count) for (one, other), count in asked.items()),
        len(found.votes),
        dialogues,
        draws,
        seed,
        ties,
        dict(found.voters.most_common()),
        found.unscored,
        found.inconsistent,
        _notes(found, standings, controls, dialogues),
    )


def _numbered(found: VoteSet, systems: Sequence[str], controls: Sequence[str]) -> Votes:
    number = {name: place for place, name in enumerate(systems)}
    items = {item: place for place, item in enumerate(sorted({vote.item for vote in found.votes}))}
    columns = [_gaps(found, name) for name in controls]
    return Votes(
        len(systems),
        np.array([items[vote.item] for vote in found.votes]),
        np.array([number[vote.first] for vote in found.votes]),
        np.array([number[vote.second] for vote in found.votes]),
        np.array([("first", "second", "tie").index(vote.outcome) for vote in found.votes]),
        np.column_stack(columns) if columns else np.zeros((len(found.votes), 0)),
    )


def _gaps(found: VoteSet, name: str) -> FloatArray:
    """How much more of a feature the first of each vote has: the difference over the sum, in standard deviations."""
    known = {feature for own in found.features.values() for feature in own}
    if name not in known:
        raise UserError(f"nothing is known of {name!r}{did_you_mean(name, known)}; give a file of --features with it")
    values = np.array(
        [
            [found.features.get((vote.item, side), {}).get(name, np.nan) for side in (vote.first, vote.second)]
            for vote in found.votes
        ]
    )
    if missing := int(np.isnan(values).any(axis=1).sum()):
        raise UserError(f"{name} is not known for {missing} of {len(values)} votes; add them to the --features")
    total = values.sum(axis=1)
    gaps = (values[:, 0] - values[:, 1]) / np.where(total > 0, total, 1.0)
    # Gaps of zero are the systems' equality, so they are scaled and not centred.
    spread = float(np.sqrt(np.mean(gaps**2)))
    if spread == 0:
        raise UserError(f"{name} is equal in every vote, so there is nothing to control for; leave it out")
    return np.asarray(gaps / spread)


def _standings(
    systems: Sequence[str], pairs: Sequence[tuple[int, int]], totals: FloatArray, fitted: Fits, drawn: Fits
) -> tuple[Standing, ...]:
    tally = np.zeros((len(systems), 3), dtype=int)
    for (one, other), (won, lost, tied) in zip(pairs, totals, strict=True):
        tally[one] += (int(won), int(tied), int(lost))
        tally[other] += (int(lost), int(tied), int(won))
    rates = 100 * win_rates(fitted)[0]
    rate_ends = 100 * np.quantile(win_rates(drawn), [0.025, 0.975], axis=0)
    ends = np.quantile(drawn.strengths, [0.025, 0.975], axis=0)
    ranks = rank_ranges(fitted.strengths[0], drawn.strengths)
    standings = [
        Standing(
            name,
            ranks[place],
            *(float(rates[place]), float(rate_ends[0, place]), float(rate_ends[1, place])),
            *(float(fitted.strengths[0, place]), float(ends[0, place]), float(ends[1, place])),
            *(int(count) for count in tally[place]),
        )
        for place, name in enumerate(systems)
    ]
    return tuple(sorted(standings, key=lambda one: -one.strength))


_FEW = 50
"""Fewer dialogues than that are too few for intervals that are one Newton step from the fit."""


def _notes(found: VoteSet, standings: Sequence[Standing], controlled: Sequence[str], dialogues: int) -> tuple[str, ...]:
    notes = [
        f"{one.system} {'lost' if one.losses == 0 else 'won'} no vote and tied none: its strength has no limit but the "
        "penalty's, and its interval says too little"
        for one in standings
        if one.ties == 0 and 0 in (one.wins, one.losses)
    ]
    notes += dict.fromkeys(found.warnings)
    if found.unscored:
        every = found.unscored + len(found.votes)
        notes.append(f"{found.unscored} of {every} pairs have no verdict and are no votes; nothing is known of them")
    if controlled and dialogues < _FEW:
        notes.append(
            f"with {dialogues} dialogues the intervals of strengths at equal {', '.join(controlled)} are rough"
        )
    if len(found.voters) > 1:
        notes.append("the votes of several voters count alike, whatever their agreement")
    return tuple(notes)
