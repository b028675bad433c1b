"""How much of a release is there: by dialogues and by files, in what is printed, in JSON and in results."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_corpora_others import UNIFIED, _unified

from tod_bench.cli.data import command
from tod_bench.corpora import extent as extent_module
from tod_bench.corpora.base import corpus_names
from tod_bench.corpora.extent import Extent, ReleaseSize, extent, extents, release_sizes
from tod_bench.corpora.official import Completeness
from tod_bench.corpora.picpersona import PicPersona
from tod_bench.corpora.sgd import SGD
from tod_bench.corpora.unified import CamRest
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.reports.table import make_table
from tod_bench.simulated.corpus import Simulated


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> dict[str, ReleaseSize]:
    """The sizes of releases, to be changed."""
    known = dict(release_sizes())
    monkeypatch.setattr("tod_bench.corpora.sgd.release_sizes", lambda: known)
    return known


@pytest.mark.parametrize(
    ("there", "complete", "text"),
    [
        (Extent("c", "dev", 10, 10), True, "10 of 10 dialogues: complete"),
        (Extent("c", "dev", 9, 10), False, "9 of 10 dialogues"),
        (Extent("c", "dev", 1100, 1000), False, "1,100 of 1,000 dialogues"),
        (Extent("c", "dev", 9), None, "9 dialogues"),
        (Extent("c", "dev", 9, total=40), None, "9 dialogues; the release has 40 in all its splits"),
        (
            Extent("c", "dev", 10, 10, unofficial=("a.json",)),
            True,
            "10 of 10 dialogues: complete; unofficial",
        ),
        (
            Extent("c", "dev", 9, 10, files=Completeness(1, 6, ("2", "3", "4", "5", "6"))),
            False,
            "9 of 10 dialogues (1 of 6 files); not there: 2, 3, 4 and 2 more",
        ),
    ],
)
def test_a_split_is_complete_where_every_dialogue_is_there(there: Extent, complete: bool | None, text: str) -> None:
    assert (there.complete, str(there)) == (complete, text)
    assert there.as_json()["complete"] is complete


def test_the_splits_of_a_release_that_are_not_there_are_listed(
    release_sgd: Path, sizes: dict[str, ReleaseSize]
) -> None:
    sizes["sgd"] = ReleaseSize("counted", {"train": 3, "dev": 5, "test": 4})
    corpus = SGD(release_sgd)
    found = extents(corpus, {split: len(list(corpus.dialogues(split))) for split in corpus.splits})
    assert [(one.split, one.dialogues, one.official, one.complete) for one in found] == [
        ("train", 3, 3, True),
        ("test", 2, 4, False),
        ("dev", 0, 5, False),
    ]
    assert found[0].unofficial == corpus.unofficial != ()
    assert found[2].unofficial == ()


def test_nothing_is_said_of_a_size_that_is_not_known(release_sgd: Path, release_picpersona: Path) -> None:
    assert extent(SGD(release_sgd, hold_out=["Homes"]), "train", 1).complete is None
    assert extent(Simulated(), "train", 1) == Extent(Simulated().name, "train", 1)
    assert extents(Simulated(), {"train": 1}) == [extent(Simulated(), "train", 1)]
    assert extent(PicPersona(release_picpersona), "train", 2).total == 18148
    assert extent(PicPersona(release_picpersona, part="sgd"), "train", 2).total is None
    (release_picpersona / "manifest.json").write_text("{}", encoding="utf-8")
    assert extent(PicPersona(release_picpersona), "train", 2).total is None


def test_every_size_has_a_source_and_belongs_to_a_reader() -> None:
    for name, size in release_sizes().items():
        assert size.source, name
        assert bool(size.splits) != bool(size.total), name
    versions = {name for name in release_sizes() if not name.startswith(("multiwoz", "taskmaster", "star-all"))}
    assert versions <= {*corpus_names(), "abcd", "toad"}


def test_stats_say_what_is_complete_in_print_and_in_json(release_sgd: Path, sizes: dict[str, ReleaseSize]) -> None:
    sizes["sgd"] = ReleaseSize("counted", {"train": 3, "test": 4})
    where = ["stats", "sgd", "--option", f"path={release_sgd}"]
    printed = " ".join(CliRunner().invoke(command, where).output.split())
    assert "sgd-accumulated-unofficial train: 3 of 3 dialogues: complete; unofficial." in printed
    assert "sgd-accumulated-unofficial test: 2 of 4 dialogues; unofficial." in printed
    assert "sgd-accumulated-unofficial: not of the release, or not shown to be: test/dialogues_001.json," in printed
    listed = json.loads(CliRunner().invoke(command, [*where, "--json"]).output)["completeness"]
    assert [(one["split"], one["complete"], one["official_dialogues"]) for one in listed] == [
        ("train", True, 3),
        ("test", False, 4),
    ]
    assert listed[0]["unofficial_files"]


def test_stats_of_a_corpus_of_unknown_size_have_no_such_line() -> None:
    shown = CliRunner().invoke(command, ["stats", "simulated", "--option", "dialogues={test: 2, train: 2, dev: 1}"])
    assert "complete" not in shown.output
    assert shown.output.count("simulated") == 3


@pytest.mark.parametrize(("split", "noted"), [("dev", True), ("dev[:1]", False)])
def test_table1_says_it_of_each_split(tmp_path: Path, split: str, noted: bool) -> None:
    folder = _unified(tmp_path / "camrest", UNIFIED)
    raw: Mapping[str, object] = {
        "name": "counted",
        "corpora": {"camrest": {"corpus": "camrest", "options": {"path": str(folder)}, "splits": {"train": split}}},
        "tasks": {"corpus": {"metrics": ["dialogues"]}},
        "table": {"columns": [{"label": "dialogues", "task": "corpus", "metric": "dialogues"}]},
    }
    config = EvalConfig.model_validate(raw)
    (result,) = run(build(config), Store(tmp_path / "store"))
    record = result.provenance["corpus"]["completeness"]
    assert (record and record["official_dialogues"]) == (135 if noted else None)
    notes = " ".join(make_table(config, [result]).notes)
    assert ("camrest: dev: 1 of 135 dialogues" in notes) is noted


def test_the_shipped_sizes_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert extent_module.release_sizes()["multiwoz2.2"].splits == {"train": 8437, "dev": 1000, "test": 1000}
    assert CamRest(_unified(tmp_path / "camrest", UNIFIED)).release_size == release_sizes()["camrest"]


@pytest.mark.realdata
def test_the_sgd_at_hand_lacks_dialogues_and_files(realdata: Path) -> None:
    corpus = SGD(realdata / "sgd/dstc8-schema-guided-dialogue", cache=False)
    train, dev, test = extents(corpus, {"train": 14862, "dev": 2482, "test": 3817})
    assert (train.complete, dev.complete, test.complete) == (False, True, False)
    assert (train.official, test.official) == (16142, 4201)
    assert str(test).endswith("not there: test/dialogues_022.json, test/dialogues_026.json, test/dialogues_029.json")
    assert len(train.as_json()["missing_files"]) == 10
