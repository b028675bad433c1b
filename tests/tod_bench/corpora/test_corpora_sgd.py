"""SGD: views, held-out domains, bad records."""

from pathlib import Path
from typing import Any

import pytest
from corpora_releases import sgd_dialogue

from tod_bench.corpora.sgd import SGD
from tod_bench.errors import DataError, UserError
from tod_bench.records import Act, Span


def test_a_dialogue(release_sgd: Path) -> None:
    corpus = SGD(release_sgd)
    first, _ = next(corpus.dialogues("train")).turns
    assert corpus.splits == ("train", "test")
    assert first.state == {"Media_1": {"city": ("Oak", "Oak City")}}
    assert first.user_acts == (Act("Media_1", "inform", "city", "Oak"),)
    assert first.acts == (
        Act("Media_1", "offer", "city", "Oak"),
        Act("Media_1", "offer", "city", "Elm"),
        Act("Media_1", "request", "size"),
    )
    assert first.spans == (Span("user", "Media_1", "city", "Oak", 13, 16),)
    assert (first.services, first.db_matches) == (("Media_1",), {"Media_1": 3})


@pytest.mark.parametrize(
    ("view", "second"),
    [
        ("frame", {"Media_1": {"city": ("Oak",)}}),
        ("accumulated", {"Homes_1": {"city": ("Oak", "Oak City")}, "Media_1": {"city": ("Oak",)}}),
    ],
)
def test_a_services_state_lasts_only_in_the_accumulated_view(release_sgd: Path, view: Any, second: Any) -> None:
    corpus = SGD(release_sgd, view)
    two_services = list(corpus.dialogues("train"))[2]
    assert corpus.name == f"sgd-{view}"
    assert two_services.turns[1].state == second
    assert two_services.turns[1].services == ("Media_1",)
    assert two_services.turns[1].db_matches == {}


def test_files_come_in_order_and_so_do_their_dialogues(release_sgd: Path) -> None:
    assert [dialogue.id for dialogue in SGD(release_sgd).dialogues("train")] == ["1_00000", "1_00001", "2_00000"]


def test_seen_services_are_those_of_the_train_schema(release_sgd: Path) -> None:
    corpus = SGD(release_sgd)
    assert corpus.seen_services == {"Homes_1", "Media_1"}
    assert list(corpus.schema) == ["Homes_1", "Media_1", "Homes_2"]
    assert list(corpus.schema_of("test")) == ["Homes_2", "Media_1"]
    assert SGD(release_sgd, hold_out=["Homes"]).seen_services == {"Media_1"}


def test_held_out_domains_make_splits_of_their_own(release_sgd: Path) -> None:
    corpus = SGD(release_sgd, hold_out=["Homes"])
    ids = {split: [dialogue.id for dialogue in corpus.dialogues(split)] for split in corpus.splits}
    assert ids == {
        "train": ["1_00000"],
        "test": ["1_00001"],
        "unseen": ["1_00001_train", "2_00000_train", "1_00000_test"],
        "unseen-Homes": ["1_00001_train", "1_00000_test"],
    }
    assert {dialogue.split for dialogue in corpus.dialogues("unseen-Homes")} == {"unseen-Homes"}
    assert corpus.name == "sgd-accumulated-without-Homes"
    assert corpus.fingerprint != SGD(release_sgd).fingerprint


def test_options_that_do_not_exist(release_sgd: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no domain 'Home'; did you mean 'Homes'"):
        SGD(release_sgd, hold_out=["Home"])
    with pytest.raises(UserError, match="SGD has no view 'frames'; choose from"):
        SGD(release_sgd, "frames")  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"no .*dialogues_NNN\.json"):
        SGD(tmp_path / "cache")


BAD: list[tuple[Any, str]] = [
    (
        lambda d: d["turns"][2]["frames"][0]["state"]["slot_values"].update(colour=["red"]),
        "dialogue 1_00000, turn 1: the state has a value for slot 'colour' of Homes_2",
    ),
    (lambda d: d["turns"][2]["frames"][0].pop("state"), "dialogue 1_00000, turn 1: the key 'state' is missing"),
    (lambda d: d["turns"][1]["frames"][0]["actions"][0].pop("values"), "turn 0: the key 'values' is missing"),
    (lambda d: d["turns"].reverse(), "turn 0: USER should speak, but 'SYSTEM' does"),
    (lambda d: d["turns"][1].update(utterance=None), "turn 0: an utterance is None"),
    (lambda d: d.pop("services"), "dialogue 1_00000: the key 'services' is missing"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_records(release_sgd: Path, write: Any, change: Any, message: str) -> None:
    bad = sgd_dialogue("1_00000", "Homes_2")
    change(bad)
    write("sgd/test/dialogues_001.json", [bad, sgd_dialogue("1_00001", "Media_1")])
    with pytest.raises(DataError, match=message):
        list(SGD(release_sgd).dialogues("test"))
    lenient = SGD(release_sgd, skip_invalid=True)
    assert [dialogue.id for dialogue in lenient.dialogues("test")] == ["1_00001"]
    assert [error.dialogue for error in lenient.skipped] == ["1_00000"]


def test_a_broken_file_leaves_the_next_ones_readable(release_sgd: Path) -> None:
    path = release_sgd / "train" / "dialogues_001.json"
    path.write_text(path.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    lenient = SGD(release_sgd, skip_invalid=True)
    assert [dialogue.id for dialogue in lenient.dialogues("train")] == ["1_00000", "2_00000"]
    assert "breaks off after 1 records" in str(lenient.skipped[0])


def test_a_missing_schema_is_named(release_sgd: Path) -> None:
    (release_sgd / "test" / "schema.json").unlink()
    with pytest.raises(DataError, match=r"test/schema\.json: the file is missing"):
        list(SGD(release_sgd, skip_invalid=True).dialogues("test"))
