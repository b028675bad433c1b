"""Corpora as Hugging Face datasets: saved, loaded and read back they are the same dialogues."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from test_corpora_cache import DIALOGUES

from tod_bench.corpora.hub_datasets import features, from_datasets
from tod_bench.corpora.multiwoz_names import schema
from tod_bench.corpora.rows import Rows, from_rows, to_rows
from tod_bench.corpora.sgd import SGD
from tod_bench.errors import UserError
from tod_bench.records import Dialogue
from tod_bench.simulated.corpus import Simulated

datasets = pytest.importorskip("datasets")


@given(DIALOGUES)
def test_a_dialogue_read_back_from_its_row_is_the_same(dialogue: Dialogue) -> None:
    assert list(from_rows(to_rows(dialogue))) == [dialogue]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DIALOGUES.filter(lambda dialogue: dialogue.turns))
def test_a_dialogue_read_back_from_rows_of_its_turns_is_the_same(dialogue: Dialogue) -> None:
    assert list(from_rows(to_rows(dialogue, "turns"))) == [dialogue]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DIALOGUES)
def test_arrow_keeps_every_field(dialogue: Dialogue) -> None:
    import pyarrow as pa

    table = pa.Table.from_pylist(list(to_rows(dialogue)), schema=features("dialogues").arrow_schema)
    assert list(from_rows(datasets.Dataset(table))) == [dialogue]


@pytest.mark.parametrize("rows", ["dialogues", "turns"])
def test_a_corpus_saved_and_loaded_is_the_same_corpus(rows: Rows, tmp_path: Path) -> None:
    corpus = Simulated({"train": 3, "dev": 0, "test": 5}, style="personalised")
    corpus.to_datasets(rows).save_to_disk(str(tmp_path / "saved"))
    back = from_datasets(datasets.load_from_disk(str(tmp_path / "saved")))
    assert (back.name, back.splits, back.schema) == (corpus.name, ("train", "test"), corpus.schema)
    for split in back.splits:
        assert list(back.dialogues(split)) == list(corpus.dialogues(split))


def test_slots_that_do_not_count_still_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Simulated, "schema", schema())
    Simulated({"test": 1}).to_datasets(splits=["test"]).save_to_disk(str(tmp_path / "saved"))
    back = from_datasets(datasets.load_from_disk(str(tmp_path / "saved")))
    assert back.schema == schema()
    assert not any(spec.scored for spec in back.schema["hospital"].values())


def test_a_row_is_what_a_reader_expects(release_sgd: Path) -> None:
    corpus = SGD(release_sgd)
    turn = corpus.to_datasets("turns", ["test"])["test"][0]
    assert turn["dialogue_id"] == "1_00000"
    assert turn["index"] == 0
    assert turn["state"][0].keys() == {"domain", "slots"}
    assert turn["state"][0]["slots"][0].keys() == {"slot", "values"}


def test_parquet_files_need_the_schema(tmp_path: Path) -> None:
    corpus = Simulated({"test": 2})
    path = tmp_path / "test.parquet"
    corpus.to_datasets(splits=["test"])["test"].to_parquet(str(path))
    loaded = datasets.DatasetDict({"test": datasets.Dataset.from_parquet(str(path), cache_dir=str(tmp_path / "cache"))})
    with pytest.raises(UserError, match="do not say their schema"):
        from_datasets(loaded)
    back = from_datasets(loaded, corpus.schema)
    assert list(back.dialogues("test")) == list(corpus.dialogues("test"))


def test_other_datasets_are_refused_in_one_sentence() -> None:
    other = datasets.DatasetDict({"test": datasets.Dataset.from_dict({"text": ["hello"]})})
    with pytest.raises(UserError, match=r"was not made by to_datasets: it has no column .*; open a dataset of the hub"):
        from_datasets(other)
