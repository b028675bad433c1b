"""Corrected means and rates, and the label planner: against published code, by hand, at the edges, by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import t

from tod_bench.statistics.corrected import corrected_mean, naive_mean, tuned_weight
from tod_bench.statistics.label_plan import plan_labels
from tod_bench.statistics.rogan_gladen import corrected_rate

PPI_PYTHON = {
    None: (2.4786763521097965, 2.3373615361295355, 2.6199911680900576),
    1.0: (2.552, 2.385061215135777, 2.718938784864223),
    0.0: (2.4166666666666665, 2.242022824361682, 2.591310508971651),
}
"""Weight -> estimate and 95% interval of `ppi_mean_pointestimate` and `ppi_mean_ci` of ppi-python 0.2.3 on `points`."""


def points():
    rng = np.random.default_rng(7)
    true = rng.normal(2.6, 0.7, 60)
    people = np.clip(np.round(true + rng.normal(0, 0.3, 60)), 1, 4)
    judge = np.clip(np.round(true + 0.4 + rng.normal(0, 0.5, 60)), 1, 4)
    return people, judge, np.clip(np.round(rng.normal(3.0, 0.86, 500)), 1, 4)


@pytest.mark.parametrize("weight", PPI_PYTHON)
def test_estimates_and_errors_are_those_of_ppi_python(weight):
    found = corrected_mean(*points(), weight=weight)
    value, low, high = PPI_PYTHON[weight]
    assert found.value == pytest.approx(value, abs=1e-12)
    # Theirs divides variances by n and N and takes the normal quantile; ours by what is left after the estimates.
    lost = 2 if weight is None else 1
    error = np.sqrt(found.labelled_error**2 * (60 - lost) / 60 + found.judged_error**2 * 499 / 500)
    assert found.value - ndtri(0.975) * error == pytest.approx(low, abs=1e-9)
    assert found.value + ndtri(0.975) * error == pytest.approx(high, abs=1e-9)
    assert found.high > high


def test_weight_0_is_students_interval_of_the_labels():
    people, judge, rest = points()
    found = corrected_mean(people, judge, rest, weight=0.0)
    low, high = t.interval(0.95, 59, people.mean(), people.std(ddof=1) / np.sqrt(60))
    assert (found.low, found.high) == pytest.approx((low, high))


def test_the_weight_follows_what_the_judge_knows():
    people, judge, rest = points()
    assert tuned_weight(people, people, np.tile(people, 100)) == pytest.approx(1, abs=0.03)
    assert tuned_weight(people, -judge, -rest) == 0
    assert tuned_weight(people, np.full(60, 3.0), np.full(500, 3.0)) == 0
    assert tuned_weight(people, judge, ()) == 0


@settings(max_examples=30, deadline=None)
@given(shift=st.floats(-5, 5), seed=st.integers(0, 100))
def test_a_judges_leniency_changes_nothing(shift, seed):
    rng = np.random.default_rng(seed)
    people, rest = rng.normal(size=25), rng.normal(size=80)
    judge = people + rng.normal(size=25)
    found, moved = corrected_mean(people, judge, rest), corrected_mean(people, judge + shift, rest + shift)
    assert moved.value == pytest.approx(found.value)
    assert (moved.low, moved.high) == pytest.approx((found.low, found.high))


def test_dialogues_copied_tell_nothing_new():
    people, judge, rest = points()
    found = corrected_mean(people, judge, rest)
    sides = (np.tile(np.arange(60), 3), 60 + np.tile(np.arange(500), 3))
    copied = corrected_mean(np.tile(people, 3), np.tile(judge, 3), np.tile(rest, 3), clusters=sides)
    assert copied.high - copied.low == pytest.approx(found.high - found.low, rel=0.01)
    assert (copied.labelled, copied.units) == (180, 60)
    assert corrected_mean(*(np.tile(one, 3) for one in (people, judge, rest))).high < copied.high


def test_few_labels_and_perfect_ones_have_no_narrow_interval():
    assert corrected_mean([3.0], [3.0], [2.0, 3.0, 4.0]).low is None
    assert "at least" in corrected_mean([3.0, 2.0], [3.0, 2.0], [2.0, 3.0, 4.0]).note
    assert "without a label" in corrected_mean([3.0, 2.0, 4.0], [3.0, 2.0, 3.0], [2.0], weight=1.0).note
    perfect = corrected_mean([2.0, 3.0, 4.0] * 3, [2.0, 3.0, 4.0] * 3, [1.0, 2.0, 3.0, 4.0] * 50, weight=1.0, span=3)
    assert "show no error" in perfect.note
    assert perfect.high - perfect.low > 1.5
    same = corrected_mean([3.0] * 9, [3.0] * 9, [3.0] * 50)
    assert "every answer is the same" in same.note
    shares = corrected_mean([1.0] * 10, [1.0] * 10, [1.0] * 500)
    assert shares.low < 0.9
    assert shares.value == 1


def test_the_naive_interval_is_that_of_the_judges_mean():
    answers = np.array([1.0, 2.0, 4.0, 3.0, 3.0])
    found = naive_mean(answers)
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, 4, 2.6, answers.std(ddof=1) / np.sqrt(5)))


def rates(positives, hits, negatives, rejections, judged, total):
    truth = np.repeat([1, 0], [positives, negatives])
    verdict = np.concatenate([np.arange(positives) < hits, np.arange(negatives) >= rejections])
    return corrected_rate(truth, verdict, np.arange(total) < judged)


def test_rogan_gladen_by_hand():
    found = rates(40, 36, 40, 32, 500, 1000)  # sensitivity 0.9, specificity 0.8
    assert found.value == pytest.approx((0.5 + 0.8 - 1) / (0.9 + 0.8 - 1))
    # Lang and Reiczigel's formulas, step by step.
    z = 1.959963984540054
    share, right, left = (500 + z**2 / 2) / (1000 + z**2), 37 / 42, 33 / 42
    rate = (share + left - 1) / (right + left - 1)
    shift = 2 * z**2 * (rate * right * (1 - right) / 42 - (1 - rate) * left * (1 - left) / 42)
    error = np.sqrt(
        share * (1 - share) / (1000 + z**2)
        + rate**2 * right * (1 - right) / 42
        + (1 - rate) ** 2 * left * (1 - left) / 42
    ) / (right + left - 1)
    assert (found.low, found.high) == pytest.approx((rate + shift - z * error, rate + shift + z * error))


def test_rogan_gladen_says_where_it_knows_nothing():
    for found, word in (
        (rates(40, 36, 0, 0, 500, 1000), "no labelled item is negative"),
        (rates(0, 0, 40, 36, 500, 1000), "no labelled item is positive"),
        (rates(40, 20, 40, 20, 500, 1000), "no more than chance"),
        (rates(40, 10, 40, 20, 500, 1000), "no more than chance"),
        (rates(10, 6, 10, 6, 500, 1000), "cannot be told from chance"),
    ):
        assert word in found.note
        assert (found.low, found.high) == (0, 1)
    with pytest.raises(ValueError, match="0 or 1"):
        corrected_rate([1, 2], [1, 0], [1])


def test_dialogues_widen_a_rate():
    rng = np.random.default_rng(0)
    truth = np.repeat(rng.random(100) < 0.5, 5).astype(float)
    verdict = np.where(np.repeat(rng.random(100) < 0.85, 5), truth, 1 - truth)
    sides = (np.repeat(np.arange(40), 5), np.repeat(np.arange(40, 100), 5))
    single = corrected_rate(truth[:200], verdict[:200], verdict[200:])
    together = corrected_rate(truth[:200], verdict[:200], verdict[200:], clusters=sides)
    assert together.design > 2
    assert together.high - together.low > single.high - single.low


def test_a_plan_is_what_a_study_of_that_size_then_gives():
    rng = np.random.default_rng(3)
    people = rng.normal(0, 1, 4000)
    judge = people + 0.5 + rng.normal(0, 0.6, 4000)
    plan = plan_labels(people[:150], judge[:150], judge[150:], 0.12)
    count = plan.labels
    found = corrected_mean(people[:count], judge[:count], judge[count:])
    assert found.high - found.low == pytest.approx(0.12, rel=0.1)
    now = corrected_mean(people[:150], judge[:150], judge[150:])
    assert plan.now == now.high - now.low
    assert 150 < plan.low <= count <= plan.high < plan.alone
    assert plan_labels(people[:150], judge[:150], judge[150:], 0.001).labels is None
    assert plan_labels(people[:150], judge[:150], judge[150:], 2.0).labels < 150


def test_a_forecast_for_the_labels_at_hand_is_the_width_they_give():
    people, judge, rest = points()
    found = corrected_mean(people, judge, rest)
    reached = plan_labels(people, judge, rest, found.high - found.low).labels
    assert reached == pytest.approx(60, abs=8)


def test_a_plan_needs_labels():
    with pytest.raises(ValueError, match="five labels"):
        plan_labels([1.0], [1.0], [1.0, 2.0], 0.1)
