"""A turn that was not predicted is wrong, also where gold is empty; an empty prediction there is right."""

import numpy as np
import pytest

from tod_metrics import metric
from tod_metrics.items import ActItem, FrameItem, StateItem

AREA = {"hotel": {"area": ("east",)}}


def value(spec, items, **options):
    one = metric(spec, **options)
    return float(one.aggregate(one.statistics(items).sum(axis=0)))


def states(*, missing):
    """A turn without a gold state, and one with a gold state that is predicted."""
    before = StateItem("d", 0, {}, {}, ("hotel",), missing=missing)
    return [before, StateItem("d", 1, AREA, {"hotel": {"area": "east"}}, ("hotel",))]


@pytest.mark.parametrize(
    ("spec", "options", "present", "absent"),
    [
        *((f"jga@{name}", {}, 100, 50) for name in ("tod_bench", "trade", "pptod", "mwzeval", "sgd_turn")),
        ("domain_jga_goal", {"domain": "hotel"}, 100, 50),
        ("domain_jga_all", {"domain": "hotel"}, 100, 50),
        ("domain_jga_all", {"domain": "taxi"}, 100, 50),
        ("domain_jga_active", {"domain": "hotel"}, 100, 100),
        ("joint_f1", {}, 100, 50),
        ("slot_accuracy", {}, 100, 50),
        ("relative_slot_accuracy", {}, 100, 50),
        ("turn_accuracy", {}, 100, 50),
        ("flexible_goal_accuracy", {}, 100, 50),
        ("slot_f1", {}, 100, 100),
        ("average_goal_accuracy", {}, 100, 100),
    ],
)
def test_states(spec, options, present, absent):
    assert value(spec, states(missing=False), **options) == present
    assert value(spec, states(missing=True), **options) == absent


def test_frames_of_a_missing_turn_are_wrong():
    def framed(*, missing):
        return [StateItem("d", 0, {}, {}, services=("Hotels_1", "Taxis_1"), missing=missing)]

    assert value("jga@sgd", framed(missing=False)) == 100
    assert value("jga@sgd", framed(missing=True)) == 0


@pytest.mark.parametrize("spec", ["act_f1", "act_f1@skip_empty", "act_match", "act_match@values_skip_empty"])
def test_acts(spec):
    act = (("hotel", "request", "area", ""),)
    given = [ActItem("d", 0, (), ()), ActItem("d", 1, act, act)]
    lacking = [ActItem("d", 0, (), (), missing=True), ActItem("d", 1, act, act)]
    assert (value(spec, given), value(spec, lacking)) == (100, 50)


def test_intents_and_requested_slots():
    gold = {"intents": {"Hotels_1": "NONE"}, "requested": {}}
    empty = FrameItem("d", 0, **gold, predicted_intents={"Hotels_1": "NONE"}, predicted_requested={})
    lacking = FrameItem("d", 0, **gold)
    for spec in ("active_intent_accuracy", "requested_slots_f1"):
        assert (value(spec, [empty]), value(spec, [lacking])) == (100, 0)


def test_leaving_turns_out_never_pays():
    rng = np.random.default_rng(0)
    items = [StateItem("d", n, AREA if n % 3 else {}, AREA_PREDICTED if rng.random() < 0.5 else {}) for n in range(30)]
    for spec in ("jga", "joint_f1", "slot_accuracy", "turn_accuracy", "flexible_goal_accuracy"):
        for left_out in range(30):
            fewer = [
                StateItem(item.dialogue_id, item.turn, item.gold, {}, missing=True) if n == left_out else item
                for n, item in enumerate(items)
            ]
            assert value(spec, fewer) <= value(spec, items), spec


AREA_PREDICTED = {"hotel": {"area": "east"}}
