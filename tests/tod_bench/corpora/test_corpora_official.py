"""What a corpus's files are signed as: official and whole, official in part, or not official."""

import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_corpora_others import UNIFIED, _star_release, _unified

from tod_bench.cli.data import command
from tod_bench.corpora import official, release, star
from tod_bench.corpora.multiwoz import MultiWOZ
from tod_bench.corpora.release import OfficialFile, Release
from tod_bench.corpora.sgd import SGD
from tod_bench.corpora.star import STAR
from tod_bench.corpora.unified import CamRest
from tod_bench.digests import digests
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.leaderboard.tracks import OpenTrack, Track
from tod_bench.records import Prediction
from tod_bench.reports.table import make_table
from tod_bench.scoring import score
from tod_bench.splits import signed_split, split_notes
from tod_bench.tasks import gold_prediction

Publish = Callable[[str, Mapping[str, Path]], None]


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Makes files the official ones of a release: path in the release -> file, as it is now."""
    known = dict(release.releases())

    def publish(name: str, files: Mapping[str, Path]) -> None:
        ids = digests(files.values(), "git")
        listed = tuple(OfficialFile(path, "https://x", git=ids[file]) for path, file in files.items())
        known[name] = Release(name, "https://x", "free", listed)

    for module in ("release", "official", "multiwoz", "sgd"):
        monkeypatch.setattr(f"tod_bench.corpora.{module}.release", known.__getitem__)
    return publish


def _files(root: Path) -> dict[str, Path]:
    return {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*.json"))}


def test_all_official_files_give_the_plain_name(release_sgd: Path, publish: Publish) -> None:
    publish("sgd", _files(release_sgd))
    corpus = SGD(release_sgd)
    assert (corpus.name, corpus.unofficial) == ("sgd-accumulated", ())
    assert (signed_split(corpus, "train"), split_notes(corpus, "train+test")) == ("train", ())


def test_a_split_that_lacks_official_files_is_marked_wherever_it_is_named(release_sgd: Path, publish: Publish) -> None:
    publish("sgd", _files(release_sgd))
    (release_sgd / "train" / "dialogues_002.json").unlink()
    corpus = SGD(release_sgd)
    assert corpus.name == "sgd-accumulated"
    assert signed_split(corpus, "train") == "train(1 of 2 files)"
    assert signed_split(corpus, "test[:1]+train[:1]") == "test[:1]+train[:1](train 1 of 2 files)"
    assert signed_split(corpus, "test") == "test"
    assert split_notes(corpus, "train{Media_1}") == (
        "sgd-accumulated train is incomplete: 1 of 2 files are there, and numbers of the whole split will differ",
    )
    held_out = SGD(release_sgd, hold_out=["Homes"])
    assert signed_split(held_out, "unseen-Homes") == "unseen-Homes(2 of 3 files)"


def test_the_mark_is_in_signature_and_notes_of_a_score(release_sgd: Path, publish: Publish) -> None:
    publish("sgd", _files(release_sgd))
    (release_sgd / "train" / "dialogues_002.json").unlink()
    corpus = SGD(release_sgd)
    dialogues = list(corpus.dialogues("train"))
    gold: list[Prediction] = [gold_prediction(one, turn) for one in dialogues for turn in one.turns]
    (whole, *_) = score(
        "dst", dialogues, gold, corpus_name=corpus.name, split=signed_split(corpus, "train"), schema=corpus.schema,
        metrics=["jga"], notes=split_notes(corpus, "train"), draws=0,
    )  # fmt: skip
    assert "|corpus:sgd-accumulated|split:train(1 of 2 files)|" in str(whole.signature)
    assert "is incomplete: 1 of 2 files" in whole.notes[0]


def test_the_commands_name_what_is_missing(release_sgd: Path, publish: Publish) -> None:
    publish("sgd", _files(release_sgd))
    (release_sgd / "train" / "dialogues_002.json").unlink()
    check = CliRunner().invoke(command, ["check", "sgd", "--option", f"path={release_sgd}"])
    assert check.output.splitlines()[1:3] == [
        "train:",
        "  incomplete: sgd-accumulated train is incomplete: 1 of 2 files are there, and numbers of the whole "
        "split will differ",
    ]
    stats = CliRunner().invoke(command, ["stats", "sgd", "--option", f"path={release_sgd}", "--format", "json"])
    assert [row["split"] for row in json.loads(stats.output)["rows"]][:2] == ["train(1 of 2 files)", "test"]


@pytest.mark.parametrize("change", ["other content", "other name", "schema"])
def test_anything_else_is_not_signed_like_the_corpus(release_sgd: Path, publish: Publish, change: str) -> None:
    publish("sgd", _files(release_sgd))
    file = release_sgd / "train" / ("schema.json" if change == "schema" else "dialogues_002.json")
    if change == "other name":
        shutil.copy(file, file.with_name("dialogues_003.json"))
    else:
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    corpus = SGD(release_sgd)
    assert corpus.name == "sgd-accumulated-unofficial"
    changed = "dialogues_003.json" if change == "other name" else file.name
    assert corpus.unofficial == (f"train/{changed}",)
    assert "train/" + changed in split_notes(corpus, "test")[0]
    assert {one.corpus for one in corpus.dialogues("test")} == {corpus.name}


def test_acts_schema_and_databases_are_part_of_release_22(release22: Path, write: Any, publish: Publish) -> None:
    write("db/hotel_db.json", [{"name": "blue door", "area": "centre"}])
    files = {f"data/MultiWOZ_2.2/{name}": path for name, path in _files(release22).items()}
    publish("multiwoz2.2", {**files, "db/hotel_db.json": release22.parent / "db/hotel_db.json"})
    assert MultiWOZ(release22).name == "multiwoz2.2"
    for path in (release22 / "dialog_acts.json", release22.parent / "db/hotel_db.json"):
        before = path.read_text(encoding="utf-8")
        path.write_text(before + " ", encoding="utf-8")
        assert MultiWOZ(release22).name == "multiwoz2.2-unofficial"
        path.write_text(before, encoding="utf-8")
    (release22 / "dialog_acts.json").unlink()
    assert MultiWOZ(release22).name == "multiwoz2.2"
    assert MultiWOZ(release22).missing_annotations("test")["acts"].startswith("there is no dialog_acts.json in ")


def test_another_release_in_the_layout_of_22_is_not_official(release22: Path, publish: Publish) -> None:
    publish("multiwoz2.2", {f"data/MultiWOZ_2.2/{name}": path for name, path in _files(release22).items()})
    assert MultiWOZ(release22, version="2.4").name == "multiwoz2.4-unofficial"


def _zipped(release_log: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (path for path in release_log.iterdir() if path.is_file()):
            archive.write(path, f"MULTIWOZ2.1/{path.name}")
    return target


def test_a_release_known_by_its_zip(release_log: Path, publish: Publish) -> None:
    archive = _zipped(release_log, release_log.parent / "MultiWOZ_2.1.zip")
    publish("multiwoz2.1", {"data/MultiWOZ_2.1.zip": archive})
    assert MultiWOZ(archive, version="2.1").name == "multiwoz2.1"
    assert MultiWOZ(release_log, version="2.1").name == "multiwoz2.1"
    changed = release_log / "testListFile.txt"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert MultiWOZ(release_log, version="2.1").unofficial == (changed.name,)
    archive.unlink()
    assert len(MultiWOZ(release_log, version="2.1").unofficial) == 3


def test_a_zip_without_a_known_checksum_is_official_as_it_was_fetched(
    release_log: Path, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = _zipped(release_log, release_log.parent / "MULTIWOZ2.4.zip")
    listed = (OfficialFile(archive.name, "https://x", unpack="MultiWOZ_2.4"),)
    unknown = replace(release.release("multiwoz2.4"), files=listed)
    monkeypatch.setattr(official, "release", lambda _name: unknown)
    assert MultiWOZ(archive, version="2.4").name == "multiwoz2.4-unofficial"
    record = {
        "corpus": "multiwoz2.4",
        "source": "official",
        "files": {archive.name: {"sha256": digests([archive])[archive]}},
    }
    (archive.parent / "FETCHED.json").write_text(json.dumps(record), encoding="utf-8")
    assert MultiWOZ(archive, version="2.4").name == "multiwoz2.4"
    (archive.parent / "FETCHED.json").write_text(json.dumps({**record, "source": "mine.zip"}), encoding="utf-8")
    assert MultiWOZ(archive, version="2.4").name == "multiwoz2.4-unofficial"


def test_convlab_archives_are_known_by_their_ids(tmp_path: Path) -> None:
    assert CamRest(_unified(tmp_path / "camrest", UNIFIED)).name == "camrest-unofficial"


def test_star_is_counted(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = STAR(_star_release(write, tmp_path))
    assert signed_split(corpus, "all") == "all(3 of 6652 files)"
    monkeypatch.setattr(star, "_OFFICIAL_FILES", 3)
    assert signed_split(corpus, "all") == "all"


@pytest.mark.realdata
def test_the_real_corpora(realdata: Path) -> None:
    assert realdata.is_dir()
    sgd = SGD()
    assert sgd.name == "sgd-accumulated"
    assert [signed_split(sgd, split) for split in sgd.splits] == [
        "train(117 of 127 files)", "dev", "test(31 of 34 files)",
    ]  # fmt: skip
    assert MultiWOZ().name == "multiwoz2.2-unofficial"
    assert MultiWOZ(version="2.1").name == "multiwoz2.1-unofficial"
    assert CamRest().name == "camrest"
    assert signed_split(STAR(), "all") == "all"


def test_a_track_of_the_leaderboard_is_marked(release_sgd: Path, publish: Publish) -> None:
    publish("sgd", _files(release_sgd))
    (release_sgd / "train" / "dialogues_002.json").unlink()
    track = OpenTrack("t", Track(title="T", corpus="sgd", split="train", metrics={"dst": ("jga",)}), SGD(release_sgd))
    assert (track.split, len(track.notes)) == ("train(1 of 2 files)", 1)


def test_results_and_tables_of_an_incomplete_split_say_so(release_sgd: Path, publish: Publish, tmp_path: Path) -> None:
    publish("sgd", _files(release_sgd))
    (release_sgd / "train" / "dialogues_002.json").unlink()
    corpus = {"corpus": "sgd", "options": {"path": str(release_sgd)}, "splits": {"dev": "test", "test": "train"}}
    config = EvalConfig.model_validate(
        {
            "name": "marked", "corpora": {"sgd": corpus}, "systems": {"oracle": {"system": "oracle"}},
            "tasks": {"dst": {"metrics": ["jga"]}, "corpus": {"metrics": ["dialogues"]}}, "bootstrap": {"draws": 0},
        }
    )  # fmt: skip
    results = run(build(config), Store(tmp_path / "store"))
    for result in results:
        assert all("|split:train(1 of 2 files)|" in str(one.signature) for one in result.scores)
        assert all("is incomplete: 1 of 2 files" in one.notes[0] for one in result.scores)
    notes = make_table(config, results).notes
    assert any(note.startswith("sgd: sgd-accumulated, split train(1 of 2 files), 2 dialogues") for note in notes)
    assert sum("is incomplete: 1 of 2 files" in note for note in notes) == 1
