"""MultiWOZ in the data.json layout, and as ConvLab's files for each split."""

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from corpora_releases import DIALOGUE_LOG

from tod_bench.corpora.multiwoz import MultiWOZ
from tod_bench.corpora.multiwoz_names import canonical
from tod_bench.errors import DataError, UserError
from tod_bench.records import Act, DomainGoal, Span


def test_the_state_of_a_user_turn_is_on_the_systems(release_log: Path) -> None:
    corpus = MultiWOZ(release_log, version="2.1")
    (dialogue,) = corpus.dialogues("test")
    first, second = dialogue.turns
    assert (corpus.name, corpus.splits) == ("multiwoz2.1-unofficial", ("train", "dev", "test"))
    assert dialogue.id == "TEST1"
    assert first.state == {"hotel": {"area": ("east",), "internet": ("none",), "book people": ("2",)}}
    assert second.state == {"hotel": {"area": ("east", "north"), "name": ("old mill",), "book people": ("2",)}}
    assert first.acts == (Act("hotel", "inform", "name", "The Old Mill"), Act("booking", "inform"))
    assert first.user_acts == (Act("hotel", "inform", "area", "east"), Act("hotel", "inform", "book people", "2"))
    assert (first.services, second.services) == (("hotel",), ("hotel",))
    assert (first.db_matches, second.db_matches) == ({"hotel": 1}, {"hotel": 1})


def test_goals(release_log: Path) -> None:
    (dialogue,) = MultiWOZ(release_log, version="2.1").dialogues("dev")
    wanted = DomainGoal({"area": "east", "parking": "yes"}, ("phone", "internet"), {"book people": "2"})
    assert dialogue.goal == {"hotel": wanted}
    assert dialogue.services == ("hotel",)


def test_token_spans_become_character_spans(release_log: Path) -> None:
    (dialogue,) = MultiWOZ(release_log, version="2.1").dialogues("test")
    assert dialogue.turns[0].spans == (
        Span("user", "hotel", "area", "east", 15, 19),
        Span("user", "hotel", "book people", "2", 24, 27),
        Span("system", "hotel", "name", "The Old Mill", 0, 12),
    )


def test_tokens_apart_from_punctuation_are_counted_where_that_fits_better(release_log: Path, write: Any) -> None:
    dialogue = copy.deepcopy(DIALOGUE_LOG)
    dialogue["log"][0] = {
        "text": "Hello, is there a hotel, in the east?",
        "metadata": {},
        "dialog_act": {"Hotel-Inform": [["Area", "east"]]},
        "span_info": [["Hotel-Inform", "Area", "east", 9, 9], ["Hotel-Inform", "Name", "none such", 20, 21]],
    }
    write("mw21/data.json", {"TRAIN1.json": dialogue, "DEV1.json": DIALOGUE_LOG, "TEST1.json": DIALOGUE_LOG})
    corpus = MultiWOZ(release_log, version="2.1")
    (read,) = corpus.dialogues("train")
    assert read.turns[0].spans[0] == Span("user", "hotel", "area", "east", 32, 36)
    assert [error.turn for error in corpus.warnings] == [0]


def test_acts_of_a_file_of_their_own_as_in_2_0(release_log: Path, write: Any) -> None:
    dialogue = copy.deepcopy(DIALOGUE_LOG)
    for utterance in dialogue["log"]:
        del utterance["dialog_act"], utterance["span_info"]
    write("mw21/data.json", {f"{name}.json": dialogue for name in ("TRAIN1", "DEV1", "TEST1")})
    acts = {"1": {"Hotel-Request": [["Price", "?"]]}, "2": "No Annotation"}
    write("mw21/dialogue_acts.json", {"TEST1": acts})
    (read,) = MultiWOZ(release_log, version="2.0").dialogues("test")
    assert [turn.acts for turn in read.turns] == [(Act("hotel", "request", "pricerange"),), ()]
    write("mw21/dialogue_acts.json", {"TEST1": {**acts, "3": {}}})
    with pytest.raises(
        DataError, match="dialogue TEST1: the file of acts has some for turn '3', but there are 2 turns"
    ):
        list(MultiWOZ(release_log, version="2.0").dialogues("test"))


def test_a_zip_of_the_release(release_log: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "MULTIWOZ2.1.zip", "w") as archive:
        for path in (path for path in release_log.rglob("*") if path.is_file()):
            archive.write(path, f"MULTIWOZ2.1/{path.name}")
        archive.writestr("__MACOSX/data.json", "rubbish")
    zipped, folder = MultiWOZ(tmp_path / "MULTIWOZ2.1.zip", version="2.1"), MultiWOZ(release_log, version="2.1")
    for split in folder.splits:
        assert list(zipped.dialogues(split)) == list(folder.dialogues(split))


def test_convlabs_zip_for_each_split(tmp_path: Path, write: Any) -> None:
    write("convlab/valListFile", "DEV1\nLOST\n")
    for split in ("val", "test"):
        with zipfile.ZipFile(tmp_path / "convlab" / f"{split}.json.zip", "w") as archive:
            archive.writestr(f"{split}.json", json.dumps({"DEV1" if split == "val" else "TEST1": DIALOGUE_LOG}))
    corpus = MultiWOZ(tmp_path / "convlab", version="2.1")
    assert corpus.splits == ("dev", "test")
    assert [dialogue.id for dialogue in corpus.dialogues("dev")] == ["DEV1"]
    assert [error.dialogue for error in corpus.warnings] == ["LOST"]


def test_a_dialogue_that_ends_on_the_user_keeps_the_state(release_log: Path, write: Any) -> None:
    short = {**DIALOGUE_LOG, "log": DIALOGUE_LOG["log"][:3]}
    write("mw21/data.json", {"TRAIN1.json": short, "DEV1.json": short, "TEST1.json": short})
    corpus = MultiWOZ(release_log, version="2.1")
    (dialogue,) = corpus.dialogues("test")
    first, last = dialogue.turns
    assert (last.system, last.acts, last.state) == ("", (), first.state)
    assert [error.turn for error in corpus.warnings] == [1]


BAD: list[tuple[Any, str]] = [
    (lambda d: d["log"][1].update(metadata={}), "turn 0: the system's utterance has no state"),
    (lambda d: d["log"].pop(0), "turn 0: an utterance with a state"),
    (lambda d: d.pop("goal"), "the key 'goal' is missing"),
    (
        lambda d: d["log"][1]["metadata"]["hotel"]["semi"].update(view="sea"),
        "turn 0: the state has a value for slot 'view'",
    ),
    (lambda d: d["log"][3]["metadata"]["hotel"]["semi"].update(area=5), "turn 1: the values of area are not a list"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_records(release_log: Path, write: Any, change: Any, message: str) -> None:
    bad = copy.deepcopy(DIALOGUE_LOG)
    change(bad)
    write("mw21/data.json", {"TRAIN1.json": DIALOGUE_LOG, "DEV1.json": DIALOGUE_LOG, "TEST1.json": bad})
    with pytest.raises(DataError, match=message):
        list(MultiWOZ(release_log, version="2.1").dialogues("test"))
    lenient = MultiWOZ(release_log, version="2.1", skip_invalid=True)
    assert list(lenient.dialogues("test")) == []
    assert [error.dialogue for error in lenient.skipped] == ["TEST1"]


def test_a_listed_dialogue_that_is_not_there(release_log: Path, write: Any) -> None:
    write("mw21/testListFile.txt", "TEST1.json\nTEST2.json\n")
    with pytest.raises(DataError, match="dialogue TEST2: the split's list names this dialogue"):
        list(MultiWOZ(release_log, version="2.1").dialogues("test"))


def test_without_lists_there_are_no_splits(release_log: Path) -> None:
    (release_log / "testListFile.txt").unlink()
    with pytest.raises(UserError, match="valListFile and testListFile"):
        MultiWOZ(release_log, version="2.1")


def test_the_release_that_was_asked_for_is_found(release_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = release_log.parent / "all"
    for version in ("2.1", "2.4"):
        folder = root / f"MultiWOZ_{version}"
        folder.mkdir(parents=True)
        for path in (path for path in release_log.iterdir() if path.is_file()):
            (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("TOD_BENCH_DATA", str(root))
    assert MultiWOZ(version="2.4").root.name == "MultiWOZ_2.4"
    assert MultiWOZ(version="2.1").root.name == "MultiWOZ_2.1"
    with pytest.raises(UserError, match=r"fetch multiwoz2\.3"):
        MultiWOZ(version="2.3")


@pytest.mark.parametrize(
    ("domain", "slot", "name"),
    [
        ("hotel", "bookday", "book day"),
        ("hotel", "Day", "book day"),
        ("train", "Day", "day"),
        ("train", "People", "book people"),
        ("booking", "Time", "book time"),
        ("train", "Time", "duration"),
        ("train", "Ticket", "price"),
        ("train", "price", "price"),
        ("hotel", "Price", "pricerange"),
        ("train", "leaveAt", "leaveat"),
        ("taxi", "Leave", "leaveat"),
        ("train", "Arrive", "arriveby"),
        ("train", "Dest", "destination"),
        ("taxi", "Depart", "departure"),
        ("taxi", "Car", "type"),
        ("train", "Id", "trainid"),
        ("attraction", "Fee", "entrancefee"),
        ("attraction", "entrance fee", "entrancefee"),
        ("restaurant", "Addr", "address"),
        ("restaurant", "Post", "postcode"),
        ("hotel", "Ref", "ref"),
        ("general", "none", ""),
    ],
)
def test_canonical_slots(domain: str, slot: str, name: str) -> None:
    assert canonical(domain, slot) == name
