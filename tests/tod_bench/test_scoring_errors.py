"""Errors of states: each wrong slot in exactly one class, classes that sum to all errors, by slot and by turn."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_bench.cli.main import command
from tod_bench.corpora.base import open_corpus
from tod_bench.predictions import write_predictions
from tod_bench.records import Dialogue, Prediction, SlotSpec, Turn
from tod_bench.scoring import error_table, pair, state_errors
from tod_bench.scoring.disagreements import wrong_slots
from tod_bench.scoring.state_errors import CLASSES
from tod_metrics.items import StateItem
from tod_metrics.protocols import state_protocol
from tod_metrics.state.states import StateBatch

SLOTS = {"hotel": ("area", "stars", "book day"), "restaurant": ("area", "book day"), "train": ("day", "leaveat")}
SCHEMA = {domain: {slot: SlotSpec() for slot in slots} for domain, slots in SLOTS.items()}
PLACES = [(domain, slot) for domain, slots in SLOTS.items() for slot in slots]
VALUES = ("east", "west", "monday", "15 : 00", "15:00", "dontcare")


def nested(flat):
    state = {}
    for (domain, slot), value in flat.items():
        state.setdefault(domain, {})[slot] = value
    return state


def listed(state):
    return {domain: {slot: (value,) for slot, value in slots.items()} for domain, slots in state.items()}


def paired(*dialogues):
    """Dialogues as lists of (gold, predicted) turns; a prediction of None is missing."""
    made, predictions = [], []
    for number, turns in enumerate(dialogues):
        name = f"d{number}"
        made.append(
            Dialogue(name, "toy", "test", (), tuple(Turn(n, "u", state=listed(t[0])) for n, t in enumerate(turns)))
        )
        predictions += [Prediction(name, n, state=t[1]) for n, t in enumerate(turns) if t[1] is not None]
    return pair("dst", made, predictions, partial=True)


def kinds(*turns):
    """Slot -> class of each turn of one dialogue."""
    items = [StateItem("d", n, listed(gold), predicted) for n, (gold, predicted) in enumerate(turns)]
    batch = StateBatch(items, {domain: dict.fromkeys(slots, False) for domain, slots in SLOTS.items()})
    return [{error.slot: error.kind for error in found} for found in state_errors(batch, state_protocol("tod_bench"))]


EAST = {"hotel": {"area": "east"}}


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        (EAST, EAST, {}),
        (EAST, {}, {"hotel-area": "missed"}),
        ({}, EAST, {"hotel-area": "hallucinated"}),
        (EAST, {"hotel": {"area": "west"}}, {"hotel-area": "wrong value"}),
        (EAST, {"restaurant": {"area": "east"}}, {"hotel-area": "wrong domain", "restaurant-area": "wrong domain"}),
        # another value there: it is not the hotel's area that was given to the restaurant
        (EAST, {"restaurant": {"area": "west"}}, {"hotel-area": "missed", "restaurant-area": "hallucinated"}),
        # the value belongs to a slot that is right: invented
        (EAST, {**EAST, "restaurant": {"area": "east"}}, {"restaurant-area": "hallucinated"}),
        (
            {"hotel": {"book day": "monday"}},
            {"train": {"day": "monday"}},
            {"hotel-book day": "wrong domain", "train-day": "wrong domain"},
        ),
        # another slot of the same domain is no other domain
        (
            {"hotel": {"area": "4"}},
            {"hotel": {"stars": "4"}},
            {"hotel-area": "missed", "hotel-stars": "hallucinated"},
        ),
        ({"train": {"leaveat": "15:00"}}, {"train": {"leaveat": "15 : 00"}}, {}),
    ],
)
def test_classes_worked_by_hand(gold, predicted, expected):
    assert kinds((gold, predicted)) == [expected]


def test_an_error_that_does_not_change_is_carried_over():
    west, north = {"hotel": {"area": "west"}}, {"hotel": {"area": "north"}}
    assert [found.get("hotel-area") for found in kinds((EAST, west), (EAST, west), (EAST, north), (west, north))] == [
        "wrong value",
        "carried over",
        "wrong value",  # another wrong value
        "wrong value",  # gold has changed, and the prediction has missed it
    ]
    assert [found.get("hotel-area") for found in kinds((EAST, {}), (EAST, {}), (EAST, EAST), (EAST, {}))] == [
        "missed",
        "carried over",
        None,
        "missed",
    ]


def test_nothing_is_carried_over_from_another_dialogue():
    table = error_table(paired([(EAST, {})], [(EAST, {})]), SCHEMA, "tod_bench")
    assert table.total.counts == {**dict.fromkeys(CLASSES, 0), "missed": 2}


def test_tables_by_slot_and_by_turn():
    west = {"hotel": {"area": "west"}}
    table = error_table(paired([(EAST, west), (EAST, west)], [({}, None), (EAST, None)]), SCHEMA, "tod_bench")
    assert (table.turns, table.wrong, table.unpredicted) == (4, 4, 2)
    assert [(row.name, row.gold, row.errors) for row in table.by_slot] == [("hotel-area", 3, 3)]
    assert [(row.name, row.gold, row.errors) for row in table.by_turn] == [("1", 1, 1), ("2", 2, 2)]
    assert table.by_turn[1].counts == {**dict.fromkeys(CLASSES, 0), "carried over": 1, "missed": 1}


FLAT = st.dictionaries(st.sampled_from(PLACES), st.sampled_from(VALUES), max_size=6)
DIALOGUES = st.lists(st.lists(st.tuples(FLAT, st.none() | FLAT), min_size=1, max_size=4), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(DIALOGUES, st.sampled_from(["tod_bench", "trade", "tod_bench+strict", "mwzeval", "sgd", "tod_bench+nobook"]))
def test_every_error_is_in_exactly_one_class_and_classes_sum_to_all(dialogues, protocol):
    states = [
        [(nested(gold), None if answer is None else nested(answer)) for gold, answer in turns] for turns in dialogues
    ]
    pairing = paired(*states)
    table = error_table(pairing, SCHEMA, protocol)
    items = [
        StateItem(dialogue.id, turn.index, turn.state, (answer.state if answer else None) or {})
        for dialogue in pairing.dialogues
        for turn, answer in zip(dialogue.turns, pairing.of(dialogue), strict=True)
    ]
    batch = StateBatch(items, {domain: dict.fromkeys(slots, False) for domain, slots in SLOTS.items()})
    rules = state_protocol(protocol)
    wrong = [{"-".join(key) for key in wrong_slots(batch, rules, number)} for number in range(len(items))]
    found = state_errors(batch, rules)
    for slots, errors in zip(wrong, found, strict=True):
        assert sorted(error.slot for error in errors) == sorted(slots)  # each wrong slot once
        assert all(error.kind in CLASSES for error in errors)
    everything = sum(map(len, wrong))
    assert table.total.errors == sum(table.total.counts.values()) == everything
    for rows in (table.by_slot, table.by_turn):
        assert sum(row.errors for row in rows) == everything
        for kind in CLASSES:
            assert sum(row.counts[kind] for row in rows) == table.total.counts[kind]
        assert sum(row.gold for row in rows) == table.total.gold


def test_the_command_prints_and_writes_the_table(tmp_path: Path):
    dialogues = list(open_corpus("simulated").dialogues("test"))[:5]
    predictions = [Prediction(one.id, turn.index, state={}) for one in dialogues for turn in one.turns]
    write_predictions(tmp_path / "empty.jsonl", predictions)
    line = ["score", str(tmp_path / "empty.jsonl"), "--corpus", "simulated", "--split", "test[:5]", "-m", "jga"]
    result = CliRunner().invoke(
        command, [*line, "--draws", "0", "--errors", "--json", str(tmp_path / "scores.json")], catch_exceptions=False
    )
    assert "errors under tod_bench" in result.output
    assert all(kind in result.output for kind in CLASSES)
    (table,) = json.loads((tmp_path / "scores.json").read_text())["errors"]
    counts = table["total"]["counts"]
    assert counts["missed"] > 0
    assert counts["carried over"] > 0
    assert sum(counts.values()) == table["total"]["gold"]  # nothing predicted: every gold slot is an error
