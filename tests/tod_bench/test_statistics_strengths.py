"""Strengths from votes: planted ones are found, another implementation's are ours, and nothing is ever infinite."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_bench.statistics.strengths import (
    Votes,
    bootstrap_strengths,
    fit_strengths,
    groups_apart,
    pair_counts,
    rank_ranges,
    votes_to_ask,
    win_rates,
)

COUNTS = {(0, 1): (30, 12, 8), (0, 2): (25, 20, 5), (0, 3): (40, 6, 4), (1, 2): (18, 26, 6)}
COUNTS |= {(1, 3): (33, 14, 3), (2, 3): (29, 11, 10)}
"""Pair -> wins of the first, of the second, ties."""


def votes_of(counts, competitors=4):
    rows = [
        (pair[0], pair[1], outcome)
        for pair, of_pair in counts.items()
        for outcome, count in enumerate(of_pair)
        for _ in range(count)
    ]
    first, second, outcome = np.array(rows).T
    return Votes(competitors, np.arange(len(rows)), first, second, outcome, np.zeros((len(rows), 0)))


def planted(strengths, votes, *, nu=0.6, slope=None, clusters=500, seed=0):
    generator = np.random.default_rng(seed)
    strengths = np.array(strengths)
    first = generator.integers(0, len(strengths), votes)
    second = (first + generator.integers(1, len(strengths), votes)) % len(strengths)
    gaps = generator.normal(0, 1, (votes, 0 if slope is None else 1))
    lead = strengths[first] - strengths[second] + (0 if slope is None else slope * gaps[:, 0])
    weights = np.stack([np.exp(lead / 2), np.exp(-lead / 2), np.full(votes, nu)])
    drawn = generator.random(votes) * weights.sum(axis=0)
    outcome = np.where(drawn < weights[0], 0, np.where(drawn < weights[0] + weights[1], 1, 2))
    return Votes(len(strengths), generator.integers(0, clusters, votes), first, second, outcome, gaps)


# evalica 0.4.2: bradley_terry (ties half a win) and newman, whose v is half of nu, on COUNTS to a tolerance of 1e-14.
EVALICA_HALF = [0.627042292, -0.070005316, 0.229015004, -0.786051980]
EVALICA_NEWMAN = [0.726809376, -0.080596131, 0.265454056, -0.911667300]
EVALICA_V = 0.151980613


def test_strengths_are_those_of_evalica():
    votes = votes_of(COUNTS)
    half = fit_strengths(votes, ties="half", penalty=0)
    davidson = fit_strengths(votes, penalty=0)
    assert half.strengths[0] == pytest.approx(EVALICA_HALF, abs=1e-6)
    assert davidson.strengths[0] == pytest.approx(EVALICA_NEWMAN, abs=1e-6)
    assert np.exp(davidson.log_nu[0]) / 2 == pytest.approx(EVALICA_V, abs=1e-6)
    # The penalty is nothing beside 300 votes.
    assert fit_strengths(votes).strengths[0] == pytest.approx(EVALICA_NEWMAN, abs=2e-3)


def test_two_competitors_have_a_closed_form():
    fitted = fit_strengths(votes_of({(0, 1): (30, 10, 0)}, 2), ties="half", penalty=0)
    assert fitted.strengths[0, 0] - fitted.strengths[0, 1] == pytest.approx(np.log(3))
    assert win_rates(fitted)[0] == pytest.approx([0.75, 0.25])


def test_planted_strengths_are_found_within_their_intervals():
    truth = np.array([1.2, 0.5, 0.0, -0.4, -1.3])
    votes = planted(truth, 6000)
    fitted = fit_strengths(votes)
    drawn = bootstrap_strengths(votes, fitted, 300, 0)
    assert fitted.strengths[0] == pytest.approx(truth, abs=0.15)
    assert np.exp(fitted.log_nu[0]) == pytest.approx(0.6, abs=0.06)
    low, high = np.quantile(drawn.strengths, [0.005, 0.995], axis=0)
    assert ((low < truth) & (truth < high)).all()
    assert rank_ranges(fitted.strengths[0], drawn.strengths) == [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]


def test_a_covariate_is_told_from_the_strengths():
    truth = np.array([0.6, 0.0, -0.6])
    votes = planted(truth, 5000, slope=0.8)
    fitted = fit_strengths(votes)
    assert fitted.slopes[0] == pytest.approx([0.8], abs=0.1)
    assert fitted.strengths[0] == pytest.approx(truth, abs=0.15)
    drawn = bootstrap_strengths(votes, fitted, 200, 0)
    # One Newton step spreads as full fits of the same votes do where the covariate says nothing.
    idle = Votes(3, votes.clusters, votes.first, votes.second, votes.outcome, np.zeros((5000, 1)))
    plain = Votes(3, votes.clusters, votes.first, votes.second, votes.outcome, np.zeros((5000, 0)))
    stepped = bootstrap_strengths(idle, fit_strengths(idle), 200, 0).strengths
    full = bootstrap_strengths(plain, fit_strengths(plain), 200, 0).strengths
    assert stepped == pytest.approx(full, abs=5e-3)
    assert drawn.slopes.std() == pytest.approx(0.033, abs=0.015)


def test_equal_competitors_share_their_ranks():
    votes = planted([0.0, 0.0, 0.0], 300, seed=3)
    fitted = fit_strengths(votes)
    assert rank_ranges(fitted.strengths[0], bootstrap_strengths(votes, fitted, 300, 0).strengths) == [(1, 3)] * 3


def test_one_that_always_wins_is_strong_and_not_infinite():
    votes = votes_of({(0, 1): (40, 0, 0), (0, 2): (40, 0, 0), (1, 2): (20, 20, 0)}, 3)
    fitted = fit_strengths(votes)
    drawn = bootstrap_strengths(votes, fitted, 100, 0)
    assert np.isfinite(fitted.strengths).all()
    assert np.isfinite(drawn.strengths).all()
    assert fitted.strengths[0].argmax() == 0
    assert fitted.strengths[0, 1] == pytest.approx(fitted.strengths[0, 2], abs=1e-6)


def test_groups_that_were_never_compared_are_told_apart():
    assert groups_apart(5, [(0, 1), (3, 4), (1, 2)]) == [[0, 1, 2], [3, 4]]
    assert groups_apart(3, [(0, 2), (1, 2)]) == [[0, 1, 2]]


@pytest.mark.parametrize("ties", ["davidson", "half"])
def test_votes_one_by_one_give_what_pairs_give(ties):
    votes = votes_of(COUNTS)
    idle = Votes(4, votes.clusters, votes.first, votes.second, votes.outcome, np.zeros((len(votes.first), 1)))
    single, paired = fit_strengths(idle, ties=ties), fit_strengths(votes, ties=ties)
    assert single.strengths[0] == pytest.approx(paired.strengths[0], abs=1e-8)
    assert single.slopes[0] == pytest.approx([0.0], abs=1e-8)
    assert np.isfinite(bootstrap_strengths(idle, single, 50, 0, ties=ties).strengths).all()


@pytest.mark.parametrize("ties", ["davidson", "half"])
def test_further_votes_go_where_least_is_known(ties):
    votes = votes_of({(0, 1): (60, 60, 0), (1, 2): (3, 3, 0)}, 3)
    asked = votes_to_ask(votes, fit_strengths(votes, ties=ties), 50, ties=ties)
    assert sum(asked.values()) == 50
    assert asked.get((0, 1), 0) == 0
    assert min(asked.get((1, 2), 0), asked.get((0, 2), 0)) > 10


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 2), st.integers(0, 2)), min_size=4, max_size=30))
@settings(max_examples=25, deadline=None)
def test_seats_and_numbers_do_not_matter(rows):
    first = np.array([one for one, _, _ in rows])
    second = (first + np.array([step for _, step, _ in rows])) % 3
    outcome = np.array([given for _, _, given in rows])
    clusters, none = np.arange(len(rows)), np.zeros((len(rows), 0))
    fitted = fit_strengths(Votes(3, clusters, first, second, outcome, none)).strengths[0]
    turned = np.where(outcome < 2, 1 - outcome, 2)
    assert fit_strengths(Votes(3, clusters, second, first, turned, none)).strengths[0] == pytest.approx(
        fitted, abs=1e-7
    )
    other = np.array([2, 0, 1])
    renamed = fit_strengths(Votes(3, clusters, other[first], other[second], outcome, none)).strengths[0]
    assert renamed[other] == pytest.approx(fitted, abs=1e-7)


def test_pairs_are_counted_by_cluster_whatever_the_seats():
    clusters, first, second = np.array([0, 0, 1]), np.array([1, 0, 1]), np.array([0, 1, 2])
    votes = Votes(3, clusters, first, second, np.array([0, 0, 2]), np.zeros((3, 0)))
    pairs, counts = pair_counts(votes)
    assert pairs == [(0, 1), (1, 2)]
    assert counts.tolist() == [[[1, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 1]]]
