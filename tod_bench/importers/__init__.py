"""Prediction files of other tools turned into ours: ``tod-bench import FORMAT FILE``.

    file ──a reader per format──▶ drafts, in the tool's spelling ──matching──▶ predictions, in the corpus's spelling

A reader says what it cannot use; matching says what does not fit the corpus. Each is one sentence with its place, all
of them are reported at once, and a file with any is not imported.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial as partial_of
from pathlib import Path

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
    form: str,
    path: Path,
    dialogues: list[Dialogue] | None = None,
    *,
    partial: bool = False,
    updates: bool = False,
    whole: Callable[[], Iterable[str]] | None = None,
) -> Imported:
    """Reads a prediction file of another tool.

    Args:
        form: Its format, one of `FORMATS`, or `AUTO`.
        path: The file (for ``sgd`` the folder).
        dialogues: The dialogues that were answered, to match ids and turns with; None takes ids in capitals, as
            MultiWOZ's are, and checks nothing.
        partial: Accept missing dialogues and turns.
        updates: Take states for turn updates, and add them up.
        whole: Where the dialogues are a part of a split, gives the ids of the whole; dialogues of the file that are
            among them are left out.

    Returns:
        The predictions, in corpus order where there is a corpus, with what does not fit and what is worth knowing.

    Raises:
        UserError: There is no such format, or none is recognised.
        DataError: The file as a whole cannot be read.
    """
    if form not in (AUTO, *FORMATS):
        known = ", ".join((AUTO, *FORMATS))
        raise UserError(f"there is no format {form!r}{did_you_mean(form, FORMATS)}; choose one of {known}")
    problems = Problems(str(path))
    named = recognised_format(path) if form == AUTO else form
    reader = partial_of(read_convlab3, dialogues=dialogues) if named == "convlab3" else FORMATS[named]
    drafts = list(reader(path, problems))
    drafts = accumulated(drafts) if updates else drafts
    imported = match(drafts, problems, dialogues, partial=partial, whole=whole)
    if form != AUTO:
        return imported
    return replace(imported, notices=(f"the format was recognised as {named}", *imported.notices))
