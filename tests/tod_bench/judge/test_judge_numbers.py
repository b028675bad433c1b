"""The numbers of a report: hand-worked cases, and agreement with scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_bench.judge.agreement import stability
from tod_bench.judge.comparisons import candidate_tests, emotion_tests, run_tests
from tod_bench.judge.config import Resampling
from tod_bench.judge.items import Query
from tod_bench.judge.people import Raters
from tod_bench.judge.ratings import ratings_of
from tod_bench.judge.report import factor_table
from tod_bench.judge.rows import emotion_rows, factor_rows, likert_rows, pair_rows, position_rows
from tod_bench.judge.store import Judged
from tod_bench.judge.validity import ablation_rows, length_control
from tod_bench.judge.verdicts import Unscored, Verdict
from tod_metrics.judge.length import fit_logistic
from tod_metrics.judge.ratings import OUTCOMES, Rating, judged_items
from tod_metrics.judge.win_rate import WinRate, WinRateDecided

BY = Resampling(draws=500)
PEOPLE = Raters(1)


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
    assert rating.positions == (ab, ba)
    assert rating.candidate == "a|b"


def scored(outcomes, metric="win_rate", users=None, by=BY):
    """The rows of a metric over pairs with these outcomes, by group."""
    return {row.group: row for row in pair_rows(pairs(outcomes), users or {}, by, PEOPLE) if row.metric.name == metric}


def test_win_rates_under_both_conventions_and_bounds():
    row = scored("SSSSFFTIUU")["all"]
    assert [row.count(outcome) for outcome in OUTCOMES] == [2, 4, 1, 1, 2]
    assert row.score.value == pytest.approx(100 * (4 + 1) / 8)
    assert scored("SSSSFFTIUU", "win_rate_decided")["all"].score.value == pytest.approx(100 * 4 / 6)
    assert row.metric.bounds(row.totals) == (pytest.approx(100 * (4 + 1) / 10), pytest.approx(100 * (6 + 1) / 10))
    assert row.unscored_rate == pytest.approx(0.2)
    assert row.score.n == 10
    shares = [scored("SSSSFFTIUU", f"{name}_share")["all"].score.value for name in ("win", "tie", "loss")]
    assert shares == [50, 25, 25]


def test_an_unscored_pair_is_no_tie():
    assert scored("SSUU")["all"].score.value == 100.0
    assert scored("SSTT")["all"].score.value == 75.0
    nothing = scored("UU")["all"]
    assert nothing.score.value is None
    assert nothing.metric.bounds(nothing.totals) == (0.0, 100.0)


@pytest.mark.parametrize(("wins", "losses"), [(7, 1), (9, 4), (5, 5), (12, 0)])
def test_the_p_of_a_group_is_the_sign_test(wins, losses):
    from scipy.stats import binomtest

    row = scored("S" * wins + "F" * losses + "T" * 3, by=Resampling(draws=10_000))["all"]
    assert row.p == pytest.approx(binomtest(wins, wins + losses).pvalue, abs=0.02)


def test_groups_merge_as_the_paper_does_and_holm_spans_them():
    ages = ["child", "teenager", "toddler", "adult", "senior"] * 6
    users = {f"d{n:03}": {"age": age, "emotion": "neutral"} for n, age in enumerate(ages)}
    rows = scored("S" * 30, users=users)
    assert len(rows["child+teenager"].items) == 12
    assert len(rows["child"].items) == len(rows["toddler"].items) == 6
    assert len(rows["neutral+negative"].items) == len(rows["neutral"].items) == 30
    assert "positive" not in rows
    assert rows["all"].p_holm is None
    assert all(row.p_holm >= row.p for label, row in rows.items() if label != "all")


def test_position_consistency_and_preference_for_the_first():
    cases = [("1", "2"), ("1", "1"), ("1", "1"), ("tie", "tie"), ("1", "")]
    found = ratings_of(
        one for n, (ab, ba) in enumerate(cases) for one in (judged("ab", ab, f"d{n}"), judged("ba", ba, f"d{n}"))
    )
    consistency, first = position_rows(found, BY, PEOPLE)
    assert consistency.score.n == 4
    assert consistency.score.value == pytest.approx(50.0)
    assert first.score.value == pytest.approx(100 * 5 / 6)
    assert position_rows(ratings_of([judged("ab", "1")]), BY, PEOPLE) == []


@given(st.lists(st.sampled_from("FSTIU"), min_size=2, max_size=40))
@settings(max_examples=40, deadline=None)
def test_swapping_the_versions_mirrors_the_rates(outcomes):
    swapped = [{"F": "S", "S": "F"}.get(outcome, outcome) for outcome in outcomes]
    for metric in (WinRate(), WinRateDecided()):
        one, other = (metric.score(judged_items(pairs(side))) for side in (outcomes, swapped))
        assert (math.isnan(one) and math.isnan(other)) or one + other == pytest.approx(100)


def likert(values, question="Q1", candidate="x", **more):
    return [Rating(f"d{n:03}", question, value, candidate, **more) for n, value in enumerate(values)]


def test_likert_means_distribution_and_bounds():
    row = likert_rows(likert([4, 4, 3, 1, None]), {}, BY, PEOPLE)[0]
    assert row.score.value == 3.0
    assert [row.count(f"rated {point}") for point in (1, 2, 3, 4)] == [1, 0, 1, 2]
    assert (row.score.n, row.count("unscored")) == (4, 1)
    assert row.metric.bounds(row.totals) == (13 / 5, 16 / 5)
    assert row.score.low < 3 < row.score.high


def test_repeats_of_a_dialogue_do_not_narrow_the_interval():
    once = likert_rows(likert([1, 2, 3, 4] * 5), {}, BY, PEOPLE)[0].score
    thrice = likert_rows([r for n in range(3) for r in likert([1, 2, 3, 4] * 5, repeat=n)], {}, BY, PEOPLE)[0].score
    assert thrice.n == 60
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))


def test_versions_are_compared_over_items_that_both_have():
    values = likert([4] * 12 + [None], candidate="x") + likert([3] * 12 + [1], candidate="y")
    (test,) = candidate_tests(values, Resampling(draws=5000))
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
    table = factor_table(factor_rows(named, {"d000": {"age": "child"}, "d001": {"age": "adult"}}, BY, PEOPLE))
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
    rows = {(row.candidate, row.group, row.metric.label): row for row in emotion_rows(ratings, users, BY, PEOPLE)}
    joy, neutral = rows["styled", "all", "joy"], rows["styled", "all", "neutral"]
    assert [(row.count("this label"), row.score.value) for row in (joy, neutral)] == [(20, 50.0), (20, 50.0)]
    assert rows["plain", "all", "joy"].score.value == 0
    assert rows["plain", "all", "neutral"].count("unscored") == 1
    assert len(rows["styled", "positive", "joy"].items) == 10
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


def test_an_ablation_of_pairs_follows_the_version_that_wins():
    own = pairs("F" * 18 + "SS")
    wrong = pairs("F" * 6 + "S" * 6 + "T" * 8, persona="shuffled")
    (row,) = ablation_rows([*own, *wrong], Resampling(draws=2000))
    assert row.candidate == "a"
    assert row.test.effect == pytest.approx(90 - 50)
    assert row.falls


def test_two_runs_are_compared_over_the_items_that_both_judged():
    first = pair_rows(pairs("S" * 18 + "FF"), {}, BY, PEOPLE)
    second = pair_rows(pairs("F" * 12 + "S" * 6), {}, BY, PEOPLE)
    test = next(
        test for test in run_tests(first, second, Resampling(draws=2000), ("x", "y")) if test.question == "win_rate"
    )
    assert (test.a, test.b, test.items) == ("x", "y", 18)
    assert test.effect == pytest.approx(100 - 100 * 6 / 18)
    assert test.p < 0.01
    assert test.p <= test.p_holm
    assert run_tests(first, likert_rows(likert([1, 2]), {}, BY, PEOPLE), BY) == []
