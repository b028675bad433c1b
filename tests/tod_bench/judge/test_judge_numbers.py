"""The numbers of a report: hand-worked cases, and agreement with scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_bench.judge.audit import audit_rows
from tod_bench.judge.config import Resampling
from tod_bench.judge.emotions import emotion_rows, emotion_tests
from tod_bench.judge.factors import factor_shares, factor_table
from tod_bench.judge.length import fit_logistic, length_control
from tod_bench.judge.likert import arm_tests, likert_rows
from tod_bench.judge.pairwise import outcome_counts, pair_rows, position, ties_dropped, ties_half
from tod_bench.judge.ratings import OUTCOMES, Rating, ratings_of
from tod_bench.judge.repeats import stability
from tod_bench.judge.verdicts import Judged, Query, Unscored, Verdict

BY = Resampling(draws=500)


def pairs(outcomes, **more):
    values = {"F": "first", "S": "second", "T": "tie", "I": "inconsistent", "U": None}
    return [
        Rating(f"d{n:03}", "winner", values[letter], "a|b", problem="" if letter != "U" else "refusal", **more)
        for n, letter in enumerate(outcomes)
    ]


def judged(order, seat, item="d1", repeat=0):
    outcome = Verdict({"winner": seat}) if seat else Unscored("refusal")
    return Judged(
        f"{item}{order}{repeat}", Query(item, ("a", "b"), ("winner",), order, repeat=repeat), outcome, (), "p", "c"
    )


@pytest.mark.parametrize(
    ("ab", "ba", "value"),
    [
        ("1", "2", "first"),
        ("2", "1", "second"),
        ("tie", "tie", "tie"),
        ("1", "1", "inconsistent"),
        ("2", "2", "inconsistent"),
        ("1", "tie", "inconsistent"),
        ("1", "", None),
        ("", "", None),
    ],
)
def test_two_orders_make_one_of_five_outcomes(ab, ba, value):
    (rating,) = ratings_of([judged("ab", ab), judged("ba", ba)])
    assert rating.value == value
    assert rating.seats == (ab, ba)
    assert rating.arm == "a|b"


def test_win_rates_under_both_conventions_and_bounds():
    row = pair_rows(pairs("SSSSFFTIUU"), {}, BY)[0]
    assert row.counts == {"first": 2, "second": 4, "tie": 1, "inconsistent": 1, "unscored": 2}
    assert row.ties_half.value == pytest.approx(100 * (4 + 1) / 8)
    assert row.ties_dropped.value == pytest.approx(100 * 4 / 6)
    assert row.worst == pytest.approx(100 * (4 + 1) / 10)
    assert row.best == pytest.approx(100 * (6 + 1) / 10)
    assert row.unscored_rate == pytest.approx(0.2)


def test_an_unscored_pair_is_no_tie():
    assert pair_rows(pairs("SSUU"), {}, BY)[0].ties_half.value == 100.0
    assert pair_rows(pairs("SSTT"), {}, BY)[0].ties_half.value == 75.0
    nothing = pair_rows(pairs("UU"), {}, BY)[0]
    assert nothing.ties_half.value is None
    assert (nothing.worst, nothing.best) == (0.0, 100.0)


@pytest.mark.parametrize(("wins", "losses"), [(7, 1), (9, 4), (5, 5), (12, 0)])
def test_the_p_of_a_group_is_the_sign_test(wins, losses):
    from scipy.stats import binomtest

    row = pair_rows(pairs("S" * wins + "F" * losses + "T" * 3), {}, Resampling(draws=10_000))[0]
    assert row.p == pytest.approx(binomtest(wins, wins + losses).pvalue, abs=0.02)


def test_groups_merge_as_the_paper_does_and_holm_spans_them():
    ages = ["child", "teenager", "toddler", "adult", "senior"] * 6
    users = {f"d{n:03}": {"age": age, "emotion": "neutral"} for n, age in enumerate(ages)}
    rows = {row.group: row for row in pair_rows(pairs("S" * 30), users, BY)}
    assert rows["child+teenager"].items == 12
    assert rows["child"].items == rows["toddler"].items == 6
    assert rows["neutral+negative"].items == rows["neutral"].items == 30
    assert "positive" not in rows
    assert rows["all"].p_holm is None
    assert all(row.p_holm >= row.p for label, row in rows.items() if label != "all")


def test_position_consistency_and_first_seat():
    cases = [("1", "2"), ("1", "1"), ("1", "1"), ("tie", "tie"), ("1", "")]
    found = ratings_of(
        one for n, (ab, ba) in enumerate(cases) for one in (judged("ab", ab, f"d{n}"), judged("ba", ba, f"d{n}"))
    )
    seats = position(found, BY)
    assert seats.pairs == 4
    assert seats.consistency.value == pytest.approx(50.0)
    assert seats.first_seat.value == pytest.approx(100 * 5 / 6)
    assert position(ratings_of([judged("ab", "1")]), BY) is None


@given(st.lists(st.sampled_from("FSTIU"), min_size=2, max_size=40))
@settings(max_examples=40, deadline=None)
def test_swapping_the_versions_mirrors_the_rates(outcomes):
    counts = outcome_counts(pairs(outcomes)).sum(axis=0)
    swapped = outcome_counts(pairs([{"F": "S", "S": "F"}.get(o, o) for o in outcomes])).sum(axis=0)
    for aggregate in (ties_half, ties_dropped):
        one, other = float(aggregate(counts)), float(aggregate(swapped))
        assert (math.isnan(one) and math.isnan(other)) or one + other == pytest.approx(100)
    assert len(OUTCOMES) == len(counts)


def likert(values, question="Q1", arm="x", **more):
    return [Rating(f"d{n:03}", question, value, arm, **more) for n, value in enumerate(values)]


def test_likert_means_distribution_and_bounds():
    row = likert_rows(likert([4, 4, 3, 1, None]), {}, BY)[0]
    assert row.mean == 3.0
    assert row.distribution == (1, 0, 1, 2)
    assert (row.ratings, row.unscored) == (4, 1)
    assert (row.worst, row.best) == (13 / 5, 16 / 5)
    assert row.low < 3 < row.high


def test_repeats_of_a_dialogue_do_not_narrow_the_interval():
    once = likert_rows(likert([1, 2, 3, 4] * 5), {}, BY)[0]
    thrice = likert_rows([r for n in range(3) for r in likert([1, 2, 3, 4] * 5, repeat=n)], {}, BY)[0]
    assert thrice.ratings == 60
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))


def test_versions_are_compared_over_items_that_both_have():
    values = likert([4] * 12 + [None], arm="x") + likert([3] * 12 + [1], arm="y")
    (test,) = arm_tests(values, Resampling(draws=5000))
    assert (test.a, test.b, test.items) == ("x", "y", 12)
    assert test.effect == 1.0
    assert test.p == pytest.approx(2 / 2**12, rel=1e-6)
    assert test.p_holm == test.p


def test_logistic_fit_agrees_with_scipy():
    from scipy.optimize import minimize

    rng = np.random.default_rng(5)
    feature, target = np.tanh(rng.normal(size=80)), rng.integers(0, 3, 80) / 2

    def loss(v):
        chance = 1 / (1 + np.exp(-(v[0] + v[1] * feature)))
        return -np.sum(target * np.log(chance) + (1 - target) * np.log(1 - chance)) + v[1] ** 2 / 2

    theta, phi = fit_logistic(target, feature, np.ones((1, 80)))
    assert [theta[0], phi[0]] == pytest.approx(minimize(loss, [0, 0]).x, abs=1e-4)


def test_length_control_takes_a_taste_for_length_out():
    rng = np.random.default_rng(1)
    first, second = rng.uniform(20, 60, 400), rng.uniform(20, 90, 400)
    wins = (second - first + rng.normal(0, 10, 400) > 0).astype(float)
    found = length_control(wins, first, second)
    assert 100 * wins.mean() > 65
    assert found.low < 50 < found.high
    assert found.slope > 1
    quality = (rng.random(400) < 0.8).astype(float)
    fair = length_control(quality, first, second)
    assert fair.win_rate == pytest.approx(80, abs=6)
    assert abs(fair.slope) < 0.6


def test_length_control_at_its_edges():
    same = np.full(10, 30.0)
    assert length_control(np.ones(10), same, same + 5).win_rate is None
    always = length_control(np.ones(30), np.arange(30.0), np.arange(30.0)[::-1])
    assert always.win_rate == pytest.approx(100, abs=0.01)


def test_factors_are_shares_of_those_named():
    named = pairs("SS", factors=("age", "greeting")) + pairs("T")
    shares = factor_shares(named, {"d000": {"age": "child"}, "d001": {"age": "adult"}}, BY)
    table = factor_table(shares)
    assert table["all"]["named"] == 4
    assert table["all"]["age"] == 50
    assert table["child+teenager"]["named"] == 2
    assert sum(value for name, value in table["all"].items() if name != "named") == pytest.approx(100)


def test_emotion_shares_and_their_test():
    ratings = [
        Rating(f"d{n:02}", "emotion", label, arm, turn=turn)
        for arm, labels in (("plain", ("neutral", "neutral")), ("styled", ("joy", "neutral")))
        for n in range(20)
        for turn, label in enumerate(labels)
    ] + [Rating("d00", "emotion", None, "plain", turn=3, problem="refusal")]
    users = {f"d{n:02}": {"emotion": "positive" if n % 2 else "negative"} for n in range(20)}
    rows = {(row.arm, row.group): row for row in emotion_rows(ratings, users, BY)}
    assert [(s.label, s.count, s.share) for s in rows["styled", "all"].shares] == [
        ("joy", 20, 50.0),
        ("neutral", 20, 50.0),
    ]
    assert rows["plain", "all"].unscored == 1
    assert rows["styled", "positive"].items == 10
    tests = {(test.a, test.b): test for test in emotion_tests(ratings, users, BY)}
    assert tests["plain", "styled"].distance == pytest.approx(0.5)
    assert tests["plain", "styled"].p < 0.01
    assert tests["styled, positive", "styled, neutral+negative"].p == 1


def test_flip_rate_and_alpha_within_the_judge():
    same = [r for n in range(3) for r in likert([1, 2, 3, 4], repeat=n)]
    (found,) = stability(same)
    assert (found.flip_rate, found.alpha, found.units) == (0, pytest.approx(1), 4)
    assert stability(likert([1, 2])) == []
    changed = likert([1, 2, 3, 4]) + likert([1, 2, 3, 1], repeat=1) + likert([1, 2, 3, 4], repeat=2)
    (found,) = stability(changed)
    assert found.flip_rate == pytest.approx((2 / 3) / 4)
    flat = stability([r for n in range(2) for r in likert([3, 3], repeat=n)])[0]
    assert flat.alpha is None
    assert "every rating is 3" in flat.note


def test_an_audit_of_pairs_follows_the_version_that_wins():
    own = pairs("F" * 18 + "SS")
    wrong = pairs("F" * 6 + "S" * 6 + "T" * 8, persona="shuffled")
    (row,) = audit_rows([*own, *wrong], Resampling(draws=2000))
    assert row.arm == "a"
    assert row.test.effect == pytest.approx(90 - 50)
    assert row.falls
