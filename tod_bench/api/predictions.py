"""Prediction files, ours and other tools', from Python."""

from collections.abc import Iterable
from pathlib import Path

from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.errors import DataError
from tod_bench.importers import AUTO, Imported
from tod_bench.importers import import_predictions as read_foreign
from tod_bench.predictions import read_predictions as read_file
from tod_bench.predictions import write_predictions as write_file
from tod_bench.records import Prediction

SHOWN = 20
"""Mismatches that a message names; the rest are counted."""


def import_predictions(
    file: str | Path,
    corpus: str | Corpus | None = None,
    *,
    format: str = AUTO,
    split: str = "test",
    partial: bool = False,
    updates: bool = False,
) -> Imported:
    """Reads another tool's prediction file; `write_predictions` writes what comes of it.

    Args:
        file: The file (for ``sgd`` the folder).
        corpus: The corpus that was answered, opened or by its name, to match ids and turns with; None checks nothing.
        format: The file's format (see `tod_bench.importers.FORMATS`), or ``auto``.
        split: The split that was answered, such as ``test`` or ``dev[:200]``.
        partial: Whether dialogues and turns may be missing.
        updates: Whether states are what each turn changes, to be added up into whole states.

    Returns:
        The predictions, and notices of what is worth knowing.

    Raises:
        DataError: Something does not fit the corpus; the first of it is named.
        UserError: There is no such file, format, corpus or split.
    """
    opened = open_corpus(corpus) if isinstance(corpus, str) else corpus
    imported = read_foreign(Path(file), opened, format=format, split=split, partial=partial, updates=updates)
    if imported.mismatches:
        more = len(imported.mismatches) - SHOWN
        named = "; ".join(imported.mismatches[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise DataError(f"{file} was not imported: {named}")
    return imported


def read_predictions(file: str | Path) -> list[Prediction]:
    """Reads a prediction file, gzipped or not.

    Raises:
        UserError: There is no such file.
        DataError: A line is unusable.
    """
    return list(read_file(Path(file)))


def write_predictions(file: str | Path, predictions: Iterable[Prediction]) -> None:
    """Writes a prediction file, one line a turn; gzipped where its name ends in ``.gz``.

    Raises:
        UserError: The file cannot be written.
    """
    write_file(Path(file), predictions)
