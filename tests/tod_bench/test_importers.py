"""Importing other tools' prediction files: what is read, and one sentence for everything that does not fit."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tod_bench.cli.import_ import command
from tod_bench.errors import DataError, UserError
from tod_bench.importers import Imported, import_predictions
from tod_bench.importers.pptod import parse_act_span, parse_belief_span
from tod_bench.predictions import read_predictions
from tod_bench.records import Act, Dialogue, Turn
from tod_bench.simulated.corpus import Simulated


def corpus(**turns: int) -> list[Dialogue]:
    return [
        Dialogue(name, "multiwoz2.2", "test", (), tuple(Turn(index, "hi", "hello") for index in range(count)))
        for name, count in turns.items()
    ]


def imported(
    folder: Path, form: str, content: Any, dialogues: list[Dialogue] | None = None, **options: bool
) -> Imported:
    path = folder / "file.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return import_predictions(path, dialogues, format=form, **options)


TURN = {
    "response": "[value_name] is nice .",
    "state": {"restaurant": {"food": "italian"}},
    "active_domains": ["Restaurant"],
}


def test_mwzeval_is_read(tmp_path: Path) -> None:
    second = {
        "response": "bye",
        "state": {"hotel": {"bookday": "friday", "price range": "cheap"}, "train": {"leave": "10:00"}},
    }
    found = imported(tmp_path, "mwzeval", {"sng0073": [TURN, second]}, corpus(SNG0073=2))
    assert not found.mismatches
    assert not found.notices
    first, last = found.predictions
    assert (first.dialogue_id, first.turn, first.response) == ("SNG0073", 0, "[value_name] is nice .")
    assert first.state == {"restaurant": {"food": "italian"}}
    assert first.active_domains == ("restaurant",)
    assert last.state == {"hotel": {"book day": "friday", "pricerange": "cheap"}, "train": {"leaveat": "10:00"}}
    assert last.active_domains is None


@pytest.mark.parametrize("spelling", ["sng0073", "SNG0073", "SNG0073.json", "sng0073.json"])
def test_ids_are_matched_in_any_spelling(tmp_path: Path, spelling: str) -> None:
    found = imported(tmp_path, "mwzeval", {spelling: [TURN]}, corpus(SNG0073=1))
    assert [prediction.dialogue_id for prediction in found.predictions] == ["SNG0073"]
    assert not found.mismatches


def test_predictions_come_in_corpus_order(tmp_path: Path) -> None:
    found = imported(tmp_path, "mwzeval", {"b": [TURN], "a": [TURN, TURN]}, corpus(A=2, B=1))
    assert [(prediction.dialogue_id, prediction.turn) for prediction in found.predictions] == [
        ("A", 0),
        ("A", 1),
        ("B", 0),
    ]


def test_without_a_corpus_nothing_is_checked_and_that_is_said(tmp_path: Path) -> None:
    found = imported(tmp_path, "mwzeval", {"sng0073": [TURN]})
    assert found.predictions[0].dialogue_id == "SNG0073"
    assert found.notices == ("no corpus was given, so ids are only written in capitals and turns are not counted",)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"sng0073": [TURN]}, "dialogue SNG0073: turns 1 of 2 are missing; import with --partial"),
        ({"sng0073": [TURN] * 3}, "dialogue SNG0073: turn 2 is predicted, but the corpus has 2 turns"),
        ({"sng0074": [TURN]}, "dialogue sng0074: the corpus's split has no such dialogue; did you mean 'sng0073'?"),
        ({}, "1 of the split's 1 dialogues are missing, the first SNG0073; import with --partial"),
        (
            {"sng0073": [TURN] * 2, "SNG0073": [TURN]},
            "dialogue SNG0073: the dialogue is in the file more than once",
        ),
        (
            '{"sng0073": [{"response": "a"}, {"response": "b"}], "sng0073": [{"response": "c"}]}',
            "more than once; keep one of them",
        ),
        (
            {"sng0073": {"0": TURN}},
            "dialogue sng0073: what the dialogue's id leads to is an object, but must be a list",
        ),
        ({"sng0073": [TURN, "hi"]}, "dialogue sng0073, turn 1: the turn is text, but must be an object"),
        (
            {"sng0073": [TURN, {"active_domains": []}]},
            "dialogue sng0073, turn 1: the turn has neither a response nor a state",
        ),
        ({"sng0073": [TURN, {"response": None}]}, "dialogue sng0073, turn 1: the response is null, but must be text"),
        ({"sng0073": [TURN, {**TURN, "state": []}]}, "turn 1: the state is a list, but must be an object"),
        (
            {"sng0073": [TURN, {**TURN, "state": {"hotel": "x"}}]},
            "turn 1: the state of hotel is text, but must be an object",
        ),
        (
            {"sng0073": [TURN, {**TURN, "state": {"hotel": {"stars": 4}}}]},
            "the state's hotel-stars is a number, but must be text",
        ),
        (
            {"sng0073": [TURN, {**TURN, "state": {"hotel": {"area": None}}}]},
            "the state's hotel-area is null, but must be text",
        ),
        (
            {"sng0073": [TURN, {**TURN, "state": {"hotel": {"area": ["x"]}}}]},
            "the state's hotel-area is a list, but must be text",
        ),
        ({"sng0073": [TURN, {**TURN, "active_domains": "hotel"}]}, "active_domains is text, but must be a list"),
        ({"sng0073": [TURN, {**TURN, "active_domains": [1]}]}, "an active domain is a number, but must be text"),
    ],
)
def test_every_mismatch_is_a_sentence_with_its_place(tmp_path: Path, content: Any, sentence: str) -> None:
    found = imported(tmp_path, "mwzeval", content, corpus(SNG0073=2))
    hits = [mismatch for mismatch in found.mismatches if sentence in mismatch]
    assert len(hits) == 1, found.mismatches
    assert hits[0].startswith(str(tmp_path / "file.json"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"sng0073": [{"resp', "breaks off after 0 records"),
        ("[]", "not valid JSON|breaks off"),
        ('{"sng0073": [{"response": "a"}, {"response": NaN}]}', "NaN is not JSON"),
        ('{"sng0073": [{"response": "a", "response": "b"}]}', "the key 'response' is given twice"),
        ('{"sng0073": [{"response": ' + "1" * 5000 + "}]}", "a whole number has thousands of digits"),
        ('{"sng0073": [{"response": "\\ud83d"}]}', "half of a surrogate pair"),
        ('{"sng0073": [' + "[" * 5000 + "]" * 5000 + "]}", "nested too deep"),
        ("", "breaks off|not valid"),
    ],
)
def test_a_file_that_is_no_object_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        imported(tmp_path, "mwzeval", content, corpus(SNG0073=1))


def test_partial_files_are_accepted_on_demand(tmp_path: Path) -> None:
    found = imported(tmp_path, "mwzeval", {"a": [TURN]}, corpus(A=2, B=1), partial=True)
    assert not found.mismatches
    assert len(found.predictions) == 1


def test_a_last_turn_without_an_answer_need_not_be_predicted(tmp_path: Path) -> None:
    ends_on_user = Dialogue("A", "multiwoz2.2", "test", (), (Turn(0, "hi", "hello"), Turn(1, "bye", "")))
    assert not imported(tmp_path, "mwzeval", {"a": [TURN]}, [ends_on_user]).mismatches


def test_what_is_not_used_is_said(tmp_path: Path) -> None:
    odd = {**TURN, "response": "[value_name] [colour] [colour]", "acts": []}
    found = imported(tmp_path, "mwzeval", {"a": [odd]}, corpus(A=1))
    assert "the field 'acts' of 1 turns is not used" in found.notices
    assert any("[colour] (2)" in notice for notice in found.notices)


@pytest.mark.parametrize(
    ("span", "state"),
    [
        ("[restaurant] food italian area centre", {"restaurant": {"food": "italian", "area": "centre"}}),
        (
            "[hotel] name acorn guest house day friday [taxi] leave 10:00",
            {"hotel": {"name": "acorn guest house", "book day": "friday"}, "taxi": {"leaveat": "10:00"}},
        ),
        ("[train] people 3 day monday", {"train": {"book people": "3", "day": "monday"}}),
        ("", {}),
        ("[hotel] [value_area] north", {}),
        ("area north [hotel] area", {}),
    ],
)
def test_belief_spans(span: str, state: dict[str, dict[str, str]]) -> None:
    assert parse_belief_span(span) == state


def test_act_spans() -> None:
    assert parse_act_span("[restaurant] [inform] name area name [offerbook] [general] [bye]") == (
        Act("restaurant", "inform", "name"),
        Act("restaurant", "inform", "area"),
        Act("restaurant", "offerbook"),
        Act("general", "bye"),
    )
    assert parse_act_span("") == ()


PPTOD = {
    "dial_id": "sng0073",
    "turn_num": 0,
    "bspn": "[hotel] area gold",
    "bspn_gen": "<sos_b> [restaurant] food italian <eos_b>",
    "aspn_gen": "[restaurant] [request] area",
    "dspn_gen": "[restaurant]",
    "resp": "gold",
    "resp_gen": "which area ?",
}


@pytest.mark.parametrize("content", [[PPTOD], [[PPTOD]]])
def test_pptod_is_read_and_gold_beside_it_is_not(tmp_path: Path, content: Any) -> None:
    found = imported(tmp_path, "pptod", content, corpus(SNG0073=1))
    assert not found.mismatches
    (prediction,) = found.predictions
    assert prediction.state == {"restaurant": {"food": "italian"}}
    assert prediction.acts == (Act("restaurant", "request", "area"),)
    assert prediction.active_domains == ("restaurant",)
    assert prediction.response == "which area ?"
    assert prediction.raw == {"dst": "[restaurant] food italian"}


def test_pptod_mismatches(tmp_path: Path) -> None:
    content = [
        {"turn_num": 0},
        {"dial_id": "a"},
        {"dial_id": "a", "turn_num": 0},
        {"dial_id": "a", "turn_num": 0, "resp_gen": 3},
    ]
    told = " | ".join(imported(tmp_path, "pptod", content, corpus(A=1)).mismatches)
    for sentence in (
        "entry 0 is not a turn",
        "has no turn_num",
        "none of bspn_gen",
        "resp_gen is a number",
        "more than once",
    ):
        assert sentence in told


def test_trade_is_read_in_both_forms(tmp_path: Path) -> None:
    own = {
        "SNG0073.json": {
            "0": {"turn_belief": ["hotel-area-gold"], "pred_bs_ptr": ["hotel-area-east", "hotel-name-none"]}
        }
    }
    plain = {
        "SNG0073.json": {
            "0": ["hotel-area-east"],
            "1": ["train-leaveat-10:00", "hotel-name-a-b guest house", "hotel-book day-friday"],
        }
    }
    assert imported(tmp_path, "trade", own, corpus(SNG0073=1)).predictions[0].state == {"hotel": {"area": "east"}}
    found = imported(tmp_path, "trade", plain, corpus(SNG0073=2))
    assert not found.mismatches
    assert found.predictions[1].state == {
        "train": {"leaveat": "10:00"},
        "hotel": {"name": "a-b guest house", "book day": "friday"},
    }


def test_trade_mismatches(tmp_path: Path) -> None:
    content = {"a": {"0": ["hotel-east"], "x": [], "1": {"turn_belief": []}, "2": "hotel"}, "b": 1}
    told = " | ".join(imported(tmp_path, "trade", content).mismatches)
    for sentence in (
        "'hotel-east' is not domain-slot-value",
        "'x' is not the number",
        "no pred_bs_ptr",
        "is text, but must be a list",
        "dialogue b",
    ):
        assert sentence in told


def sgd_turn(*frames: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "speaker": "USER",
        "frames": [{"service": name, "state": {"slot_values": values}} for name, values in frames],
    }


def test_sgd_states_are_carried_or_not_as_the_view_has_it(tmp_path: Path) -> None:
    entry = {
        "dialogue_id": "1_00000",
        "turns": [
            sgd_turn(("Hotels_1", {"area": ["north", "N"]})),
            {"speaker": "SYSTEM"},
            sgd_turn(("Taxi_1", {"to": ["x"]})),
        ],
    }
    (tmp_path / "dialogues_001.json").write_text(json.dumps([entry]))

    def gold(name: str) -> list[Dialogue]:
        turns = (Turn(0, "a", "b", services=("Hotels_1",)), Turn(1, "c", "d", services=("Taxi_1",)))
        return [Dialogue("1_00000", name, "dev", (), turns)]

    whole = import_predictions(tmp_path, gold("sgd-accumulated"), format="sgd")
    assert whole.predictions[1].state == {"Hotels_1": {"area": "north"}, "Taxi_1": {"to": "x"}}
    frames = import_predictions(tmp_path, gold("sgd-frame"), format="sgd")
    assert [prediction.state for prediction in frames.predictions] == [
        {"Hotels_1": {"area": "north"}},
        {"Taxi_1": {"to": "x"}},
    ]
    assert not whole.mismatches
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match=r"has no dialogues_\*\.json"):
        import_predictions(empty, format="sgd")


def test_unknown_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no format 'mwzevall'; did you mean 'mwzeval'"):
        import_predictions(tmp_path / "x.json", format="mwzevall")


def test_command_writes_a_prediction_file(tmp_path: Path) -> None:
    source, out = tmp_path / "in.json", tmp_path / "out.jsonl"
    source.write_text(json.dumps({"sng0073": [TURN]}))
    result = CliRunner().invoke(command, ["mwzeval", str(source), "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert [prediction.dialogue_id for prediction in read_predictions(out)] == ["SNG0073"]


def test_command_writes_nothing_on_a_mismatch(tmp_path: Path) -> None:
    source, out = tmp_path / "in.json", tmp_path / "out.jsonl"
    source.write_text(json.dumps({f"sng{n}": [{}] for n in range(30)}))
    result = CliRunner().invoke(command, ["mwzeval", str(source), "-o", str(out)])
    assert isinstance(result.exception, UserError)
    assert "was not imported: " in str(result.exception)
    assert "not shown" in str(result.exception)
    assert not out.exists()


def test_a_corpus_and_its_split_stand_for_their_dialogues(tmp_path: Path) -> None:
    simulated = Simulated({"test": 3})
    dialogues = list(simulated.dialogues("test"))
    content = {one.id: [{"response": turn.system} for turn in one.turns] for one in dialogues}
    path = tmp_path / "file.json"
    path.write_text(json.dumps(content))
    whole = import_predictions(path, simulated)
    assert whole == import_predictions(path, dialogues)
    assert [line.dialogue_id for line in whole.predictions] == [one.id for one in dialogues for _ in one.turns]
    part = import_predictions(path, simulated, split="test[:1]")
    assert (part.mismatches, {line.dialogue_id for line in part.predictions}) == ((), {dialogues[0].id})
    assert "2 dialogues are not in this part of the split and are left out" in part.notices
    # Without the rest of the split, dialogues that are not in the part are unknown.
    assert len(import_predictions(path, dialogues[:1]).mismatches) == 2
    with pytest.raises(UserError, match="no split 'final'"):
        import_predictions(path, simulated, split="final")
