"""Metrics over what predictions note: means over turns, undefined where nothing is noted."""

import math

import pytest

from tod_metrics import metric
from tod_metrics.items import NotedItem

USAGE = {"requests": 2, "prompt_tokens": 100, "completion_tokens": 10, "seconds": 1.5, "usd": 0.002}
NAMES = (
    *("unread_rate", "unread_pieces", "unknown_rate", "requests_per_turn", "tokens_per_turn", "usd_per_turn"),
    "seconds_per_turn",
)


def item(turn=0, **fields):
    return NotedItem("d", turn, **fields)


@pytest.mark.parametrize("name", NAMES)
def test_undefined_where_nothing_is_noted(name):
    items = [item(0), item(1)]
    assert math.isnan(metric(name).score(items))
    assert metric(name).remarks(items)[0].endswith(f"so {name} is undefined")
    assert math.isnan(metric(name).score([]))


@pytest.mark.parametrize(
    ("name", "items", "expected", "n"),
    [
        # Where one turn notes it, those that do not had nothing to note; a turn that was not predicted has no answer.
        ("unread_rate", [item(0, unreadable=True), item(1), item(2), item(3, answered=False)], 100 / 3, 3),
        ("unread_rate", [item(0, unreadable=False), item(1)], 0, 2),
        ("unread_pieces", [item(0, unread=3), item(1, unread=0), item(2)], 1, 3),
        ("unknown_rate", [item(0, unknown=3), item(1, unknown=0), item(2)], 100 / 3, 3),
        # What a turn took is over the turns that say so, never over the others.
        ("requests_per_turn", [item(0, usage=USAGE), item(1, usage={"requests": 1}), item(2)], 1.5, 2),
        ("tokens_per_turn", [item(0, usage=USAGE), item(1, usage={"prompt_tokens": 5}), item(2)], 110, 1),
        ("usd_per_turn", [item(0, usage=USAGE), item(1, usage={"usd": 0.0})], 0.001, 2),
        ("seconds_per_turn", [item(0, usage=USAGE), item(1, usage={"seconds": 0.5})], 1, 2),
        ("usd_per_turn", [item(0, usage={"usd": 1.0}, answered=False)], math.nan, 0),
    ],
)
def test_hand_worked(name, items, expected, n):
    scored = metric(name)
    assert scored.score(items) == pytest.approx(expected, nan_ok=True)
    assert scored.statistics(items)[:, 1].sum() == n
    assert scored.higher_is_better is False


def test_turns_that_do_not_say_are_counted():
    items = [item(0, usage=USAGE), item(1), item(2, answered=False)]
    assert metric("usd_per_turn").remarks(items) == (
        "1 of 2 predicted turns note its price; usd_per_turn is over those",
    )
    assert metric("usd_per_turn").remarks(items[:1]) == ()
    assert metric("unread_rate").remarks([item(0, unreadable=True), item(1)]) == ()
