"""The worked cases of the metric cards: one turn, and whether each protocol calls its state right."""

import numpy as np
import pytest

from tod_metrics import metric
from tod_metrics.items import StateItem
from tod_metrics.protocols import MODIFIERS, PROTOCOLS, state_protocol
from tod_metrics.state.states import StateBatch

MULTIWOZ = ("tod_bench", "trade", "trade+dropnone", "pptod", "mwzeval", "picpersona")


def jga(protocol, gold, predicted, **item):
    scored = metric(f"jga@{protocol}")
    batch = StateBatch([StateItem("d", 0, gold, predicted, **item)])
    return float(scored.aggregate(scored.statistics(batch).sum(axis=0)))


def right_under(gold, predicted, protocols=MULTIWOZ):
    return [protocol for protocol in protocols if jga(protocol, gold, predicted) == 100.0]


ALL = list(MULTIWOZ)


@pytest.mark.parametrize(
    ("gold", "predicted", "right"),
    [
        ({}, {}, ALL),
        ({"hotel": {"area": ("east",)}}, {}, []),
        ({}, {"taxi": {"departure": "x"}}, []),
        ({"hotel": {"area": ("east",)}}, {"hotel": {"area": "east"}}, ALL),
        ({"hotel": {"area": ("east",)}}, {"hotel": {"area": "west"}}, []),
        ({"hotel": {"area": ("east",)}}, {"hotel": {"area": "East "}}, ALL),
        # spellings of dontcare; mwzeval drops it from gold alone
        (
            {"hotel": {"area": ("dontcare",), "stars": ("4",)}},
            {"hotel": {"area": "dont care", "stars": "4"}},
            ["tod_bench", "trade", "trade+dropnone", "picpersona"],
        ),
        (
            {"hotel": {"area": ("dontcare",), "stars": ("4",)}},
            {"hotel": {"area": "dontcare", "stars": "4"}},
            ["tod_bench", "trade", "trade+dropnone", "pptod", "picpersona"],
        ),
        ({"hotel": {"area": ("dontcare",), "stars": ("4",)}}, {"hotel": {"stars": "4"}}, ["mwzeval"]),
        # tokenised time: undone by detok, and by mwzeval's canonical times
        ({"train": {"leaveat": ("15:00",)}}, {"train": {"leaveat": "15 : 00"}}, ["tod_bench", "mwzeval"]),
        # the same state in another order: pptod loses trailing letters of whatever comes last
        (
            {"hotel": {"area": ("centre",), "stars": ("4",)}},
            {"hotel": {"stars": "4", "area": "centre"}},
            ["tod_bench", "trade", "trade+dropnone", "mwzeval", "picpersona"],
        ),
        # an explicit gold none cannot be predicted where it is kept; pptod makes "non" of it where it stands last
        ({"hotel": {"area": ("none",)}}, {}, ["tod_bench", "trade+dropnone"]),
        (
            {"hotel": {"area": ("none",), "stars": ("4",)}},
            {"hotel": {"stars": "4"}},
            ["tod_bench", "trade+dropnone", "pptod"],
        ),
        (
            {"hotel": {"area": ("none",)}},
            {"hotel": {"area": "none"}},
            ["tod_bench", "trade+dropnone", "pptod", "mwzeval"],
        ),
        ({}, {"hotel": {"area": "none"}}, ["tod_bench", "trade", "trade+dropnone", "picpersona"]),
        ({}, {"hotel": {"area": "not mentioned"}}, ["tod_bench", "trade", "trade+dropnone", "pptod", "picpersona"]),
        # what the label repair turns into none counts as none
        ({"attraction": {"type": ("gallery",)}}, {}, ["tod_bench", "trade+dropnone"]),
        (
            {"hotel": {"area": ("center",)}},
            {"hotel": {"area": "centre"}},
            ["tod_bench", "trade", "trade+dropnone", "picpersona"],
        ),
        # several values are listed, the second is predicted
        ({"hotel": {"area": ("east", "west")}}, {"hotel": {"area": "west"}}, ["tod_bench"]),
        # fuzzy matching accepts a value that contains the other
        ({"train": {"leaveat": ("15:15",)}}, {"train": {"leaveat": "5:15"}}, []),
        ({"restaurant": {"book time": ("15:15",)}}, {"restaurant": {"book time": "5:15"}}, []),
        ({"restaurant": {"book time": ("17:15",)}}, {"restaurant": {"book time": "5:15 pm"}}, ["mwzeval"]),
        (
            {"hotel": {"area": ("north",)}},
            {"hotel": {"area": "no"}},
            ["tod_bench", "trade", "trade+dropnone", "mwzeval", "picpersona"],
        ),
        ({"hotel": {"name": ("north",)}}, {"hotel": {"name": "no"}}, ["mwzeval"]),
        # aliases of slots
        ({"hotel": {"book day": ("monday",)}}, {"hotel": {"bookday": "monday"}}, ALL),
        ({"taxi": {"arriveby": ("10:15",)}}, {"taxi": {"arriveBy": "10:15"}}, ALL),
        # a domain that the evaluation leaves out
        ({"hospital": {"department": ("x",)}}, {}, ["tod_bench", "trade", "trade+dropnone", "picpersona"]),
        ({}, {"bus": {"day": "monday"}}, ["tod_bench", "trade", "trade+dropnone", "picpersona", "pptod"]),
        # an invented slot is wrong
        ({}, {"hotel": {"colour": "red"}}, ["pptod"]),
    ],
)
def test_which_protocols_call_it_right(gold, predicted, right):
    assert sorted(right_under(gold, predicted)) == sorted(right)


@pytest.mark.parametrize(
    ("protocol", "gold", "predicted", "expected"),
    [
        ("tod_bench+first", {"hotel": {"area": ("east", "west")}}, {"hotel": {"area": "west"}}, 0),
        ("trade+any", {"hotel": {"area": ("east", "west")}}, {"hotel": {"area": "west"}}, 100),
        ("tod_bench+strict", {"train": {"leaveat": ("15:00",)}}, {"train": {"leaveat": "15 : 00"}}, 0),
        ("tod_bench+strict", {"hotel": {"area": ("center",)}}, {"hotel": {"area": "centre"}}, 0),
        ("tod_bench+traded", {"hotel": {"area": ("center",)}}, {"hotel": {"area": "centre"}}, 100),
        ("tod_bench+fuzzy", {"restaurant": {"book time": ("15:15",)}}, {"restaurant": {"book time": "5:15"}}, 100),
        ("tod_bench+nobook", {"hotel": {"book day": ("monday",)}}, {}, 100),
        ("tod_bench+nobook", {"hotel": {"book day": ("monday",), "area": ("east",)}}, {}, 0),
        ("mwzeval+nobook", {"hotel": {"book day": ("monday",)}}, {}, 100),
        ("pptod+nobook", {"hotel": {"book day": ("monday",)}}, {}, 100),
        ("tod_bench+nobook", {"train": {"day": ("monday",)}}, {}, 0),
    ],
)
def test_modifiers(protocol, gold, predicted, expected):
    assert jga(protocol, gold, predicted) == expected


def test_an_excluded_booking_slot_is_no_invention():
    assert jga("tod_bench+nobook", {}, {"hotel": {"book day": "monday"}}) == 100
    assert jga("mwzeval+nobook", {}, {"hotel": {"book day": "monday"}}) == 100


SGD = {
    "Hotels_1": {"city": False, "stars": True, "name": False},
    "Travel_1": {"kind": True},
}


def sgd(protocol, gold, predicted, services, name="jga"):
    scored = metric(f"{name}@{protocol}")
    batch = StateBatch([StateItem("d", 0, gold, predicted, services=services)], SGD)
    return scored.statistics(batch).tolist()[0]


def test_sgd_takes_the_product_over_slots_of_a_frame():
    # "san jose" and "jose san" have the same sorted tokens; "abcd" against "abce": 2 * 3 / 8 = 75 %
    gold = {"Hotels_1": {"city": ("San Jose",), "name": ("abcd", "zzzz"), "stars": ("4",)}}
    assert sgd("sgd", gold, {"Hotels_1": {"city": "jose, san", "name": "abce", "stars": "4"}}, ("Hotels_1",)) == [
        0.75,
        1.0,
    ]
    assert sgd("sgd", gold, {"Hotels_1": {"city": "jose san", "name": "abce", "stars": "5"}}, ("Hotels_1",)) == [
        0.0,
        1.0,
    ]
    assert sgd("sgd", gold, {"Hotels_1": {"city": "jose san", "name": "zzzz"}}, ("Hotels_1",)) == [0.0, 1.0]


def test_sgd_counts_frames_and_reads_only_those_of_the_turn():
    gold = {"Hotels_1": {"stars": ("4",)}, "Travel_1": {"kind": ("museum",)}}
    predicted = {"Hotels_1": {"stars": "4"}, "Travel_1": {"kind": "park"}}
    assert sgd("sgd", gold, predicted, ("Hotels_1", "Travel_1")) == [1.0, 2.0]
    assert sgd("sgd", gold, predicted, ("Hotels_1",)) == [1.0, 1.0]
    assert sgd("sgd", gold, {**predicted, "Elsewhere_1": {"x": "y"}}, ("Hotels_1",)) == [1.0, 1.0]
    assert sgd("sgd_turn", gold, predicted, ("Hotels_1", "Travel_1")) == [0.0, 1.0]
    assert sgd("sgd", {}, {}, ("Hotels_1", "Travel_1")) == [2.0, 2.0]


def test_sgd_takes_the_first_value_of_categorical_slots_and_the_best_of_others():
    assert sgd("sgd", {"Hotels_1": {"stars": ("4", "5")}}, {"Hotels_1": {"stars": "5"}}, ("Hotels_1",)) == [0.0, 1.0]
    assert sgd(
        "sgd", {"Hotels_1": {"city": ("SF", "San Francisco")}}, {"Hotels_1": {"city": "san francisco"}}, ("Hotels_1",)
    ) == [1.0, 1.0]


def test_sgd_average_goal_accuracy_is_over_frames_with_gold_slots():
    gold = {"Hotels_1": {"stars": ("4",), "name": ("abcd",)}}
    predicted = {"Hotels_1": {"stars": "4", "name": "abce", "city": "x"}}
    assert sgd("sgd", gold, predicted, ("Hotels_1", "Travel_1"), "average_goal_accuracy") == [0.875, 1.0]


def test_seen_and_unseen_services():
    items = [
        StateItem("d", 0, {"Hotels_1": {"stars": ("4",)}}, {}, services=("Hotels_1",)),
        StateItem(
            "d", 1, {"Travel_1": {"kind": ("a",)}}, {"Travel_1": {"kind": "a"}}, services=("Travel_1", "Hotels_1")
        ),
    ]
    batch = StateBatch(items, SGD, groups={"seen": frozenset({"Hotels_1"}), "unseen": frozenset({"Travel_1"})})
    for protocol, seen in (("sgd", [[0.0, 1.0], [1.0, 1.0]]), ("sgd_turn", [[0.0, 1.0], [1.0, 1.0]])):
        assert metric(f"jga@{protocol}", domain="seen").statistics(batch).tolist() == seen
        assert metric(f"jga@{protocol}", domain="unseen").statistics(batch).tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_every_protocol_says_what_it_is_and_its_modifiers_show():
    assert next(iter(PROTOCOLS)) == "tod_bench"
    for name, rules in PROTOCOLS.items():
        assert rules.name == name
        assert rules.summary
        assert rules.metrics
    for modifier in MODIFIERS:
        base = "pptod" if modifier == "mention" else "tod_bench"
        assert state_protocol(f"{base}+{modifier}").name == f"{base}+{modifier}"
    signatures = {str(metric(f"jga@{name}").signature) for name in PROTOCOLS}
    assert len(signatures) == len(PROTOCOLS)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("jga@trad", "there is no protocol 'trad'; did you mean 'trade'?"),
        ("jga@trade+dropnon", "there is no protocol modifier 'dropnon'; did you mean 'dropnone'?"),
        ("slot_f1@sgd", "the protocol 'sgd' does not define 'slot_f1'; these do: tod_bench"),
        ("jga@pptod+strict", "only \\+nobook and \\+mention apply"),
    ],
)
def test_errors(spec, message):
    with pytest.raises(ValueError, match=message):
        metric(spec)


def test_pptod_refuses_what_its_parser_cannot_read():
    with pytest.raises(ValueError, match=r"reads MultiWOZ's 30 slots only, and here .* counts too"):
        metric("jga@pptod").statistics(StateBatch([StateItem("d", 0, {}, {})], SGD))


def test_a_slot_predicted_twice_under_two_spellings_is_an_error():
    item = StateItem("d7", 3, {}, {"hotel": {"book day": "monday", "bookday": "friday"}})
    with pytest.raises(ValueError, match="dialogue d7, turn 3: hotel-book day is predicted twice"):
        metric("jga").statistics([item])


def test_no_items_is_undefined():
    for name in PROTOCOLS:
        scored = metric(f"jga@{name}")
        assert np.isnan(scored.aggregate(scored.statistics([]).sum(axis=0)))
