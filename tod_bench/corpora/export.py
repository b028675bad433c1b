"""A corpus written as files that other tools read: Parquet, JSON Lines, or a folder of Hugging Face datasets."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.hub_datasets import description, to_datasets
from tod_bench.corpora.rows import Rows, to_rows
from tod_bench.files import replaced_folder

Format: TypeAlias = Literal["parquet", "jsonl", "datasets"]

ABOUT = "corpus.json"
"""File beside Parquet and JSON Lines with what rows cannot hold: the corpus's name, fingerprint and schema."""


def export(
    corpus: Corpus, folder: Path, form: Format, *, rows: Rows = "dialogues", splits: Sequence[str] | None = None
) -> dict[str, int]:
    """Writes the splits of a corpus; either all of the folder is there afterwards, or nothing.

    Args:
        corpus: The corpus.
        folder: A folder that does not exist yet, or is empty.
        form: ``parquet`` and ``jsonl`` write a file a split, ``datasets`` what `datasets.load_from_disk` opens.
        rows: What a row is, a dialogue or a turn.
        splits: The splits; None for all.

    Returns:
        Split -> number of rows.

    Raises:
        UserError: The folder has something in it, cannot be written, or a package is missing.
        DataError: A record is unusable.
    """
    with replaced_folder(folder) as draft:
        if form == "jsonl":
            counts = {split: _write_lines(corpus, split, draft, rows) for split in splits or corpus.splits}
        else:
            made = to_datasets(corpus, rows, splits)
            counts = {split: len(dataset) for split, dataset in made.items()}
            if form == "datasets":
                made.save_to_disk(str(draft))
                return counts
            for split, dataset in made.items():
                dataset.to_parquet(str(draft / f"{split}.parquet"))
        about = json.dumps(description(corpus), ensure_ascii=False, indent=2)
        (draft / ABOUT).write_text(about + "\n", encoding="utf-8")
        return counts


def _write_lines(corpus: Corpus, split: str, folder: Path, rows: Rows) -> int:
    count = 0
    with (folder / f"{split}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for dialogue in corpus.dialogues(split):
            for row in to_rows(dialogue, rows):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
    return count
