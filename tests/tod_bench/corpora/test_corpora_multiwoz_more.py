"""MultiWOZ of several folders: corrections, what is left out, other releases in the 2.2 layout, ConvLab-3's format."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from corpora_releases import DIALOGUE22, SCHEMA22

from tod_bench.corpora.extent import extents
from tod_bench.corpora.multiwoz import MultiWOZ
from tod_bench.corpora.unified_multiwoz import UnifiedMultiWOZ
from tod_bench.errors import DataError, MissingError, UserError
from tod_bench.records import DomainGoal
from tod_bench.reports.corpora import open_with

Write = Callable[[str, Any], Path]


def _named(name: str, area: str = "centre") -> dict[str, Any]:
    raw = deepcopy(DIALOGUE22)
    raw["dialogue_id"] = name
    raw["turns"][0]["frames"][0]["state"]["slot_values"]["hotel-area"] = [area]
    return raw


def _folder(write: Write, name: str, *dialogues: dict[str, Any], split: str = "train") -> Path:
    write(f"{name}/schema.json", SCHEMA22)
    return write(f"{name}/{split}/dialogues_001.json", list(dialogues)).parents[1]


def _areas(corpus: MultiWOZ, split: str = "train") -> dict[str, str]:
    return {one.id: one.turns[0].state["hotel"]["area"][0] for one in corpus.dialogues(split)}


@pytest.fixture
def folders(write: Write) -> list[str | Path]:
    return [
        _folder(write, "one", _named("WOZ20001"), _named("WOZ20002"), _named("MUL1")),
        _folder(write, "two", _named("PMUL2")),
    ]


def test_corrections_take_the_place_of_dialogues(write: Write, folders: list[str | Path]) -> None:
    restated = _folder(write, "restated", _named("WOZ20002", area="north"))
    corpus = MultiWOZ(folders, corrections=restated, cache=False)
    assert _areas(corpus) == {"WOZ20001": "centre", "WOZ20002": "north", "MUL1": "centre", "PMUL2": "centre"}
    assert "2 folders read as one" in corpus.unofficial
    assert "dialogues corrected by restated" in corpus.unofficial


def test_what_is_corrected_is_never_left_out(write: Write, folders: list[str | Path]) -> None:
    restated = _folder(write, "restated", _named("WOZ20002", area="north"))
    corpus = MultiWOZ(folders, corrections=[restated], leave_out="WOZ20*", cache=False)
    assert _areas(corpus) == {"WOZ20002": "north", "MUL1": "centre", "PMUL2": "centre"}
    assert "dialogues WOZ20* left out" in corpus.unofficial
    assert corpus.name == "multiwoz2.2-unofficial"
    (train, *_) = extents(corpus, {"train": 3})
    assert str(train) == "3 of 8,437 dialogues; unofficial"


def test_several_patterns_leave_out(folders: list[str | Path]) -> None:
    assert list(_areas(MultiWOZ(folders, leave_out=["WOZ20001", "P*"], cache=False))) == ["WOZ20002", "MUL1"]


def test_a_correction_that_corrects_nothing_is_an_error(write: Write, folders: list[str | Path]) -> None:
    restated = _folder(write, "restated", _named("WOZ20099"))
    corpus = MultiWOZ(folders, corrections=restated, cache=False)
    with pytest.raises(DataError, match=r"WOZ20099.*corrects a dialogue that is not in the folders read"):
        list(corpus.dialogues("train"))
    lenient = MultiWOZ(folders, corrections=restated, skip_invalid=True, cache=False)
    assert len(_areas(lenient)) == 4
    assert len(lenient.skipped) == 1


def test_corrections_decide_the_fingerprint(write: Write, folders: list[str | Path]) -> None:
    restated = _folder(write, "restated", _named("WOZ20002", area="north"))
    plain, corrected = MultiWOZ(folders), MultiWOZ(folders, corrections=restated)
    lesser = MultiWOZ(folders, leave_out="WOZ20*")
    assert len({plain.fingerprint, corrected.fingerprint, lesser.fingerprint}) == 3
    before = corrected.fingerprint
    _folder(write, "restated", _named("WOZ20002", area="south"))
    again = MultiWOZ(folders, corrections=restated)
    assert again.fingerprint != before
    assert _areas(again)["WOZ20002"] == "south"


def test_folders_and_what_is_left_out_come_from_a_command_line(folders: list[str | Path]) -> None:
    corpus = open_with("multiwoz", [f"path=[{', '.join(map(str, folders))}]", "leave_out=WOZ20*", "cache=false"])
    assert [one.id for one in corpus.dialogues("train")] == ["MUL1", "PMUL2"]


def test_a_dialogue_may_be_in_one_folder_only(write: Write) -> None:
    twice = [_folder(write, "one", _named("MUL1")), _folder(write, "two", _named("MUL1"))]
    with pytest.raises(DataError, match=r"MUL1.*already; leave one out"):
        list(MultiWOZ(list(twice), cache=False).dialogues("train"))


def test_a_release_in_the_layout_of_2_2_is_found_by_its_version(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _folder(write, "all/data/MultiWOZ_2.2", _named("A"), _named("B"), split="test")
    newer = _folder(write, "all/more/data/MultiWOZ_2.4", _named("A", area="north"), split="test")
    monkeypatch.setenv("TOD_BENCH_DATA", str(tmp_path / "all"))
    corpus = MultiWOZ(version="2.4", cache=False)
    assert (corpus.root, corpus.name) == (newer, "multiwoz2.4-unofficial")
    assert "data/MultiWOZ_2.4/test/dialogues_001.json" in corpus.unofficial
    assert _areas(corpus, "test") == {"A": "north"}
    assert list(_areas(MultiWOZ(cache=False), "test")) == ["A", "B"]
    with pytest.raises(MissingError, match=r"multiwoz2\.3 was not found"):
        MultiWOZ(version="2.3")


UNIFIED = {
    "dataset": "multiwoz21",
    "data_split": "train",
    "dialogue_id": "multiwoz21-train-0",
    "original_id": "MUL7.json",
    "domains": ["hotel", "general"],
    "goal": {
        "inform": {"hotel": {"price range": "cheap", "area": "east|north", "book stay": "3|2"}},
        "request": {"hotel": {"postcode": ""}},
    },
    "turns": [
        {
            "speaker": "user",
            "utterance": "A cheap hotel, thanks.",
            "dialogue_acts": {
                "categorical": [{"intent": "inform", "domain": "hotel", "slot": "price range", "value": "cheap"}],
                "non-categorical": [],
                "binary": [{"intent": "thank", "domain": "general", "slot": ""}],
            },
            "state": {"hotel": {"price range": "cheap", "book stay": ""}, "taxi": {"leave at": ""}},
        },
        {"speaker": "system", "utterance": "Booked.", "dialogue_acts": {}, "booked": {"hotel": [{}], "taxi": []}},
    ],
}


def test_the_unified_format_has_the_names_of_multiwoz(write: Write) -> None:
    folder = write("examples/dummy_data.json", [UNIFIED]).parent
    corpus = UnifiedMultiWOZ(folder, cache=False)
    assert (corpus.name, corpus.splits) == ("multiwoz2.1-convlab3-unofficial", ("train",))
    (dialogue,) = corpus.dialogues("train")
    (turn,) = dialogue.turns
    assert (dialogue.id, dialogue.services, turn.services) == ("MUL7", ("hotel",), ("hotel",))
    assert turn.state == {"hotel": {"pricerange": ("cheap",)}}
    assert turn.booked == ("hotel",)
    assert dialogue.goal["hotel"] == DomainGoal(
        {"pricerange": "cheap", "area": "north"}, ("postcode",), {"book stay": "2"}
    )
    assert [one.split for one in extents(corpus, {"train": 1})] == ["train", "dev", "test"]


def test_the_unified_format_needs_its_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no dialogues\.json or dummy_data\.json"):
        UnifiedMultiWOZ(tmp_path)


REAL = (
    "multiwoz/MultiWOZ_2.2_converted_from_2.1/data/MultiWOZ_2.2",
    "multiwoz_more/MultiWOZ_2.2_train_more/data/MultiWOZ_2.2",
)
RESTATED = "multiwoz_more/MultiWOZ_2.2_train_woz20_restated/data/MultiWOZ_2.2"


@pytest.mark.realdata
def test_train_more_and_restated_dialogues_of_the_real_corpus(realdata: Path) -> None:
    folders: list[str | Path] = [realdata / folder for folder in REAL]
    every = {one.id: one for one in MultiWOZ(folders, cache=False).dialogues("train")}
    assert len(every) == 1479
    sound = MultiWOZ(folders, corrections=realdata / RESTATED, leave_out="WOZ20*", cache=False)
    kept = {one.id: one for one in sound.dialogues("train")}
    assert len(kept) == 855
    restated = [one for one in kept if one.startswith("WOZ20")]
    assert len(restated) == 52
    turns = [pair for one in restated for pair in zip(every[one].turns, kept[one].turns, strict=True)]
    assert (sum(old.state != new.state for old, new in turns), len(turns)) == (93, 217)
    assert sum(1 for _ in sound.dialogues("test")) == 1000


@pytest.mark.realdata
def test_the_other_parts_of_the_real_corpus(realdata: Path) -> None:
    newer = MultiWOZ(version="2.4", cache=False)
    assert {split: sum(1 for _ in newer.dialogues(split)) for split in newer.splits} == {"dev": 100, "test": 999}
    older = MultiWOZ(version="2.0", cache=False)
    assert {split: sum(1 for _ in older.dialogues(split)) for split in older.splits} == {"dev": 999, "test": 1000}
    official = MultiWOZ(realdata / "multiwoz_more/MultiWOZ_2.2_official_train_5/data/MultiWOZ_2.2", cache=False)
    assert len(list(official.dialogues("train"))) == 5


@pytest.mark.realdata
def test_the_unified_examples_have_the_states_of_train_more(realdata: Path) -> None:
    examples = UnifiedMultiWOZ(realdata / "multiwoz_more/convlab3_multiwoz21_examples", cache=False)
    more = {one.id: one for one in MultiWOZ(realdata / REAL[1], cache=False).dialogues("train")}
    found = list(examples.dialogues("train"))
    assert len(found) == 10
    turns = [pair for one in found for pair in zip(one.turns, more[one.id].turns, strict=True)]
    assert [json.dumps(old.state) for old, new in turns if old.state != new.state] == []
    assert all(one.goal for one in found)
