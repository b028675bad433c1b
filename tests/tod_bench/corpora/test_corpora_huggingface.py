"""The hub's layouts of MultiWOZ 2.2 and SGD give the dialogues that the releases give."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("datasets")

from corpora_releases import ACTS22, DIALOGUE22, sgd_dialogue
from datasets import Dataset, DatasetDict
from hub_tables import ACTS, multiwoz_features, multiwoz_row, sgd_features, sgd_row, table

from tod_bench.corpora.huggingface import HuggingFace
from tod_bench.corpora.multiwoz import MultiWOZ
from tod_bench.corpora.sgd import SGD
from tod_bench.errors import UserError
from tod_bench.records import Dialogue


def _like(dialogue: Dialogue, other: Dialogue) -> Dialogue:
    return replace(dialogue, corpus=other.corpus)


@pytest.mark.parametrize("lists", [False, True])
def test_multiwoz_from_a_saved_folder_is_the_release(release22: Path, tmp_path: Path, lists: bool) -> None:
    rows = [multiwoz_row(DIALOGUE22, ACTS22["TOY1.json"])]
    DatasetDict({"test": table(rows, multiwoz_features(), lists=lists)}).save_to_disk(str(tmp_path / "hub"))
    corpus = HuggingFace(tmp_path / "hub")
    (ours,), (official,) = corpus.dialogues("test"), MultiWOZ(release22).dialogues("test")
    assert (corpus.name, corpus.splits) == ("multiwoz2.2-hub", ("test",))
    assert _like(ours, official) == official


@pytest.mark.parametrize("lists", [False, True])
def test_sgd_from_a_saved_folder_is_the_release(release_sgd: Path, tmp_path: Path, lists: bool) -> None:
    rows = [sgd_row(sgd_dialogue("1_00000", "Homes_2")), sgd_row(sgd_dialogue("1_00001", "Media_1"))]
    DatasetDict({"validation": table(rows, sgd_features(ACTS), lists=lists)}).save_to_disk(str(tmp_path / "hub"))
    corpus = HuggingFace(tmp_path / "hub", schema=release_sgd)
    assert corpus.splits == ("dev",)
    assert corpus.schema == SGD(release_sgd).schema
    for ours, official in zip(corpus.dialogues("dev"), SGD(release_sgd).dialogues("test"), strict=True):
        assert replace(_like(ours, official), split="test") == official


def test_without_a_schema_the_slots_are_those_that_states_mention(release_sgd: Path, tmp_path: Path) -> None:
    rows = [sgd_row(sgd_dialogue("1_00000", "Homes_2"))]
    DatasetDict({"test": table(rows, sgd_features(ACTS))}).save_to_disk(str(tmp_path / "hub"))
    schema = HuggingFace(tmp_path / "hub").schema
    (official, *_) = SGD(release_sgd).dialogues("test")
    assert set(schema["Homes_2"]) == {slot for turn in official.turns for slot in turn.state["Homes_2"]}


def test_frames_of_active_domains_alone_are_refused_or_carried(tmp_path: Path) -> None:
    rows = [multiwoz_row(DIALOGUE22, ACTS22["TOY1.json"], active_only=True)]
    DatasetDict({"test": table(rows, multiwoz_features())}).save_to_disk(str(tmp_path / "hub"))
    with pytest.raises(UserError, match=r"configuration v2[.]2_active_only"):
        HuggingFace(tmp_path / "hub")
    corpus = HuggingFace(tmp_path / "hub", inactive="carry")
    (dialogue,) = corpus.dialogues("test")
    assert corpus.name == "multiwoz2.2-hub-carried"
    assert dialogue.turns[1].state["hotel"] == dialogue.turns[0].state["hotel"]
    assert dialogue.turns[1].state["taxi"] == {"departure": ("blue door",), "leaveat": ("17:00", "5")}


def test_another_layout_is_refused_in_one_sentence(tmp_path: Path) -> None:
    DatasetDict({"test": Dataset.from_dict({"text": ["hello"]})}).save_to_disk(str(tmp_path / "hub"))
    with pytest.raises(UserError, match="neither the layout of multi_woz_v22 nor"):
        HuggingFace(tmp_path / "hub")
    with pytest.raises(UserError, match="could not be opened as datasets"):
        HuggingFace(tmp_path)


@pytest.mark.realdata
def test_sgd_dev_in_the_hubs_layout_is_the_release(realdata: Path, tmp_path: Path) -> None:
    from datasets import ClassLabel

    (file,) = islice(realdata.rglob("dstc8-schema-guided-dialogue/dev/dialogues_001.json"), 1)
    raw = json.loads(file.read_text(encoding="utf-8"))
    acts = sorted({a["act"] for d in raw for t in d["turns"] for f in t["frames"] for a in f["actions"]})
    rows = table([sgd_row(dialogue) for dialogue in raw], sgd_features(ClassLabel(names=acts)))
    DatasetDict({"validation": rows}).save_to_disk(str(tmp_path / "hub"))
    corpus = HuggingFace(tmp_path / "hub", schema=file.parent.parent)
    official = {dialogue.id: dialogue for dialogue in SGD(file.parent.parent).dialogues("dev")}
    for dialogue in corpus.dialogues("dev"):
        assert _like(dialogue, official[dialogue.id]) == official[dialogue.id]
