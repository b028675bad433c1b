"""Ids of dialogues in anybody's spelling, in every command; and whole-split files scored on a part."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tod_bench.cli.main import main
from tod_bench.corpora.base import open_corpus
from tod_bench.dialogue_ids import DialogueIds, dialogue_key
from tod_bench.errors import DataError
from tod_bench.predictions import read_predictions, write_predictions
from tod_bench.scoring import pair, predictions_for_split
from tod_bench.scoring.comparison import compare_files
from tod_bench.splits import read_all, whole_split
from tod_bench.tasks import gold_prediction

SPELLINGS = {
    "as it is": lambda name: name,
    "capitals": lambda name: name.upper(),
    "json": lambda name: f"{name}.json",
    "both": lambda name: f" {name.upper()}.JSON ",
}


@pytest.fixture(scope="module")
def corpus():
    return open_corpus("simulated", dialogues={"train": 2, "dev": 3, "test": 12})


@pytest.fixture(scope="module")
def gold(corpus):
    dialogues = read_all(corpus, "test")
    return [gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]


def written(path: Path, predictions, spelling=SPELLINGS["as it is"]) -> Path:
    write_predictions(path, [replace(one, dialogue_id=spelling(one.dialogue_id)) for one in predictions])
    return path


@pytest.mark.parametrize("name", ["SNG0073", "sng0073", "SNG0073.json", "sng0073.JSON", " SNG0073 "])
def test_spellings_of_one_dialogue(name):
    assert dialogue_key(name) == "sng0073"
    assert DialogueIds(["SNG0073", "MUL1"]).find(name) == "SNG0073"


def test_where_case_tells_dialogues_apart_only_the_exact_id_counts():
    ids = DialogueIds(["a1", "A1", "b"])
    assert (ids.find("a1"), ids.find("A1"), ids.find("a1.json"), ids.find("B")) == ("a1", "A1", None, "b")


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_every_command_takes_every_spelling(corpus, gold, tmp_path, spelling):
    mine = written(tmp_path / "mine.jsonl", gold, spelling)
    plain = written(tmp_path / "plain.jsonl", gold)
    dialogues = read_all(corpus, "test")
    answers, notices = predictions_for_split([mine], corpus, "test", dialogues)
    assert answers == predictions_for_split([plain], corpus, "test", dialogues)[0]
    assert not notices
    assert pair("dst", dialogues, read_predictions(mine)).coverage == 1
    (compared,) = compare_files(corpus, "test", (mine, plain), metrics=["jga"])
    assert (compared.a, compared.b) == (100, 100)


def test_two_spellings_of_a_turn_are_a_turn_given_twice(corpus, gold, tmp_path):
    path = written(tmp_path / "p.jsonl", gold)
    with path.open("a") as file:
        file.write(json.dumps({"dialogue_id": gold[0].dialogue_id.upper(), "turn": 0, "state": {}}) + "\n")
    with pytest.raises(DataError, match="under another spelling of the id"):
        predictions_for_split([path], corpus, "test", read_all(corpus, "test"))


@pytest.mark.parametrize(
    ("expression", "whole"),
    [
        ("test", "test"),
        ("test[:10]", "test"),
        ("test{hotel}", "test"),
        ("test{hotel}[:10]", "test"),
        ("train[::10]+dev", "train+dev"),
        ("dev[:5]+dev[5:]", "dev"),
    ],
)
def test_the_whole_of_a_part(expression, whole):
    assert whole_split(expression) == whole


@pytest.mark.parametrize("part", ["test[:5]", "test{hotel}", "test[::3]"])
def test_a_file_of_the_whole_split_is_scored_on_the_part(corpus, gold, tmp_path, part):
    path = written(tmp_path / "p.jsonl", gold, str.upper)
    dialogues = read_all(corpus, part)
    answers, notices = predictions_for_split([path], corpus, part, dialogues)
    assert {name for name, _ in answers} == {dialogue.id for dialogue in dialogues}
    assert notices == (f"{path}: {12 - len(dialogues)} of its dialogues are not in {part} and are left out",)
    (compared,) = compare_files(corpus, part, (path, path), metrics=["jga"])
    assert compared.dialogues == len(dialogues)
    assert notices[0] in compared.notes


def test_what_is_in_no_part_of_the_split_is_refused(corpus, gold, tmp_path):
    stranger = replace(gold[0], dialogue_id="sim-dev-00000")
    path = written(tmp_path / "p.jsonl", [*gold, stranger])
    for part in ("test", "test[:5]"):
        with pytest.raises(DataError, match="dialogue sim-dev-00000: there is no such dialogue"):
            predictions_for_split([path], corpus, part, read_all(corpus, part))
    last = [one for one in gold if one.dialogue_id == gold[-1].dialogue_id]
    path = written(tmp_path / "last.jsonl", last)
    with pytest.raises(DataError, match=r"none of its dialogues is in test\[:5\]"):
        predictions_for_split([path], corpus, "test[:5]", read_all(corpus, "test[:5]"))


def test_the_commands_say_what_they_leave_out(tmp_path, capsys):
    corpus = open_corpus("simulated")
    dialogues = read_all(corpus, "test[:4]")
    gold = [gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]
    path = written(tmp_path / "p.jsonl", gold, str.upper)
    arguments = ["--corpus", "simulated", "--split", "test[:3]"]
    with pytest.raises(SystemExit) as stopped:
        main(["score", str(path), *arguments, "-m", "jga", "--draws", "0", "--json", str(tmp_path / "s.json")])
    assert not stopped.value.code
    sentence = f"{path}: 1 of its dialogues are not in test[:3] and are left out"
    assert sentence in capsys.readouterr().err
    assert json.loads((tmp_path / "s.json").read_text())["notices"] == [sentence]
    slots = {
        one.dialogue_id: [
            {f"{domain}-{slot}": value for domain, found in gold_turn.state.items() for slot, value in found.items()}
            for gold_turn in gold
            if gold_turn.dialogue_id == one.dialogue_id
        ]
        for one in gold
    }
    (tmp_path / "flat.json").write_text(json.dumps(slots))
    out = tmp_path / "imported.jsonl"
    with pytest.raises(SystemExit) as stopped:
        main(["import", "auto", str(tmp_path / "flat.json"), "-o", str(out), *arguments])
    assert not stopped.value.code
    said = capsys.readouterr().err
    assert "the format was recognised as slots" in said
    assert "1 dialogues are not in this part of the split and are left out" in said
    assert {one.dialogue_id for one in read_predictions(out)} == {dialogue.id for dialogue in dialogues[:3]}
