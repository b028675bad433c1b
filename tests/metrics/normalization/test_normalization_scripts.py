"""Values as published scripts have them: TRADE's number words, and the order of slots under PPTOD's."""

import pytest

from tod_metrics import metric
from tod_metrics.items import StateItem
from tod_metrics.normalization import detok, trade


@pytest.mark.parametrize(
    ("value", "by_trade", "by_detok"),
    [
        ("restaurant two two", "restaurant 2 two", "restaurant 22"),
        ("restaurant one seven", "restaurant 17", "restaurant 17"),
        ("one one one", "1 one 1", "111"),
        ("two", "2", "2"),
        ("twosome two", "twosome 2", "twosome 2"),
    ],
)
def test_of_two_equal_number_words_trade_replaces_the_first(value, by_trade, by_detok):
    assert trade("restaurant", "name", value) == by_trade
    assert detok("restaurant", "name", value) == by_detok


def test_number_words_of_other_corpora_stay():
    assert detok("Hotels_1", "name", "two two") == "two two"


def turns(gold_order, answer_order):
    """Area comes up in the first turn, stars in the second; the files have them in some order."""
    values = {"area": "centre", "stars": "4", "type": "hotel"}
    first = {"hotel": {"area": ("centre",)}}, {"hotel": {"area": "centre"}}
    gold = {"hotel": {slot: (values[slot],) for slot in gold_order}}
    return [
        StateItem("d", 0, *first),
        StateItem("d", 1, gold, {"hotel": {slot: values[slot] for slot in answer_order}}),
    ]


def score(spec, items):
    one = metric(spec)
    return float(one.aggregate(one.statistics(items).sum(axis=0)))


def test_pptod_by_mention_does_not_depend_on_the_file():
    """In file order the last value loses its last letters: ``centre`` of one side alone, ``c`` of both."""
    same, mixed = turns(("stars", "area"), ("stars", "area")), turns(("stars", "area"), ("area", "stars"))
    assert (score("jga@pptod", same), score("jga@pptod", mixed)) == (100, 50)
    assert {score("jga@pptod+mention", items) for items in (same, mixed, mixed[::-1])} == {100}


def test_the_signature_names_the_order():
    assert "|order:file|" in str(metric("jga@pptod").signature)
    assert "|order:mention|" in str(metric("jga@pptod+mention").signature)
    assert "order" not in str(metric("jga").signature)
    with pytest.raises(ValueError, match="'trade' compares no spans; pptod does"):
        metric("jga@trade+mention")
