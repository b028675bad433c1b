"""Prediction files of other tools turned into ours: ``tod-bench import FORMAT FILE``.

    file ──a reader per format──▶ drafts, in the tool's spelling ──matching──▶ predictions, in the corpus's spelling

A reader says what it cannot use; matching says what does not fit the corpus. Each is one sentence with its place, all
of them are reported at once, and a file with any is not imported.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial as partial_of
from pathlib import Path

from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError, did_you_mean
from tod_bench.importers.convlab3 import read_convlab3
from tod_bench.importers.matching import Imported, Problems, match
from tod_bench.importers.mwzeval import read_mwzeval
from tod_bench.importers.pptod import read_pptod
from tod_bench.importers.recognise import recognised_format
from tod_bench.importers.sgd import read_sgd
from tod_bench.importers.simpletod import read_simpletod
from tod_bench.importers.slots import read_slots
from tod_bench.importers.trade import read_trade
from tod_bench.records import Dialogue, Prediction
from tod_bench.splits import read_all, read_split, whole_split
from tod_bench.updates import accumulated

Reader = Callable[[Path, Problems], Iterator[Prediction]]

FORMATS: Mapping[str, Reader] = {
    "convlab3": read_convlab3,
    "mwzeval": read_mwzeval,
    "pptod": read_pptod,
    "sgd": read_sgd,
    "simpletod": read_simpletod,
    "slots": read_slots,
    "trade": read_trade,
}
"""Format -> its reader."""

AUTO = "auto"
"""The format that is recognised from the file."""

__all__ = ["AUTO", "FORMATS", "Imported", "import_predictions", "recognised_format"]


def import_predictions(
    path: Path,
    corpus: Corpus | Sequence[Dialogue] | None = None,
    *,
    format: str = AUTO,
    split: str = "test",
    partial: bool = False,
    updates: bool = False,
) -> Imported:
    """Reads a prediction file of another tool.

    Args:
        path: The file (for ``sgd`` the folder).
        corpus: The corpus that was answered, or its dialogues, to match ids and turns with; None takes ids in capitals,
            as MultiWOZ's are, and checks nothing.
        format: The file's format, one of `FORMATS`, or `AUTO`, which recognises it.
        split: The corpus's split, such as ``test`` or ``dev[:200]``. Dialogues of the file that are in the whole split,
            but not in this part of it, are left out.
        partial: Accept missing dialogues and turns.
        updates: Take states for turn updates, and add them up.

    Returns:
        The predictions, in corpus order where there is a corpus, with what does not fit (then the import has failed)
        and what is worth knowing.

    Raises:
        UserError: There is no such format, or none is recognised, or no such split.
        DataError: The file as a whole, or the corpus, cannot be read.
    """
    if format not in (AUTO, *FORMATS):
        known = ", ".join((AUTO, *FORMATS))
        raise UserError(f"there is no format {format!r}{did_you_mean(format, FORMATS)}; choose one of {known}")
    dialogues: Sequence[Dialogue] | None
    whole_ids = None
    if isinstance(corpus, Corpus):
        dialogues = read_all(corpus, split)
        if whole_split(split) != split:
            whole_ids = partial_of(_ids, corpus, whole_split(split))
    else:
        dialogues = corpus
    problems = Problems(str(path))
    recognised = recognised_format(path) if format == AUTO else format
    reader = partial_of(read_convlab3, dialogues=dialogues) if recognised == "convlab3" else FORMATS[recognised]
    drafts = list(reader(path, problems))
    drafts = accumulated(drafts) if updates else drafts
    imported = match(drafts, problems, dialogues, partial=partial, whole=whole_ids)
    if format != AUTO:
        return imported
    return replace(imported, notices=(f"the format was recognised as {recognised}", *imported.notices))


def _ids(corpus: Corpus, split: str) -> list[str]:
    return [dialogue.id for dialogue in read_split(corpus, split)]
