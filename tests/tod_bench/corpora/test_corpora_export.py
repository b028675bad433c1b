"""Exported corpora: whole or not at all, and read back the same."""

import json
from pathlib import Path

import pytest

from tod_bench.corpora.export import ABOUT, export
from tod_bench.corpora.rows import from_rows
from tod_bench.errors import UserError
from tod_bench.simulated.corpus import Simulated

CORPUS = Simulated({"train": 2, "dev": 1, "test": 3})


@pytest.mark.parametrize("rows", ["dialogues", "turns"])
def test_lines_read_back_are_the_same_dialogues(rows: str, tmp_path: Path) -> None:
    counts = export(CORPUS, tmp_path / "out", "jsonl", rows=rows)  # type: ignore[arg-type]
    read = (json.loads(line) for line in (tmp_path / "out" / "test.jsonl").read_text(encoding="utf-8").splitlines())
    assert list(from_rows(read)) == list(CORPUS.dialogues("test"))
    turns = sum(len(dialogue.turns) for dialogue in CORPUS.dialogues("test"))
    assert counts["test"] == (3 if rows == "dialogues" else turns)
    assert json.loads((tmp_path / "out" / ABOUT).read_text(encoding="utf-8"))["corpus"] == CORPUS.name


@pytest.mark.parametrize("form", ["parquet", "datasets"])
def test_other_formats_read_back_are_the_same_dialogues(form: str, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    export(CORPUS, tmp_path / "out", form, splits=["test"])  # type: ignore[arg-type]
    if form == "datasets":
        rows = datasets.load_from_disk(str(tmp_path / "out"))["test"]
    else:
        rows = datasets.Dataset.from_parquet(str(tmp_path / "out" / "test.parquet"), cache_dir=str(tmp_path / "cache"))
    assert list(from_rows(rows)) == list(CORPUS.dialogues("test"))


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(UserError, match="is there already"):
        export(CORPUS, tmp_path, "jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_nothing_is_left_of_an_export_that_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no split 'tset'"):
        export(CORPUS, tmp_path / "out", "jsonl", splits=["train", "tset"])
    assert list(tmp_path.iterdir()) == []
