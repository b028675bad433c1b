"""SGD's official set: hand-worked frames, with the values of schema_guided_dst/metrics.py (Rastogi et al. 2020)."""

import pytest

from tod_metrics import metric
from tod_metrics.items import FrameItem, StateItem
from tod_metrics.state.frames import FrameBatch
from tod_metrics.state.states import StateBatch

SCHEMA = {
    "Hotels_1": {"stars": True, "city": False, "name": False},
    "Buses_1": {"class": True},
    "Media_1": {"title": False},
}


def value(spec, items, **options):
    one = metric(spec, **options)
    return float(one.aggregate(one.statistics(items).sum(axis=0)))


def batch(gold, predicted, services=("Hotels_1",)):
    return StateBatch([StateItem("d", 0, gold, predicted, services=services)], SCHEMA)


@pytest.mark.parametrize(
    ("predicted", "categorical", "free", "joint"),
    [
        ({"stars": "4", "city": "new york"}, 100, 100, 100),
        ({"stars": "3", "city": "new york"}, 0, 100, 0),
        ({"stars": "4", "city": "york new"}, 100, 100, 100),  # token-sort
        ({"stars": "4", "city": "new yorks"}, 100, 94, 94),
        ({"stars": "4", "city": "nyc"}, 100, 100, 100),  # a further value that gold lists
        ({"stars": "4", "city": "NEW york!"}, 100, 100, 100),
        ({"stars": "4", "city": "new yörk"}, 100, 93, 93),  # what is not ASCII is taken out: new yrk
        ({"stars": "4", "city": "é"}, 100, 0, 0),
        ({"stars": "4"}, 100, 0, 0),
        ({"stars": "4", "city": "new york", "name": ""}, 100, 0, 0),  # an empty value is a predicted one
        ({"stars": "4", "city": "new york", "name": "none"}, 100, 0, 0),
    ],
)
def test_joint_accuracy_by_kind_of_slot(predicted, categorical, free, joint):
    gold = {"Hotels_1": {"stars": ("4", "four"), "city": ("new york", "nyc")}}
    items = batch(gold, {"Hotels_1": predicted})
    assert value("joint_categorical_accuracy", items) == pytest.approx(categorical)
    assert value("joint_noncategorical_accuracy", items) == pytest.approx(free)
    assert value("jga@sgd", items) == pytest.approx(joint)
    assert value("jga@sgd_turn", items) == pytest.approx(joint)


def test_a_categorical_slot_is_right_by_the_first_value_alone():
    items = batch({"Hotels_1": {"stars": ("4", "four")}}, {"Hotels_1": {"stars": "four"}})
    assert value("joint_categorical_accuracy", items) == 0


def test_every_frame_of_the_reference_counts_and_no_other():
    """A predicted service without a frame is not looked at; a frame without a state must stay empty."""
    gold = {"Hotels_1": {"stars": ("4",)}}
    predicted = {"Hotels_1": {"stars": "4"}, "Media_1": {"title": "x"}}
    two, three = ("Hotels_1", "Buses_1"), ("Hotels_1", "Buses_1", "Media_1")
    assert value("jga@sgd", batch(gold, predicted, two)) == 100
    assert value("jga@sgd", batch(gold, predicted, three)) == pytest.approx(200 / 3)
    # Media_1 has no categorical slot and Buses_1 no other: such frames are left out.
    assert value("joint_categorical_accuracy", batch(gold, predicted, three)) == 100
    assert value("joint_noncategorical_accuracy", batch(gold, predicted, three)) == 50
    assert value("joint_noncategorical_accuracy@sgd_turn", batch(gold, predicted, three)) == 0


def test_kinds_by_service():
    items = batch({"Hotels_1": {"stars": ("4",)}}, {}, ("Hotels_1", "Buses_1"))
    assert value("joint_categorical_accuracy", items, domain="Hotels_1") == 0
    assert value("joint_categorical_accuracy", items, domain="Buses_1") == 100


@pytest.mark.parametrize(
    ("gold", "predicted", "f1"),
    [
        ((), (), 1.0),
        (("phone",), (), 0.0),
        ((), ("phone",), 0.0),
        (("phone", "address"), ("address", "phone"), 1.0),
        (("phone", "address"), ("phone",), 2 / 3),
        (("phone",), ("phone", "address", "price"), 0.5),
        (("phone",), ("phone", "phone"), 2 / 3),
    ],
)
def test_requested_slots(gold, predicted, f1):
    item = FrameItem("d", 0, {"H_1": "NONE"}, {"H_1": gold}, {}, {"H_1": predicted} if predicted else {})
    assert value("requested_slots_f1", [item]) == pytest.approx(100 * f1)


def test_requested_slots_of_multiwoz_may_have_their_domain_in_front():
    item = FrameItem("d", 0, {"hotel": "find_hotel"}, {"hotel": ("phone",)}, {}, {"hotel": ("hotel-phone",)})
    assert value("requested_slots_f1", [item]) == 100


def test_active_intents_frame_by_frame():
    gold = {"Hotels_1": "SearchHotel", "Buses_1": "NONE"}
    items = FrameBatch(
        [
            FrameItem("d", 0, gold, {}, {"Hotels_1": "SearchHotel", "Buses_1": "NONE", "Media_1": "X"}, {}),
            FrameItem("d", 1, gold, {}, {"Hotels_1": "ReserveHotel"}, {}),  # no intent for Buses_1: wrong
        ],
        {"seen services": frozenset({"Hotels_1"})},
    )
    assert value("active_intent_accuracy", items) == 50
    assert value("active_intent_accuracy", items, domain="Buses_1") == 50
    assert value("active_intent_accuracy", items, domain="seen services") == 50
    assert items.domains == ("Buses_1", "Hotels_1")
    with pytest.raises(ValueError, match="no protocol 'trade'"):
        metric("active_intent_accuracy@trade")
