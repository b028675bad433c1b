"""Metrics of confidence: hand-worked cases, scikit-learn's numbers, invariants, what is right and what is left out."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_metrics import metric
from tod_metrics.confidence.curves import reliability, risk_coverage
from tod_metrics.confidence.pool import ConfidencePool
from tod_metrics.items import StateItem

NAMES = ("auroc", "ece", "brier", "aurc", "eaurc")


def pool_of(confidence, right, cluster=None, clusters=None):
    places = [0] * len(right) if cluster is None else cluster
    return ConfidencePool(
        np.array(confidence, dtype=float),
        np.array(right, dtype=bool),
        np.array(places, dtype=np.int64),
        clusters or max([*places, 0]) + 1,
    )


def value(spec, confidence, right):
    pool = pool_of(confidence, right)
    return float(metric(spec).of_pool(pool, np.ones((1, pool.clusters)))[0])


def item(predicted, confidence, gold=None, **fields):
    return StateItem("d", fields.pop("turn", 0), gold or {}, predicted, confidence=confidence, **fields)


@pytest.mark.parametrize(
    ("spec", "confidence", "right", "expected"),
    [
        ("auroc", [0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0], 100),
        ("auroc", [0.9, 0.8, 0.7, 0.6], [0, 0, 1, 1], 0),
        ("auroc", [0.5, 0.5, 0.5], [1, 0, 1], 50),
        ("auroc", [0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0], 100 * 3.5 / 4),
        ("auroc", [0.9, 0.8], [1, 1], math.nan),
        ("brier", [1.0, 0.5, 0.2], [1, 0, 1], 100 * (0 + 0.25 + 0.64) / 3),
        # Width 1/2: {0.2, 0.4} has mean 0.3 against 1/2 right, {0.8, 0.9} 0.85 against 1: (2 * 0.2 + 2 * 0.15) / 4.
        ("ece(bins=2,binning=width)", [0.2, 0.4, 0.8, 0.9], [0, 1, 1, 1], 17.5),
        # Equal mass with an outlier: {0.1, 0.6, 0.7} has mean 1.4/3 against 2/3, {0.8, 0.9, 1.0} 0.9 against 1/3.
        ("ece(bins=2)", [0.1, 0.6, 0.7, 0.8, 0.9, 1.0], [0, 1, 1, 0, 1, 0], 100 * (0.6 + 1.7) / 6),
        # Ties are never cut: all four are in one bin, whatever their number.
        ("ece(bins=4)", [0.5, 0.5, 0.5, 0.5], [1, 1, 1, 0], 25),
        # Bins of equal width are closed above: 0.5 is in the first of two, and 0 too.
        ("ece(bins=2,binning=width)", [0.0, 0.5, 1.0], [0, 0, 1], 100 * 0.5 / 3),
        # Thresholds 0.9, 0.8, 0.7, 0.6: risks 0, 1/2, 1/3, 1/2.
        ("aurc", [0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0], 100 * (0 + 1 / 2 + 1 / 3 + 1 / 2) / 4),
        # The best order has risks 0, 0, 1/3, 1/2.
        ("eaurc", [0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0], 100 * (1 / 2) / 4),
        ("eaurc", [0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0], 0),
        ("aurc", [0.5, 0.5], [1, 0], 50),
        # Two orders: risks 0, 1/2 and 1, 1/2, after a right one: 0, then 0, 1/3 or 1/2, 1/3.
        ("aurc", [0.9, 0.5, 0.5], [1, 1, 0], 100 * (0 + 1 / 4 + 1 / 3) / 3),
        # Ties among the wrong ones cost nothing.
        ("eaurc", [1.0, 1.0, 0.0, 0.0], [1, 1, 0, 0], 0),
        ("aurc", [0.9, 0.5], [0, 0], 100),
        ("eaurc", [0.9, 0.5], [0, 0], 0),
        *((name, [], [], math.nan) for name in NAMES),
    ],
)
def test_hand_worked(spec, confidence, right, expected):
    assert value(spec, confidence, right) == pytest.approx(expected, abs=1e-9, nan_ok=True)


UNITS = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0]), st.booleans()), min_size=1)


@given(UNITS)
@settings(deadline=None, max_examples=25)
def test_against_scikit_learn(units):
    sklearn = pytest.importorskip("sklearn.metrics")
    confidence, right = zip(*units, strict=True)
    assert value("brier", confidence, right) == pytest.approx(
        100 * sklearn.brier_score_loss(right, confidence, labels=[False, True])
    )
    if len(set(right)) == 2:
        assert value("auroc", confidence, right) == pytest.approx(100 * sklearn.roc_auc_score(right, confidence))


@given(UNITS, st.integers(1, 20))
@settings(deadline=None, max_examples=25)
def test_bins_of_equal_width_against_their_definition(units, bins):
    confidence, right = (np.array(column) for column in zip(*units, strict=True))
    gap = 0.0
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        of_bin = (confidence > low) & (confidence <= high) | ((number == 0) & (confidence == 0))
        gap += abs(confidence[of_bin].sum() - right[of_bin].sum())
    assert value(f"ece(bins={bins},binning=width)", confidence, right) == pytest.approx(
        100 * gap / len(units), abs=1e-9
    )


@given(UNITS)
@settings(deadline=None, max_examples=25)
def test_aurc_against_its_definition(units):
    confidence, right = (np.array(column) for column in zip(*units, strict=True))
    risks = []
    for threshold in sorted(set(confidence), reverse=True):
        before, tied = confidence > threshold, confidence == threshold
        for place in range(1, tied.sum() + 1):
            wrong = (~right[before]).sum() + place * (~right[tied]).mean()
            risks.append(wrong / (before.sum() + place))
    assert value("aurc", confidence, right) == pytest.approx(100 * np.mean(risks), abs=1e-9)
    best = np.cumsum(np.sort(~right)) / np.arange(1, len(right) + 1)
    assert value("eaurc", confidence, right) == pytest.approx(100 * (np.mean(risks) - np.mean(best)), abs=1e-9)


@given(UNITS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=25)
def test_order_does_not_matter(units, random):
    shuffled = list(units)
    random.shuffle(shuffled)
    for name in (*NAMES, "ece(bins=3)"):
        before, after = (value(name, *zip(*one, strict=True)) for one in (units, shuffled))
        assert before == pytest.approx(after, abs=1e-9, nan_ok=True), name


@given(UNITS)
@settings(deadline=None, max_examples=25)
def test_a_monotone_change_of_confidence_leaves_ranking_metrics_alone(units):
    confidence, right = zip(*units, strict=True)
    moved = [one**3 for one in confidence]
    for name in ("auroc", "aurc", "eaurc"):
        assert value(name, confidence, right) == pytest.approx(value(name, moved, right), abs=1e-9, nan_ok=True)


@given(st.lists(UNITS, min_size=2, max_size=5), st.data())
@settings(deadline=None, max_examples=25)
def test_a_dialogue_that_is_counted_twice_is_there_twice(dialogues, data):
    counts = data.draw(st.lists(st.integers(0, 3), min_size=len(dialogues), max_size=len(dialogues)))
    units = [(*unit, place) for place, dialogue in enumerate(dialogues) for unit in dialogue]
    confidence, right, cluster = zip(*units, strict=True)
    pool = pool_of(confidence, right, cluster, len(dialogues))
    repeated = [unit for count, dialogue in zip(counts, dialogues, strict=True) for unit in dialogue * count]
    for name in (*NAMES, "ece(bins=3)", "ece(binning=width)"):
        counted = float(metric(name).of_pool(pool, np.array([counts]))[0])
        expected = value(name, *zip(*repeated, strict=True)) if repeated else math.nan
        assert counted == pytest.approx(expected, abs=1e-9, nan_ok=True), name


def test_draws_in_blocks_are_those_at_once(monkeypatch):
    generator = np.random.default_rng(0)
    pool = pool_of(generator.random(200), generator.random(200) < 0.5, generator.integers(0, 10, 200), 10)
    counts = generator.integers(0, 3, (7, 10))
    at_once = metric("auroc").of_pool(pool, counts)
    monkeypatch.setattr("tod_metrics.confidence.pool._CELLS", 400)
    assert np.array_equal(metric("auroc").of_pool(pool, counts), at_once)


def test_what_is_calibrated_has_a_small_error_and_what_is_not_a_large_one():
    generator = np.random.default_rng(0)
    confidence = generator.random(20_000) ** 0.2
    right = generator.random(20_000) < confidence
    for spec in ("ece", "ece(binning=width)"):
        assert value(spec, confidence, right) < 1
        assert value(spec, confidence**4, right) > 10


def test_equal_mass_sees_what_equal_width_hides():
    """0.94 is always wrong and 0.999 always right: they share a bin of equal width, where the errors cancel."""
    confidence, right = [0.94] * 10 + [0.999] * 20, [0] * 10 + [1] * 20
    assert value("ece", confidence, right) == pytest.approx(100 * (9.4 + 0.02) / 30)
    assert value("ece(binning=width)", confidence, right) == pytest.approx(100 * (9.4 - 0.02) / 30)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan, math.inf])
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        pool_of([0.5, wrong], [True, False])


@pytest.mark.parametrize("bins", [0, -1])
def test_a_number_of_bins_that_is_none_is_refused(bins):
    with pytest.raises(ValueError, match="bins must be at least 1"):
        metric(f"ece(bins={bins})")


GOLD = {"hotel": {"area": ["east"], "stars": ["4"]}}
STATE = {"hotel": {"area": "east", "stars": "3", "name": "acorn"}, "bus": {"day": "monday"}}


def units(spec, items):
    pool = metric(spec).pool(items, [0] * len(items), 1)
    return sorted(zip(pool.confidence.tolist(), pool.right.tolist(), strict=True)), pool.without


def test_values_are_right_where_slot_f1_says_so():
    sure = {"hotel": {"area": 0.9, "stars": 0.8, "name": 0.7, "parking": 0.1}, "bus": {"day": 0.6}}
    items = [item(STATE, sure, GOLD)]
    # The bus is not scored, and parking is not predicted.
    assert units("auroc", items) == ([(0.7, False), (0.8, False), (0.9, True)], 0)
    true, false, _ = metric("slot_f1").statistics(items)[0]
    assert (true, false) == (1, 2)


def test_values_without_confidence_are_left_out_and_counted():
    items = [item(STATE, {"hotel": {"area": 0.9}}, GOLD), item(STATE, None, GOLD, turn=1)]
    assert units("auroc", items) == ([(0.9, True)], 5)
    assert metric("auroc").remarks(items) == (
        "1 of 6 predicted values have a confidence (16.7%); the others are left out",
    )
    assert metric("ece").remarks([items[1]]) == ("none of 3 predicted values has a confidence, so ece is undefined",)


def test_a_confidence_may_spell_its_slot_in_another_way():
    spelled = {"hotel": {"price range": "cheap", "book day": "monday"}}
    items = [item(spelled, {"hotel": {"pricerange": 0.4, "bookday": 0.3}})]
    assert units("auroc", items) == ([(0.3, False), (0.4, False)], 0)


def test_rules_of_the_protocol_decide_what_is_right():
    items = [item({"train": {"leaveat": "15 : 00"}}, {"train": {"leaveat": 0.5}}, {"train": {"leaveat": ["15:00"]}})]
    assert units("auroc@tod_bench", items)[0] == [(0.5, True)]
    assert units("auroc@tod_bench+strict", items)[0] == [(0.5, False)]
    dropped = [item({"hotel": {"area": "none"}}, {"hotel": {"area": 0.5}}, {"hotel": {"area": ["none"]}})]
    assert units("auroc@tod_bench", dropped) == ([], 0)
    assert units("auroc@mwzeval", dropped)[0] == [(0.5, True)]


def test_turns_have_the_product_or_the_least_of_their_values():
    sure = {"hotel": {"area": 0.5, "stars": 0.4}}
    items = [
        item({"hotel": {"area": "east", "stars": "4"}}, sure, GOLD),
        item({"hotel": {"area": "east", "stars": "3"}}, sure, GOLD, turn=1),
        item({}, {}, {}, turn=2),
        item({"hotel": {"area": "east"}}, {}, GOLD, turn=3),
        item({}, None, GOLD, turn=4, missing=True),
    ]
    assert units("auroc(unit=turn)", items) == ([(pytest.approx(0.2), False), (pytest.approx(0.2), True)], 3)
    assert units("auroc(unit=turn,joint=minimum)", items) == ([(0.4, False), (0.4, True)], 3)
    assert metric("ece(unit=turn)").remarks(items) == (
        "2 of 5 turns have a confidence (40.0%); the others are left out",
    )


def test_a_value_that_is_missed_is_wrong_for_the_turn_only():
    items = [item({"hotel": {"area": "east"}}, {"hotel": {"area": 0.9}}, GOLD)]
    assert units("auroc", items)[0] == [(0.9, True)]
    assert units("auroc(unit=turn)", items)[0] == [(0.9, False)]


@pytest.mark.parametrize("protocol", ["pptod", "sgd", "sgd_turn"])
def test_protocols_without_slot_f1_are_refused(protocol):
    with pytest.raises(ValueError, match="does not define 'auroc'"):
        metric(f"auroc@{protocol}")


def test_signatures_name_everything_that_changes_the_number():
    assert str(metric("ece").signature).endswith("|unit:slot|bins:15-equal-mass|v:0.2.0")
    assert "unit:turn|joint:minimum" in str(metric("brier(unit=turn,joint=minimum)").signature)


def test_curves_by_hand():
    pool = pool_of([0.9, 0.8, 0.8, 0.1], [1, 1, 0, 0])
    points = [(point.threshold, point.coverage, point.risk) for point in risk_coverage(pool)]
    assert points == [(0.9, 25, 0), (0.8, 75, pytest.approx(100 / 3)), (0.1, 100, 50)]
    bins = [(one.low, one.high, one.confidence, one.right, one.units) for one in reliability(pool, bins=2)]
    # The middle of the two of 0.8 lies on the median: they are in the upper bin.
    assert bins == [(0.1, 0.1, 10, 0, 1), (0.8, 0.9, pytest.approx(250 / 3), pytest.approx(200 / 3), 3)]
    assert risk_coverage(pool_of([], [])) == reliability(pool_of([], [])) == []


def test_a_curve_has_no_more_points_than_asked_and_both_ends():
    generator = np.random.default_rng(0)
    confidence = generator.random(1000)
    points = risk_coverage(pool_of(confidence, generator.random(1000) < confidence), points=50)
    assert len(points) <= 50
    assert (points[0].threshold, points[-1].coverage) == (confidence.max(), 100)
