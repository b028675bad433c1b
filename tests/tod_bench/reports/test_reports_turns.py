"""States turn by turn: hand-counted errors, and parts that add up to the score of the whole."""

from typing import ClassVar

import pytest

from tod_bench.corpora.base import open_corpus
from tod_bench.experiments.results import Experiment
from tod_bench.predictions import read_predictions
from tod_bench.records import Dialogue, Prediction, SlotSpec, Turn
from tod_bench.reports.breakdowns import (
    _bins,
    _even_bins,
    by_length,
    by_turn_index,
    confusions,
    slot_rows,
)
from tod_bench.reports.turns import judging_metric, state_turns
from tod_bench.scoring.state_errors import CLASSES, StateError

CELL = Experiment("toy", "s", "dst", 1)


class Toy:
    """Two slots of MultiWOZ's train and two of a taxi."""

    name = "toy"
    schema: ClassVar = {
        "train": {slot: SlotSpec() for slot in ("departure", "destination", "day")},
        "taxi": {slot: SlotSpec() for slot in ("departure", "destination")},
    }


def toy_turns():
    a, b = ("cambridge", "camb"), ("ely",)
    dialogues = [
        Dialogue(
            "d1",
            "toy",
            "test",
            ("train",),
            (
                Turn(0, "u", state={"train": {"departure": a}}),
                Turn(1, "u", state={"train": {"departure": a, "destination": b}}),
                Turn(2, "u", state={"train": {"departure": a, "destination": b, "day": ("monday",)}}),
            ),
        ),
        Dialogue("d2", "toy", "test", ("train",), (Turn(0, "u", state={"train": {"day": ("friday",)}}),)),
    ]
    answers = {
        ("d1", 0): {"train": {"departure": "camb"}},  # right: any listed value
        ("d1", 1): {"train": {"departure": "ely", "destination": "cambridge"}},  # swapped
        ("d1", 2): {"train": {"departure": "ely", "destination": "ely"}, "taxi": {"departure": "cambridge"}},
        ("d2", 0): {"train": {"day": "sunday"}},
    }
    predictions = {key: Prediction(*key, state=state) for key, state in answers.items()}
    return state_turns(CELL, "jga", Toy(), dialogues, predictions)


def test_errors_counted_by_hand():
    turns = toy_turns()
    assert [turns.right(position) for position in range(4)] == [True, False, False, False]
    assert turns.errors[0] == ()
    first, second = turns.errors[1]
    assert first == StateError("train-departure", "wrong value", ("cambridge", "camb"), "ely", "train-destination")
    assert second.moved_to == "train-departure"
    assert [(error.slot, error.kind, error.moved_to) for error in turns.errors[2]] == [
        ("taxi-departure", "wrong domain", ""),
        ("train-day", "missed", ""),
        ("train-departure", "carried over", "taxi-departure"),
    ]
    assert confusions(turns) == {
        ("train-departure", "train-destination"): 1,
        ("train-destination", "train-departure"): 1,
        ("train-departure", "taxi-departure"): 1,
    }
    rows = {row.name: [row.gold, *(row.counts[kind] for kind in CLASSES)] for row in slot_rows(turns)}
    assert rows == {
        "train-day": [2, 1, 0, 1, 0, 0],
        "train-departure": [3, 0, 0, 1, 0, 1],
        "taxi-departure": [0, 0, 0, 0, 1, 0],
        "train-destination": [2, 0, 0, 1, 0, 0],
    }
    assert next(iter(rows)) == "train-day"


def test_positions_and_lengths_counted_by_hand():
    turns = toy_turns()
    points = by_turn_index(turns, draws=0)
    assert [(point.label, point.value, point.turns, point.dialogues) for point in points] == [
        ("1", 50.0, 2, 2),
        ("2", 0.0, 1, 1),
        ("3", 0.0, 1, 1),
    ]
    assert [(point.label, point.value) for point in by_length(turns, draws=0)] == [
        ("1", 0.0),
        ("3", pytest.approx(100 / 3)),
    ]


@pytest.mark.parametrize(
    ("values", "most", "expected"),
    [([1, 2, 3], 5, [(1, 1), (2, 2), (3, 3)]), ([1, 2, 3, 9], 3, [(1, 1), (2, 2), (3, 9)]), ([], 3, [])],
)
def test_bins_keep_early_turns_apart(values, most, expected):
    assert _bins(values, most) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 1, 2, 3, 4, 5], [(1, 1), (2, 3), (4, 5)]),
        ([4] * 9, [(4, 4)]),
        ([1, 2], [(1, 1), (2, 2)]),
        ([], []),
    ],
)
def test_even_bins_hold_everything_once(values, expected):
    assert _even_bins(values, 3) == expected


@pytest.mark.parametrize("metric", ["jga", "jga@trade", "jga@picpersona", "jga@tod_bench+strict", "jga@mwzeval"])
def test_parts_add_up_to_the_score(floors, metric):
    from tod_bench.scoring import score

    corpus = open_corpus("simulated", **floors.config.corpora["plain"].options)
    gold = list(corpus.dialogues("test"))
    result = next(
        one for one in floors.results if one.experiment.system == "rule_match" and one.experiment.task == "dst"
    )
    predictions = {(one.dialogue_id, one.turn): one for one in read_predictions(floors.predictions(result))}
    turns = state_turns(result.experiment, metric, corpus, gold, predictions)
    where = {"corpus_name": corpus.name, "split": "test", "schema": corpus.schema, "draws": 0}
    whole = score("dst", gold, predictions, metrics=[metric], **where)[0].value
    assert 0 < whole < 100
    for points in (by_turn_index(turns, draws=0, bins=4), by_length(turns, draws=0, bins=3)):
        assert sum(point.turns for point in points) == len(turns.errors)
        assert sum(point.value * point.turns for point in points) == pytest.approx(whole * len(turns.errors))
    for position, errors in enumerate(turns.errors):
        assert turns.right(position) == (not errors)


def test_intervals_hold_their_scores(floors):
    corpus = open_corpus("simulated", **floors.config.corpora["plain"].options)
    gold = list(corpus.dialogues("test"))
    predictions = {(one.dialogue_id, one.turn): one for one in read_predictions(floors.predictions(floors.results[0]))}
    for point in by_turn_index(state_turns(CELL, "jga", corpus, gold, predictions), draws=200):
        assert point.low <= point.value <= point.high


def test_the_metric_that_judges_is_the_tables_own():
    assert judging_metric(["slot_f1", "jga@picpersona", "jga"]) == "jga@picpersona"
    assert judging_metric(["slot_f1"]) == "jga"
