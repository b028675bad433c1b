"""Strengths of many competitors from votes between two of them: Bradley and Terry's model with Davidson's ties.

With ``d`` the first's log strength less the second's, and ``nu`` the tendency to tie,

    P(first) : P(second) : P(tie) = exp(d / 2) : exp(-d / 2) : nu

(Bradley and Terry 1952, Biometrika 39; Davidson 1970, JASA 65). Covariates of a vote, such as how much longer the first
is, are added to ``d`` with slopes of their own, so that strengths hold where the covariates are 0. The likelihood is
that of a multinomial logit and is concave: Newton's method finds its maximum, for many weightings of the votes at once.

A competitor that wins every vote has no finite maximum. A weak penalty, `PENALTY` / 2 times the square of every
parameter, which is a normal prior with a standard deviation of 10 on log strengths, gives it a finite value; beside a
few dozen votes it is nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tod_bench.statistics.bootstrap import FloatArray, blocks, cluster_sums, resample_weights, resampled_sums

Ties: TypeAlias = Literal["davidson", "half"]
"""``davidson``: ties have a probability of their own. ``half``: a tie is half a win of each side."""

PENALTY = 0.01
"""What keeps the fit finite; see the module."""

_STEPS = 200
_CLOSE = 1e-10
_LONGEST = 2.0
"""Longest change of a parameter in one step: far from the maximum, where the curve is flat, Newton's own overshoot."""


@dataclass(frozen=True, slots=True)
class Votes:
    """Votes between competitors that are numbered from 0.

    Attributes:
        competitors: How many competitors there are.
        clusters: Number of the cluster (dialogue) of each vote, from 0, shape (n,).
        first: Its first competitor, shape (n,).
        second: Its second, another one, shape (n,).
        outcome: 0 where the first wins, 1 where the second does, 2 for a tie, shape (n,).
        covariates: First's less second's, shape (n, m); m may be 0.
    """

    competitors: int
    clusters: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    outcome: NDArray[np.int64]
    covariates: FloatArray


@dataclass(frozen=True, slots=True)
class Fits:
    """Maxima of the penalised likelihood, one a row.

    Attributes:
        strengths: Log strengths, centred on 0, shape (fits, competitors).
        slopes: Slopes of the covariates, shape (fits, m).
        log_nu: Logarithm of the tendency to tie, shape (fits,); minus infinity under ``half``.
    """

    strengths: FloatArray
    slopes: FloatArray
    log_nu: FloatArray


def fit_strengths(votes: Votes, *, ties: Ties = "davidson", penalty: float = PENALTY) -> Fits:
    """Fits all votes.

    Args:
        votes: The votes; `groups_apart` must find one group, or strengths cannot be compared.
        ties: What a tie is.
        penalty: Strength of the penalty; 0 for the maximum of the likelihood, where that is finite.

    Returns:
        One fit.
    """
    if votes.covariates.shape[1]:
        return _maximum(_design(votes), _outcome_table(votes.outcome)[None], votes.competitors, ties, penalty)
    pairs, counts = pair_counts(votes)
    design, tables = _pair_design(pairs, votes.competitors), counts.sum(axis=0)[None]
    return _maximum(design, tables, votes.competitors, ties, penalty, pairs)


def bootstrap_strengths(
    votes: Votes, fitted: Fits, draws: int, seed: int, *, ties: Ties = "davidson", penalty: float = PENALTY
) -> Fits:
    """Fits bootstrap draws of the clusters.

    Without covariates a draw's votes are counts of three outcomes a pair, a product of matrices for all draws, and
    each draw is fitted in full. With covariates each draw is one Newton step from the fit to all votes, with the
    draw's own gradient and curvature; it differs from the draw's maximum by terms of the order of one over the votes.

    Args:
        votes: The votes.
        fitted: What `fit_strengths` gave for them.
        draws: How often the clusters are drawn.
        seed: Seed of the draws.
        ties: What a tie is.
        penalty: As in `fit_strengths`.

    Returns:
        A fit a draw.
    """
    if votes.covariates.shape[1]:
        return _one_step(votes, fitted, draws, seed, ties, penalty)
    pairs, counts = pair_counts(votes)
    drawn = _resampled_counts(counts.reshape(len(counts), -1), draws, seed).reshape(draws, len(pairs), 3)
    return _maximum(_pair_design(pairs, votes.competitors), drawn, votes.competitors, ties, penalty, pairs)


def _resampled_counts(counts: FloatArray, draws: int, seed: int) -> FloatArray:
    """`resampled_sums` of a table that is nearly empty: a dialogue has votes on few of the pairs."""
    from scipy.sparse import csr_array

    weights = resample_weights(len(counts), draws, seed)
    filled = csr_array(counts.T)
    sums = np.empty((draws, counts.shape[1]))
    for part in blocks(*weights.shape):
        sums[part] = (filled @ np.ascontiguousarray(weights[part].T, dtype=np.float64)).T
    return sums


def pair_counts(votes: Votes) -> tuple[list[tuple[int, int]], FloatArray]:
    """The pairs that were voted on, and their outcomes by cluster.

    Returns:
        Pairs (lower number first), and counts of lower wins, higher wins and ties, shape (clusters, pairs, 3).
    """
    low, high = np.minimum(votes.first, votes.second), np.maximum(votes.first, votes.second)
    codes, places = np.unique(low * votes.competitors + high, return_inverse=True)
    pairs = [(int(code) // votes.competitors, int(code) % votes.competitors) for code in codes]
    outcome = np.where((votes.outcome < 2) & (votes.first != low), 1 - votes.outcome, votes.outcome)
    cells = (votes.clusters * len(pairs) + places) * 3 + outcome
    size = (int(votes.clusters.max()) + 1) * len(pairs) * 3
    return pairs, np.bincount(cells, minlength=size).reshape(-1, len(pairs), 3).astype(np.float64)


def groups_apart(competitors: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The groups of competitors that pairs join; more than one where some were never compared, however indirectly."""
    group = list(range(competitors))
    for one, other in pairs:
        old, new = group[other], group[one]
        group = [new if name == old else name for name in group]
    return [[place for place in range(competitors) if group[place] == name] for name in dict.fromkeys(group)]


def win_rates(fits: Fits) -> FloatArray:
    """Expected win rate against the mean of the others, ties half a win, 0 to 1, shape (fits, competitors)."""
    gap = fits.strengths[:, :, None] - fits.strengths[:, None, :]
    nu = np.exp(fits.log_nu)[:, None, None]
    wins = (np.exp(gap / 2) + nu / 2) / (np.exp(gap / 2) + np.exp(-gap / 2) + nu)
    others = max(1, wins.shape[1] - 1)
    return np.asarray((wins.sum(axis=2) - 0.5) / others)


def rank_ranges(strengths: FloatArray, drawn: FloatArray, level: float = 0.95) -> list[tuple[int, int]]:
    """The ranks that each competitor may have: all these ranges hold together with the given confidence.

    A competitor is surely above another where their difference exceeds the quantile of the largest studentised
    difference over all pairs and draws; its best rank is one more than those surely above it.

    Args:
        strengths: Log strengths, shape (competitors,).
        drawn: Those of bootstrap draws, shape (draws, competitors).
        level: The confidence.

    Returns:
        Best and worst rank of each, 1 the strongest.
    """
    gap = strengths[:, None] - strengths[None, :]
    deviations = (drawn[:, :, None] - drawn[:, None, :]) - gap
    spread = np.sqrt(np.mean(deviations**2, axis=0))
    upper = np.triu_indices(len(strengths), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        largest = np.nanmax(np.abs(deviations[:, *upper]) / spread[upper], axis=1, initial=0.0)
    above = gap > np.quantile(largest, level) * spread + 1e-9
    count = len(strengths)
    return [(1 + int(above[:, place].sum()), count - int(above[place].sum())) for place in range(count)]


def votes_to_ask(votes: Votes, fitted: Fits, budget: int, *, ties: Ties = "davidson") -> dict[tuple[int, int], int]:
    """How a budget of further votes is best spent: pair -> votes, any pair of competitors.

    Votes are given, a two-hundredth of the budget at a time, to the pair that most reduces the summed variance of all
    differences of strengths, as the curvature at the fit foretells it.
    """
    pairs = list(combinations(range(votes.competitors), 2))
    design = _pair_design(pairs, votes.competitors)
    bare = Fits(fitted.strengths, np.zeros((1, 0)), fitted.log_nu)
    each = _curvatures(design, _parameters(bare), np.ones((len(pairs), 1)), ties)
    asked, counts = pair_counts(votes)
    total = counts.sum(axis=(0, 2))
    size = votes.competitors
    known = sum(total[place] * each[pairs.index(pair)] for place, pair in enumerate(asked))
    known = known + _fixed(size, size, PENALTY, ties)
    step, spent = max(1, -(-budget // 200)), dict.fromkeys(pairs, 0)
    while (left := budget - sum(spent.values())) > 0:
        more = min(step, left)
        covariance = np.linalg.inv(known + more * each)[:, :size, :size]
        variance = size * np.trace(covariance, axis1=1, axis2=2) - covariance.sum(axis=(1, 2))
        best = int(np.argmin(variance))
        known = known + more * each[best]
        spent[pairs[best]] += more
    return {pair: count for pair, count in sorted(spent.items(), key=lambda one: -one[1]) if count}


def _outcome_table(outcome: NDArray[np.int64]) -> FloatArray:
    return np.asarray(outcome[:, None] == np.arange(3), dtype=np.float64)


def _pair_design(pairs: Sequence[tuple[int, int]], competitors: int) -> FloatArray:
    design = np.zeros((len(pairs), competitors))
    for row, (one, other) in enumerate(pairs):
        design[row, one], design[row, other] = 1, -1
    return design


def _design(votes: Votes) -> FloatArray:
    rows = np.arange(len(votes.first))
    strengths = np.zeros((len(rows), votes.competitors))
    strengths[rows, votes.first] = 1
    strengths[rows, votes.second] = -1
    return np.hstack([strengths, votes.covariates])


def _parameters(fits: Fits) -> FloatArray:
    return np.hstack([fits.strengths, fits.slopes, fits.log_nu[:, None]])


def _fixed(competitors: int, columns: int, penalty: float, ties: Ties) -> FloatArray:
    """What the curvature has besides the votes: the penalty, and the shift of all strengths, which nothing decides."""
    fixed = np.eye(columns + 1) * penalty
    fixed[:competitors, :competitors] += 1
    if ties == "half":
        fixed[-1, -1] = 1
    return fixed


def _maximum(
    design: FloatArray,
    tables: FloatArray,
    competitors: int,
    ties: Ties,
    penalty: float,
    pairs: Sequence[tuple[int, int]] | None = None,
) -> Fits:
    """Newton's method for tables of outcomes, shape (fits, rows of the design, 3); `pairs` where rows are pairs."""
    places = None if pairs is None else np.array(pairs).T
    columns = design.shape[1]
    fixed = _fixed(competitors, columns, penalty, ties)
    found = np.zeros((len(tables), columns + 1))
    if ties == "half":
        tables = tables[..., :2] + tables[..., 2:] / 2
        tables = np.concatenate([tables, np.zeros_like(tables[..., :1])], axis=-1)
        found[:, -1] = -np.inf
    left = np.arange(len(tables))
    for _ in range(_STEPS):
        slope, curve = _slope_and_curve(design, found[left], tables[left], places)
        decided = np.where(np.isfinite(found[left]), found[left], 0.0)
        step = np.linalg.solve(curve + fixed, (slope - penalty * decided)[..., None])[..., 0]
        step[:, -1] = 0.0 if ties == "half" else step[:, -1]
        found[left] += np.clip(step, -_LONGEST, _LONGEST)
        left = left[np.abs(step).max(axis=1) > _CLOSE]
        if not left.size:
            break
    return Fits(found[:, :competitors], found[:, competitors:-1], found[:, -1])


def _chances(design: FloatArray, found: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probabilities of the first, the second and a tie, shape (fits, rows) each."""
    half = found[:, :-1] @ design.T / 2
    weights = np.stack(np.broadcast_arrays(half, -half, found[:, -1:]))
    weights = np.exp(weights - weights.max(axis=0))
    first, second, tie = weights / weights.sum(axis=0)
    return first, second, tie


def _slope_and_curve(
    design: FloatArray, found: FloatArray, tables: FloatArray, places: NDArray[np.int64] | None
) -> tuple[FloatArray, FloatArray]:
    """Gradient of the log likelihood and its negative second derivatives, for every fit."""
    first, second, tie = _chances(design, found)
    count, columns = tables.sum(axis=2), design.shape[1]
    by_gap = (tables[..., 0] - tables[..., 1] - count * (first - second)) / 2
    slope = np.column_stack([by_gap @ design, (tables[..., 2] - count * tie).sum(axis=1)])
    curve = np.empty((len(found), columns + 1, columns + 1))
    spread = count * (first + second - (first - second) ** 2) / 4
    if places is None:
        curve[:, :-1, :-1] = np.stack([(design.T * row) @ design for row in spread])
    else:
        # Each pair touches four cells alone, which for many competitors is far less than a product of matrices.
        one, other = places
        curve[:, :-1, :-1] = 0
        curve[:, one, other] = curve[:, other, one] = -spread
        every = np.arange(columns)
        curve[:, every, every] = spread @ np.abs(design)
    curve[:, -1, :-1] = curve[:, :-1, -1] = (-count * (first - second) * tie / 2) @ design
    curve[:, -1, -1] = (count * tie * (1 - tie)).sum(axis=1)
    return slope, curve


def _curvatures(design: FloatArray, found: FloatArray, counts: FloatArray, ties: Ties) -> FloatArray:
    """What each row of the design adds to the curvature at one fit, shape (rows, columns + 1, columns + 1)."""
    first, second, tie = (chance[0] for chance in _chances(design, found))
    if ties == "half":
        tie = np.zeros_like(tie)
    gap = first - second
    spread = (first + second - gap**2) / 4
    columns = design.shape[1]
    each = np.empty((len(design), columns + 1, columns + 1))
    each[:, :-1, :-1] = spread[:, None, None] * design[:, :, None] * design[:, None, :]
    each[:, -1, :-1] = each[:, :-1, -1] = (-gap * tie / 2)[:, None] * design
    each[:, -1, -1] = tie * (1 - tie)
    return each * counts[:, :, None]


def _one_step(votes: Votes, fitted: Fits, draws: int, seed: int, ties: Ties, penalty: float) -> Fits:
    design, table = _design(votes), _outcome_table(votes.outcome)
    if ties == "half":
        table = np.column_stack([table[:, :2] + table[:, 2:] / 2, np.zeros(len(table))])
    found = _parameters(fitted)
    first, second, tie = (chance[0] for chance in _chances(design, found))
    by_gap = (table[:, 0] - table[:, 1] - (first - second)) / 2
    slopes = np.column_stack([by_gap[:, None] * design, table[:, 2] - tie])
    curves = _curvatures(design, found, np.ones((len(design), 1)), ties).reshape(len(design), -1)
    width = slopes.shape[1]
    sums = resampled_sums(cluster_sums(np.hstack([slopes, curves]), votes.clusters), draws, seed)
    decided = np.where(np.isfinite(found), found, 0.0)
    fixed = _fixed(votes.competitors, width - 1, penalty, ties)
    curve = sums[:, width:].reshape(draws, width, width) + fixed
    step = np.linalg.solve(curve, (sums[:, :width] - penalty * decided)[..., None])[..., 0]
    if ties == "half":
        step[:, -1] = 0.0
    moved = found + step
    competitors = votes.competitors
    return Fits(moved[:, :competitors], moved[:, competitors:-1], moved[:, -1])
