"""MultiWOZ in the 2.2 layout."""

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
from corpora_releases import ACTS22, DIALOGUE22

from tod_bench.corpora.base import open_corpus
from tod_bench.corpora.multiwoz import MultiWOZ
from tod_bench.errors import DataError, UserError
from tod_bench.records import Act, Dialogue, DomainGoal, Span


def _only(corpus: MultiWOZ) -> Dialogue:
    (dialogue,) = corpus.dialogues("test")
    return dialogue


def test_a_dialogue(release22: Path) -> None:
    corpus = MultiWOZ(release22)
    dialogue = _only(corpus)
    assert (corpus.splits, dialogue.id, dialogue.split, dialogue.services) == (
        ("test",),
        "TOY1",
        "test",
        ("hotel", "taxi"),
    )
    first, second = dialogue.turns
    assert (first.index, second.index) == (0, 1)
    assert first.state == {"hotel": {"area": ("centre", "center"), "pricerange": ("cheap",), "book day": ("friday",)}}
    assert second.state["taxi"] == {"departure": ("blue door",), "leaveat": ("17:00", "5")}
    assert (first.services, second.services) == (("hotel",), ("taxi",))
    assert (second.user, second.system) == ("Then a taxi from there at 5.", "")


def test_acts_of_the_file_and_requests_of_the_state(release22: Path) -> None:
    first = _only(MultiWOZ(release22)).turns[0]
    assert first.acts == (
        Act("hotel", "recommend", "name", "The Blue Door"),
        Act("booking", "inform", "book day", "friday"),
        Act("general", "reqmore"),
    )
    assert first.user_acts == (
        Act("hotel", "inform", "area", "centre"),
        Act("hotel", "inform", "type", "guesthouse"),
        Act("hotel", "request", "phone"),
    )


def test_spans_of_frames_and_acts_each_once_and_none_for_copies(release22: Path) -> None:
    first, second = _only(MultiWOZ(release22)).turns
    assert first.spans == (
        Span("user", "hotel", "area", "centre", 26, 32),
        Span("system", "hotel", "name", "The Blue Door", 0, 13),
        Span("system", "booking", "book day", "friday", 25, 31),
    )
    assert second.spans == (Span("user", "taxi", "leaveat", "5", 26, 27),)


def test_the_schema_has_the_slots_that_are_tracked(release22: Path) -> None:
    schema = MultiWOZ(release22).schema
    assert list(schema["hotel"]) == ["area", "pricerange", "book day", "name"]
    assert schema["hotel"]["area"].values == ("centre", "north")
    assert schema["hotel"]["area"].categorical


def test_without_a_file_of_acts_there_are_only_requests(release22: Path) -> None:
    (release22 / "dialog_acts.json").unlink()
    first = _only(MultiWOZ(release22)).turns[0]
    assert (first.acts, first.user_acts) == ((), (Act("hotel", "request", "phone"),))


def test_goals_and_databases_beside_the_release_are_used(release22: Path, release_log: Path, write: Any) -> None:
    log = {"TOY1.json": {"goal": {"hotel": {"info": {"area": "centre"}, "reqt": ["phone"]}}, "log": []}}
    write("goals/data.json", log)
    write(
        "db/hotel_db.json",
        [{"name": "blue door", "area": "centre", "pricerange": "cheap"}, {"name": "x", "area": "north"}],
    )
    corpus = MultiWOZ(release22, goals=release22.parent / "goals")
    dialogue = _only(corpus)
    assert dialogue.goal == {"hotel": DomainGoal({"area": "centre"}, ("phone",))}
    assert dialogue.turns[0].db_matches == {"hotel": 1}
    assert corpus.database is not None
    without = MultiWOZ(release22)
    assert without.fingerprint != corpus.fingerprint
    assert _only(without).goal == {}


def test_files_that_are_not_official_show_in_the_name(release22: Path, write: Any) -> None:
    assert MultiWOZ(release22).name == "multiwoz2.2-unofficial"
    # A file that the release does not have is no more official than one with another content.
    (release22 / "test" / "dialogues_001.json").rename(release22 / "test" / "dialogues_099.json")
    assert MultiWOZ(release22).name == "multiwoz2.2-unofficial"


def _changed(change: Any) -> dict[str, Any]:
    dialogue = copy.deepcopy(DIALOGUE22)
    change(dialogue)
    return dialogue


BAD: list[tuple[str, Any, str]] = [
    ("no turns key", lambda d: d.pop("turns"), "dialogue TOY1: the key 'turns' is missing"),
    (
        "no state",
        lambda d: d["turns"][2]["frames"][0].pop("state"),
        "dialogue TOY1, turn 1: the key 'state' is missing",
    ),
    (
        "unknown slot",
        lambda d: d["turns"][0]["frames"][0]["state"]["slot_values"].update({"hotel-view": ["sea"]}),
        "dialogue TOY1, turn 0: the state has a value for 'hotel-view'",
    ),
    (
        "values are a text",
        lambda d: d["turns"][0]["frames"][0]["state"]["slot_values"].update({"hotel-area": "east"}),
        "turn 0: the values of hotel-area are not a list of texts but 'east'",
    ),
    ("two users", lambda d: d["turns"][1].update(speaker="USER"), "turn 0: SYSTEM should speak, but 'USER' does"),
    ("no list", lambda d: d.update(turns=3), "dialogue TOY1: the record is not laid out as expected"),
    ("number as text", lambda d: d["turns"][0].update(utterance=5), "dialogue TOY1, turn 0: an utterance is 5"),
]


@pytest.mark.parametrize(("change", "message"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_bad_record_is_told_in_one_sentence_or_left_out_and_listed(
    release22: Path, write: Any, change: Any, message: str
) -> None:
    good = _changed(lambda d: d.update(dialogue_id="GOOD.json"))
    write("mw22/test/dialogues_001.json", [_changed(change), good])
    (release22 / "dialog_acts.json").unlink()
    with pytest.raises(DataError) as raised:
        list(MultiWOZ(release22).dialogues("test"))
    assert message in str(raised.value)
    assert "dialogues_001.json" in str(raised.value)
    assert "\n" not in str(raised.value)
    lenient = MultiWOZ(release22, skip_invalid=True)
    for _ in range(2):
        assert [dialogue.id for dialogue in lenient.dialogues("test")] == ["GOOD"]
        assert [message in str(error) for error in lenient.skipped] == [True]


@pytest.mark.parametrize("turn", ["3", "-1", "two"])
def test_an_act_that_refers_to_no_turn(release22: Path, write: Any, turn: str) -> None:
    write("mw22/dialog_acts.json", {"TOY1.json": {**ACTS22["TOY1.json"], turn: {"dialog_act": {}}}})
    with pytest.raises(DataError, match=f"dialogue TOY1: dialog_acts.json has acts for turn '{turn}'"):
        list(MultiWOZ(release22).dialogues("test"))


def test_a_dialogue_without_acts_is_warned_of(release22: Path, write: Any) -> None:
    write("mw22/dialog_acts.json", {})
    corpus = MultiWOZ(release22)
    assert _only(corpus).turns[0].acts == ()
    assert [error.dialogue for error in corpus.warnings] == ["TOY1"]


def test_a_file_that_breaks_off(release22: Path) -> None:
    path = release22 / "test" / "dialogues_001.json"
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    with pytest.raises(DataError, match=r"dialogues_001\.json: the file breaks off after 0 records"):
        list(MultiWOZ(release22).dialogues("test"))
    lenient = MultiWOZ(release22, skip_invalid=True)
    assert list(lenient.dialogues("test")) == []
    assert len(lenient.skipped) == 1


def test_what_is_not_there(release22: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOD_BENCH_DATA", raising=False)
    with pytest.raises(UserError, match=r"has no split 'dev' here; it has test"):
        MultiWOZ(release22).dialogues("dev")
    with pytest.raises(UserError, match=r"MultiWOZ has no version '2.5'; choose from 2.0, 2.1"):
        MultiWOZ(release22, version="2.5")  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"neither .*dialogues_NNN\.json"):
        MultiWOZ(tmp_path)
    with pytest.raises(UserError, match=r"TOD_BENCH_DATA is unset.*tod-bench data fetch multiwoz2\.2"):
        MultiWOZ()
    monkeypatch.setenv("TOD_BENCH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="not a folder"):
        MultiWOZ()
    monkeypatch.setenv("TOD_BENCH_DATA", str(tmp_path))
    assert MultiWOZ().root == release22


def test_of_two_copies_the_whole_one_is_found(release22: Path, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a_sample/data/MultiWOZ_2.2/test/dialogues_001.json", [])
    write("a_sample/data/MultiWOZ_2.2/schema.json", [])
    monkeypatch.setenv("TOD_BENCH_DATA", str(release22.parent))
    assert MultiWOZ().root == release22


def _copy(folder: Path, place: Path, name: str, split: str) -> Path:
    """A release with the dialogue under another id and in another split."""
    shutil.copytree(folder, place)
    for path in place.rglob("*.json"):
        path.write_text(path.read_text(encoding="utf-8").replace("TOY1", name), encoding="utf-8")
    (place / "test").rename(place / split)
    return place


def test_several_folders_are_one_corpus(release22: Path, tmp_path: Path) -> None:
    trained, more = (_copy(release22, tmp_path / name, name, split) for name, split in (("A", "train"), ("B", "test")))
    corpus = MultiWOZ([release22, trained, more])
    assert corpus.splits == ("train", "test")
    assert [dialogue.id for dialogue in corpus.dialogues("test")] == ["TOY1", "B"]
    assert [(dialogue.id, dialogue.split) for dialogue in corpus.dialogues("train")] == [("A", "train")]
    assert {dialogue.corpus for split in corpus.splits for dialogue in corpus.dialogues(split)} == {corpus.name}
    assert corpus.name == "multiwoz2.2-unofficial"
    assert corpus.unofficial[0] == "3 folders read as one"
    assert corpus.schema == MultiWOZ(release22).schema
    assert corpus.fingerprint != MultiWOZ(release22).fingerprint
    assert next(corpus.dialogues("test")).turns == _only(MultiWOZ(release22)).turns
    assert MultiWOZ([release22]).fingerprint == MultiWOZ(release22).fingerprint


def test_a_dialogue_of_two_folders_is_refused_or_listed(release22: Path, tmp_path: Path) -> None:
    same = _copy(release22, tmp_path / "same", "TOY1", "test")
    with pytest.raises(DataError, match="already; leave one out"):
        list(MultiWOZ([release22, same]).dialogues("test"))
    lenient = MultiWOZ([release22, same], skip_invalid=True)
    assert [dialogue.id for dialogue in lenient.dialogues("test")] == ["TOY1"]
    assert [error.dialogue for error in lenient.skipped] == ["TOY1"]


def test_folders_are_named_in_a_config(release22: Path, tmp_path: Path) -> None:
    other = _copy(release22, tmp_path / "other", "A", "train")
    corpus = open_corpus("multiwoz", path=[str(release22), str(other)])
    assert corpus.splits == ("train", "test")
    with pytest.raises(UserError, match="no folder"):
        MultiWOZ([])
