"""Prediction files of other tools turned into ours: ``tod-bench import FORMAT FILE``.

    file ──a reader per format──▶ drafts, in the tool's spelling ──matching──▶ predictions, in the corpus's spelling

A reader says what it cannot use; matching says what does not fit the corpus. Each is one sentence with its place, all
of them are told at once, and a file with any is not imported.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tod_bench.errors import UserError, did_you_mean
from tod_bench.importers.matching import Imported, Problems, match
from tod_bench.importers.mwzeval import read_mwzeval
from tod_bench.importers.pptod import read_pptod
from tod_bench.importers.sgd import read_sgd
from tod_bench.importers.trade import read_trade
from tod_bench.records import Dialogue, Prediction
from tod_bench.updates import accumulated

Reader = Callable[[Path, Problems], Iterator[Prediction]]

FORMATS: Mapping[str, Reader] = {
    "mwzeval": read_mwzeval,
    "pptod": read_pptod,
    "sgd": read_sgd,
    "trade": read_trade,
}
"""Format -> its reader."""

__all__ = ["FORMATS", "Imported", "import_predictions"]


def import_predictions(
    form: str,
    path: Path,
    dialogues: list[Dialogue] | None = None,
    *,
    partial: bool = False,
    updates: bool = False,
) -> Imported:
    """Reads a prediction file of another tool.

    Args:
        form: Its format, one of `FORMATS`.
        path: The file (for ``sgd`` the folder).
        dialogues: The dialogues that were answered, to match ids and turns with; None takes ids in capitals, as
            MultiWOZ's are, and checks nothing.
        partial: Accept missing dialogues and turns.
        updates: Take states for turn updates, and add them up.

    Returns:
        The predictions, in corpus order where there is a corpus, with what does not fit and what is worth knowing.

    Raises:
        UserError: There is no such format.
        DataError: The file as a whole cannot be read.
    """
    if form not in FORMATS:
        raise UserError(f"there is no format {form!r}{did_you_mean(form, FORMATS)}; choose one of {', '.join(FORMATS)}")
    problems = Problems(str(path))
    drafts = list(FORMATS[form](path, problems))
    return match(accumulated(drafts) if updates else drafts, problems, dialogues, partial=partial)
