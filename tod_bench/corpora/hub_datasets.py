"""A corpus as Hugging Face datasets, and back: rows for whoever trains with `datasets`, nothing lost on the way.

corpus ──to_datasets──▶ DatasetDict ──save, load, push──▶ DatasetDict ──from_datasets──▶ corpus
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.rows import Rows, columns, from_rows, to_rows
from tod_bench.errors import UserError, extra_needed
from tod_bench.files import digest_of
from tod_bench.images import Images
from tod_bench.records import Dialogue, Schema, SlotSpec

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

_CHUNK = 256
"""Dialogues that are rows of Python objects at a time; the rest of a split is in Arrow's compact form."""


def to_datasets(corpus: Corpus, rows: Rows = "dialogues", splits: Sequence[str] | None = None) -> "DatasetDict":
    """A corpus as a `datasets.DatasetDict`; see `Corpus.to_datasets`, which calls this."""
    datasets = import_datasets()
    made = {split: _dataset(corpus, split, rows) for split in splits or corpus.splits}
    return datasets.DatasetDict({split: dataset for split, dataset in made.items() if len(dataset)})


def from_datasets(
    datasets: "DatasetDict", schema: Schema | None = None, images: Images | None = None
) -> "DatasetCorpus":
    """The corpus of datasets that `to_datasets` made, wherever they have been meanwhile.

    Args:
        datasets: The datasets by split.
        schema: The corpus's schema; None takes it from the datasets' description (Parquet files and the hub do not
            keep one).
        images: The pictures of its users, `Corpus.images` of the corpus that the datasets were made from, say, or
            `tod_bench.images.FolderImages`; rows have their names alone.

    Raises:
        UserError: The datasets have other columns, or no schema was found.
    """
    expected = {rows: columns(rows, lambda kind: kind).keys() for rows in ("dialogues", "turns")}
    for split, dataset in datasets.items():
        if not any(names <= set(dataset.column_names) for names in expected.values()):
            missing = sorted(expected["dialogues"] - set(dataset.column_names))
            raise UserError(
                f"the dataset of split {split!r} was not made by to_datasets: it has no column {', '.join(missing)}; "
                "open a dataset of the hub with the corpus `huggingface`"
            )
    described: Mapping[str, Any] = {}
    with suppress(StopIteration, ValueError):  # a description that somebody else wrote is no JSON
        parsed = json.loads(next(iter(datasets.values())).info.description)
        described = parsed if isinstance(parsed, dict) else {}
    if schema is None:
        if "schema" not in described:
            raise UserError(
                "the datasets do not say their schema (only save_to_disk keeps it); give from_datasets a schema"
            )
        schema = {
            domain: {slot: SlotSpec(**{**spec, "values": tuple(spec["values"])}) for slot, spec in slots.items()}
            for domain, slots in described["schema"].items()
        }
    return DatasetCorpus(datasets, str(described.get("corpus", "datasets")), schema, images)


class DatasetCorpus(Corpus):
    """A corpus whose dialogues are rows of datasets; see `from_datasets`.

    Args:
        datasets: The datasets by split.
        name: Name and version of the corpus.
        schema: What can be tracked.
        images: The pictures of its users; None for none.
    """

    def __init__(self, datasets: "DatasetDict", name: str, schema: Schema, images: Images | None = None) -> None:
        self._datasets, self.name, self._schema, self._images = datasets, name, schema, images

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits of the datasets."""
        return tuple(self._datasets)

    @property
    def schema(self) -> Schema:
        """Every domain (or service) and slot that can be tracked."""
        return self._schema

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of every row and the schema."""
        rows = {split: [digest_of(row) for row in self._datasets[split]] for split in self.splits}
        return digest_of([self.name, _schema_json(self._schema), rows])

    @property
    def images(self) -> Images | None:
        """The pictures of its users; None where none were given."""
        return self._images

    def dialogues(self, split: str) -> Iterator[Dialogue]:
        """Streams the dialogues of a split.

        Raises:
            UserError: There is no such split.
        """
        if split not in self._datasets:
            raise UserError(f"{self.name} has no split {split!r}; it has {', '.join(self.splits)}")
        return from_rows(self._datasets[split])


def features(rows: Rows) -> Any:
    """The `datasets.Features` of rows."""
    datasets = import_datasets()
    names = {str: "string", int: "int64", float: "float64", bool: "bool"}
    return datasets.Features(columns(rows, lambda kind: datasets.Value(names[kind])))


def description(corpus: Corpus) -> dict[str, Any]:
    """What the rows of a corpus cannot hold, as JSON values: its name, fingerprint and schema."""
    return {"corpus": corpus.name, "fingerprint": corpus.fingerprint, "schema": _schema_json(corpus.schema)}


def _dataset(corpus: Corpus, split: str, rows: Rows) -> "Dataset":
    import pyarrow as pa

    datasets, schema = import_datasets(), features(rows)
    dialogues, chunks = corpus.dialogues(split), []
    while chunk := list(islice(dialogues, _CHUNK)):
        flat = [row for dialogue in chunk for row in to_rows(dialogue, rows)]
        chunks.append(pa.Table.from_pylist(flat, schema=schema.arrow_schema))
    table = pa.concat_tables(chunks) if chunks else schema.arrow_schema.empty_table()
    info = datasets.DatasetInfo(features=schema, description=json.dumps(description(corpus), ensure_ascii=False))
    return datasets.Dataset(table, info=info, split=datasets.NamedSplit(split))


def _schema_json(schema: Schema) -> Mapping[str, Any]:
    return {domain: {slot: asdict(spec) for slot, spec in slots.items()} for domain, slots in schema.items()}


def import_datasets() -> Any:
    """The package `datasets`.

    Raises:
        MissingExtraError: It is not installed.
    """
    with extra_needed("train", "a corpus as Hugging Face datasets"):
        import datasets
    return datasets
