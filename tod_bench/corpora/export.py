"""A corpus written as files that other tools read: Parquet, JSON Lines, or a folder of Hugging Face datasets."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.hub_datasets import description, to_datasets
from tod_bench.corpora.rows import Rows, to_rows
from tod_bench.errors import UserError
from tod_bench.files import full_disk_explained

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
    with _new_folder(folder) as draft:
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


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill, which gets its name when the block ends without an error."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already; name a new folder, or remove it")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror}; choose another folder") from None
    try:
        with full_disk_explained(draft):
            yield draft
        draft.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
