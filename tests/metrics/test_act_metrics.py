"""Hand-worked numbers for the metrics over system acts."""

import math

import pytest

from tod_metrics import metric
from tod_metrics.act.acts import ActBatch
from tod_metrics.items import ActItem

FOOD = ("restaurant", "inform", "food", "italian")
INDIAN = ("restaurant", "inform", "food", "indian")
AREA = ("restaurant", "request", "area", "")
BYE = ("general", "bye", "", "")


def value(spec, *turns, **options):
    scored = metric(spec, **options)
    items = [ActItem("d", number, gold, predicted) for number, (gold, predicted) in enumerate(turns)]
    return float(scored.aggregate(scored.statistics(items).sum(axis=0)))


@pytest.mark.parametrize(
    ("turn", "f1", "with_values", "match"),
    [
        (((), ()), 100, 100, 100),
        (((FOOD,), ()), 0, 0, 0),
        (((), (FOOD,)), 0, 0, 0),
        (((FOOD,), (FOOD,)), 100, 100, 100),
        (((FOOD,), (INDIAN,)), 100, 0, 100),
        (((FOOD, AREA), (AREA, FOOD)), 100, 100, 100),
        (((FOOD, AREA), (FOOD,)), 200 / 3, 200 / 3, 0),
        (((FOOD, FOOD), (FOOD,)), 100, 100, 100),
        (((FOOD, INDIAN), (FOOD,)), 100, 200 / 3, 100),
        (((FOOD,), (("Restaurant", "INFORM", "Food", "Italian"),)), 100, 100, 100),
        ((((("hotel", "inform", "book day", "monday")),), (("hotel", "inform", "bookday", "Monday"),)), 100, 100, 100),
        (((BYE,), (BYE, FOOD)), 200 / 3, 200 / 3, 0),
    ],
)
def test_one_turn(turn, f1, with_values, match):
    assert value("act_f1", turn) == pytest.approx(f1)
    assert value("act_f1@values", turn) == pytest.approx(with_values)
    assert value("act_match", turn) == match


def test_micro_and_per_turn_differ_and_empty_turns_can_be_left_out():
    turns = [((FOOD, AREA), (FOOD, AREA)), ((BYE,), (FOOD,)), ((), ())]
    assert value("act_f1", *turns) == pytest.approx(200 / 3)
    assert value("act_f1@skip_empty", *turns) == pytest.approx(50)
    assert value("act_f1_micro", *turns) == pytest.approx(100 * 4 / 6)
    assert value("act_match@skip_empty", *turns) == pytest.approx(50)
    assert math.isnan(value("act_f1@skip_empty", ((), ())))
    assert math.isnan(value("act_f1_micro", ((), ())))


def test_by_domain():
    turns = [((FOOD, BYE), (FOOD,)), ((BYE,), (BYE,))]
    assert value("act_f1", *turns, domain="restaurant") == 100
    assert value("act_f1", *turns, domain="general") == 50
    assert value("act_f1_micro", *turns, domain="general") == pytest.approx(200 / 3)
    assert value("act_match@skip_empty", *turns, domain="restaurant") == 100
    assert ActBatch([ActItem("d", 0, (FOOD, BYE), ())]).domains == ("general", "restaurant")


def test_signature_tells_the_unit_and_what_is_done_with_empty_turns():
    assert str(metric("act_f1@values_skip_empty").signature).startswith(
        "act_f1|protocol:values_skip_empty|unit:domain-act-slot-value|empty:skip|v:"
    )
    with pytest.raises(ValueError, match="act_f1 has no protocol 'value'; choose one of tod_bench"):
        metric("act_f1@value")
