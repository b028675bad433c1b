"""Judge metrics: hand-worked ratings, the registry, and what they share with every metric."""

import numpy as np
import pytest

from tod_metrics.base import Metric
from tod_metrics.judge import JUDGE_METRICS
from tod_metrics.judge.ratings import FACTORS, QUESTION_KEYS, JudgedItem, Rating, judged_items
from tod_metrics.registry import metric, metric_class, metric_names


def ratings(question, values, **more):
    return judged_items(Rating(f"d{place}", question, value, "a|b", **more) for place, value in enumerate(values))


PAIRS = ("second", "second", "first", "tie", "inconsistent", None)


@pytest.mark.parametrize(
    ("spec", "items", "expected"),
    [
        ("win_rate", ratings("winner", PAIRS), 100 * (2 + 1) / 5),
        ("win_rate_decided", ratings("winner", PAIRS), 100 * 2 / 3),
        ("win_share", ratings("winner", PAIRS), 40),
        ("tie_share", ratings("winner", PAIRS), 40),
        ("loss_share", ratings("winner", PAIRS), 20),
        ("position_consistency", ratings("winner", PAIRS[:5], positions=("1", "1")), 80),
        ("first_seat_preference", ratings("winner", ("second",), positions=("1", "2")), 50),
        ("likert_experience", ratings("Q5", (4, 3, None, 1)), 8 / 3),
        ("likert_user_style", ratings("Q5", (4, 3, None, 1)), float("nan")),
        ("factor_age", ratings("winner", ("first", "second"), factors=("age", "greeting", "other")), 100 / 3),
        ("emotion_joy", ratings("emotion", ("joy", "neutral", None, "joy")), 200 / 3),
        ("win_rate", [], float("nan")),
    ],
)
def test_worked_by_hand(spec, items, expected):
    assert metric(spec).score(items) == pytest.approx(expected, nan_ok=True)


def test_the_length_controlled_rate_is_a_fit_over_all_items():
    sizes = [(10, 20), (20, 10), (15, 16), (16, 15)] * 5
    items = [
        JudgedItem(f"d{n}", (Rating(f"d{n}", "winner", "second", "a|b"),), {"a": first, "b": second})
        for n, (first, second) in enumerate(sizes)
    ]
    assert metric("win_rate_length_controlled").score(items) > 99
    assert np.isnan(metric("win_rate_length_controlled").score(items[:2]))


def test_alpha_between_people_and_with_the_judge():
    people = [
        Rating(f"d{n}", "Q1", value, "x", rater) for rater in ("ann", "bob") for n, value in enumerate((1, 2, 3, 4))
    ]
    judge = [Rating(f"d{n}", "Q1", value, "x") for n, value in enumerate((4, 3, 2, 1))]
    assert metric("alpha").score(judged_items(people)) == pytest.approx(1)
    assert metric("alpha_judge").score(judged_items([*people, *judge])) < 0
    assert np.isnan(metric("alpha").score(judged_items(judge)))


def test_every_judge_metric_is_listed_and_marked():
    listed = dict(metric_names())
    assert len(JUDGE_METRICS) == 62
    assert {f"likert_{key}" for key in QUESTION_KEYS.values()} | {f"factor_{name}" for name in FACTORS} <= set(listed)
    for name in JUDGE_METRICS:
        made = metric_class(name)
        assert issubclass(made, Metric)
        assert made.name == name
        assert made.item is JudgedItem
        assert listed[name].endswith(("(judge).", "(people)."))


@pytest.mark.parametrize("name", sorted(set(JUDGE_METRICS) - {"win_rate_length_controlled", "alpha", "alpha_judge"}))
def test_statistics_of_items_add_up(name):
    items = [
        JudgedItem(
            "d0",
            (
                Rating("d0", "winner", "second", "a|b", factors=("age",), positions=("2", "1")),
                *(Rating("d0", question, 3, "x") for question in QUESTION_KEYS),
                Rating("d0", "emotion", "joy", "x"),
            ),
        )
    ]
    made = metric(name)
    twice = made.statistics([*items, *items])
    assert twice.shape == (2, len(made.columns))
    assert np.array_equal(twice.sum(axis=0), 2 * made.statistics(items)[0])
