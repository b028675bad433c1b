"""The probes of the portraits: what they count, and that they run."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from benchmarks.portraits import CLASSES, classes_of, main, page, persona, portraits, readings

READ = [*CLASSES, "formality of adults and seniors"]


@pytest.fixture(scope="module")
def few():
    return portraits("test", 30)


def test_classes_are_those_of_the_persona(few):
    for index in (0, 7, 29):
        one = persona("test", index)
        assert {name: CLASSES[name][few.labels[name][index]] for name in CLASSES} == classes_of(one)
        assert classes_of(one)["clothes"] in one.impression


def test_right_answers_are_counted(few):
    gold = readings(few.labels, few)
    assert list(gold) == READ
    assert {one.accuracy for one in gold.values()} == {100}
    wrong = {name: values.copy() for name, values in few.labels.items()}
    wrong["age"][:6] = (wrong["age"][:6] + 1) % 5
    assert readings(wrong, few)["age"].accuracy == 80
    casual = {**few.labels, "formality": np.zeros(30, dtype=np.int64)}
    found = readings(casual, few)
    grown = found["formality of adults and seniors"]
    assert grown.portraits < found["formality"].portraits == 30
    assert grown.recall == {"casual": 100, "formal": 0}
    assert grown.accuracy < found["formality"].accuracy < 100


def test_it_runs_and_writes_its_page(tmp_path):
    given = ["--train", "24", "--test", "12", "--epochs", "1", "--sheet", "2", "--out", str(tmp_path)]
    given += ["--remark", "On a quiet machine."]
    done = CliRunner().invoke(main, given, catch_exceptions=False)
    assert done.exit_code == 0
    record = json.loads((tmp_path / "probes.json").read_text(encoding="utf-8"))
    assert {name: list(found) for name, found in record["readings"].items()} == dict.fromkeys(
        ["network", "linear", "most frequent"], READ
    )
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| gender |" in text
    assert "python -m benchmarks.portraits --train 24 --test 12 --epochs 1" in text
    assert text == page(record)
    assert "On a quiet machine." in text
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (96 + 6 * 64, 16 + 10 * 64)


def test_the_committed_page_is_what_the_command_writes():
    folder = Path(__file__).parents[2] / "results" / "portraits"
    record = json.loads((folder / "probes.json").read_text(encoding="utf-8"))
    assert (folder / "README.md").read_text(encoding="utf-8") == page(record)


def test_the_network_learns(few):
    from benchmarks.portraits import answers, network, trained

    model = trained(network, 2e-3, few, epochs=20)
    assert readings(answers(model, few), few)["gender"].accuracy > 90
