"""Hand-worked numbers for every metric over belief states."""

import math

import numpy as np
import pytest

from tod_metrics import metric
from tod_metrics.items import StateItem
from tod_metrics.state.states import StateBatch


def items_of(*turns, goal=()):
    """Items of one dialogue; each turn is (gold, predicted)."""
    items = []
    for number, (gold, predicted) in enumerate(turns):
        before = items[-1] if items else StateItem("", 0, {}, {})
        items.append(
            StateItem(
                "d",
                number,
                {domain: {slot: (value,) for slot, value in slots.items()} for domain, slots in gold.items()},
                predicted,
                goal_domains=goal,
                previous_gold=before.gold,
                previous_predicted=before.predicted,
            )
        )
    return items


def value(spec, items, **options):
    scored = metric(spec, **options)
    return float(scored.aggregate(scored.statistics(items).sum(axis=0)))


EAST = {"hotel": {"area": "east"}}
WEST = {"hotel": {"area": "west"}}
BOTH = {"hotel": {"area": "east", "stars": "4"}, "taxi": {"departure": "x"}}

# gold, predicted -> joint goal, joint F1, average goal accuracy, relative slot accuracy, right slots of 30
ONE_TURN = [
    ({}, {}, 100, 100, math.nan, math.nan, 30),
    (EAST, {}, 0, 0, 0, 0, 29),
    ({}, {"taxi": {"departure": "x"}}, 0, 0, math.nan, 0, 29),
    (EAST, EAST, 100, 100, 100, 100, 30),
    (EAST, WEST, 0, 0, 0, 0, 29),
    (BOTH, EAST, 0, 50, 100 / 3, 100 / 3, 28),  # F1 = 2 * 1 / (2 * 1 + 0 + 2)
    (EAST, BOTH, 0, 50, 100, 100 / 3, 28),
    (BOTH, {**BOTH, "hotel": {"area": "west", "stars": "4"}}, 0, 200 / 3, 200 / 3, 200 / 3, 29),
]


@pytest.mark.parametrize(("gold", "predicted", "jga", "f1", "goal", "relative", "slots"), ONE_TURN)
def test_one_turn(gold, predicted, jga, f1, goal, relative, slots):
    items = items_of((gold, predicted))
    wanted = {
        "jga": jga,
        "joint_f1": f1,
        "average_goal_accuracy": goal,
        "relative_slot_accuracy": relative,
        "slot_accuracy": 100 * slots / 30,
    }
    assert {name: value(name, items) for name in wanted} == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize(
    ("gold", "predicted", "precision", "recall", "f1"),
    [
        ({}, {}, math.nan, math.nan, math.nan),
        (EAST, {}, math.nan, 0, 0),
        ({}, EAST, 0, math.nan, 0),
        (EAST, WEST, 0, 0, 0),  # a wrong value is one false positive and one false negative
        (BOTH, EAST, 100, 100 / 3, 50),
        (EAST, BOTH, 100 / 3, 100, 50),
        (BOTH, BOTH, 100, 100, 100),
    ],
)
def test_precision_recall_f1(gold, predicted, precision, recall, f1):
    items = items_of((gold, predicted))
    found = [value(name, items) for name in ("slot_precision", "slot_recall", "slot_f1")]
    assert found == pytest.approx([precision, recall, f1], nan_ok=True)


def test_slot_f1_is_micro_and_joint_f1_is_macro_over_turns():
    items = items_of((BOTH, BOTH), (EAST, {}))
    assert value("slot_f1", items) == pytest.approx(100 * 6 / 7)
    assert value("joint_f1", items) == pytest.approx(50)
    assert value("average_goal_accuracy", items) == pytest.approx(50)


TAXI = {"taxi": {"departure": "x"}}


@pytest.mark.parametrize(
    ("metric_name", "domain", "expected"),
    [
        ("domain_jga_all", "hotel", [[1, 1], [0, 1], [1, 1]]),
        ("domain_jga_all", "taxi", [[1, 1], [1, 1], [1, 1]]),
        ("domain_jga_all", "train", [[1, 1], [1, 1], [1, 1]]),
        ("domain_jga_goal", "hotel", [[1, 1], [0, 1], [1, 1]]),
        ("domain_jga_goal", "taxi", [[0, 0], [0, 0], [0, 0]]),
        ("domain_jga_active", "hotel", [[0, 0], [0, 1], [1, 1]]),
        ("domain_jga_active", "taxi", [[0, 0], [0, 0], [1, 1]]),
        ("domain_jga_active", "train", [[0, 0], [0, 0], [0, 0]]),
        # without a domain: pairs of turn and domain, pooled
        ("domain_jga_all", "", [[5, 5], [4, 5], [5, 5]]),
        ("domain_jga_goal", "", [[1, 1], [0, 1], [1, 1]]),
        ("domain_jga_active", "", [[0, 0], [0, 1], [2, 2]]),
    ],
)
def test_three_forms_of_per_domain_jga(metric_name, domain, expected):
    items = items_of(({}, {}), (EAST, WEST), ({**EAST, **TAXI}, {**EAST, **TAXI}), goal=("hotel",))
    assert metric(metric_name, domain=domain).statistics(items).tolist() == expected


def test_domains_restrict_every_metric():
    items = items_of((BOTH, {"hotel": {"area": "west"}, "taxi": {"departure": "x"}}))
    assert value("slot_f1", items, domain="taxi") == 100
    assert value("slot_f1", items, domain="hotel") == 0
    assert value("joint_f1", items, domain="hotel") == 0
    assert value("slot_accuracy", items, domain="hotel") == 80  # area is wrong and stars missing, of 10 slots
    assert value("average_goal_accuracy", items, domain="taxi") == 100
    assert value("relative_slot_accuracy", items, domain="hotel") == 0
    assert value("turn_accuracy", items, domain="taxi") == 100
    assert value("flexible_goal_accuracy", items, domain="hotel") == 0


@pytest.mark.parametrize(
    ("turns", "right"),
    [
        ([({}, {})], [1]),
        ([(EAST, EAST), (EAST, EAST)], [1, 1]),
        ([(EAST, WEST), (EAST, WEST)], [0, 1]),  # an old error is not counted again
        ([(EAST, {}), ({**EAST, **TAXI}, TAXI)], [0, 1]),
        ([(EAST, EAST), (WEST, EAST)], [1, 0]),
        ([(EAST, WEST), (WEST, WEST)], [0, 1]),  # gold comes to what was predicted too early
        ([(EAST, WEST), (EAST, EAST)], [0, 1]),  # mending an error is right
        ([(EAST, WEST), (EAST, {})], [0, 0]),  # giving a gold slot up is not
        ([(EAST, EAST), ({}, {})], [1, 1]),  # giving up a slot is a change
        ([(EAST, EAST), ({}, EAST)], [1, 0]),
        ([(EAST, EAST), (EAST, {})], [1, 0]),
    ],
)
def test_turn_accuracy(turns, right):
    assert metric("turn_accuracy").statistics(items_of(*turns))[:, 0].tolist() == right


def test_turn_accuracy_takes_acceptable_values_for_the_same():
    """Gold lists east and oriental in both turns; moving from one to the other is no change."""
    gold = {"hotel": {"area": ("east", "oriental")}}
    later = {"hotel": {"area": ("oriental", "east", "e")}}
    first = StateItem("d", 0, gold, EAST)
    second = StateItem("d", 1, later, {"hotel": {"area": "oriental"}}, previous_gold=gold, previous_predicted=EAST)
    assert metric("turn_accuracy").statistics([first, second])[:, 0].tolist() == [1, 1]


def test_flexible_goal_accuracy_follows_the_paper():
    """An error in turn 0; turn 1 changes nothing wrongly, turn 2 adds a right slot, turn 3 a wrong one."""
    more = {"hotel": {"area": "east", "stars": "4"}}
    items = items_of(
        (EAST, WEST),
        (EAST, WEST),
        (more, {"hotel": {"area": "west", "stars": "4"}}),
        ({**more, **TAXI}, {"hotel": {"area": "west", "stars": "4"}}),
        ({**more, **TAXI}, {"hotel": {"area": "west", "stars": "4"}}),
        (more, more),
    )
    for decay in (0.25, 0.5, 1.0):
        reward = [0, 1 - math.exp(-decay), 1 - math.exp(-2 * decay), 0, 1 - math.exp(-decay), 1]
        scored = metric("flexible_goal_accuracy", decay=decay)
        assert scored.statistics(items)[:, 0].tolist() == pytest.approx(reward)
        assert f"decay:{decay:g}" in str(scored.signature)


def test_flexible_goal_accuracy_does_not_need_the_items_in_order():
    items = items_of((EAST, WEST), (EAST, WEST), (EAST, EAST))
    assert metric("flexible_goal_accuracy").statistics(items[::-1])[:, 0].tolist() == pytest.approx(
        [1, 1 - math.exp(-0.5), 0]
    )


def test_aggregate_works_on_many_sums_at_once():
    scored = metric("slot_f1")
    sums = np.array([[[1.0, 0, 0], [0, 0, 0]], [[1.0, 1.0, 1.0], [0, 1.0, 0]]])
    assert scored.aggregate(sums).shape == (2, 2)
    assert scored.aggregate(sums)[0, 0] == 100


def test_a_batch_is_aligned_once_for_protocols_that_compare_alike():
    batch = StateBatch(items_of((EAST, WEST)))
    assert metric("jga@trade").aligned(batch) is metric("slot_f1@picpersona").aligned(batch)
    assert metric("jga@trade").aligned(batch) is not metric("jga@tod_bench").aligned(batch)


def test_without_a_schema_the_slots_of_other_corpora_are_those_of_gold():
    items = [StateItem("d", 0, {"Hotels_1": {"stars": ("4",)}}, {"Hotels_1": {"stars": "4"}})]
    assert value("slot_accuracy", items) == 100
    assert metric("slot_accuracy").statistics(items).tolist() == [[1, 1]]
