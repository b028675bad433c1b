"""Making named parts of a run again: ``tod-bench run CONFIG --force fit:t5-tiny``.

What is forced is deleted from the store before anything runs, with all that was made from it, so that a run that is
killed goes on as any other does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from tod_bench.errors import UserError, did_you_mean
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.results import Experiment, Store

Step: TypeAlias = Literal["fit", "predict", "score"]
"""A step and all that follow it."""


@dataclass(frozen=True, slots=True)
class Forced:
    """What is to be made again.

    Attributes:
        step: The first step that is.
        labels: Labels (of corpus, system, task or seed) that an experiment must have; none for every experiment.
    """

    step: Step
    labels: frozenset[str]

    def covers(self, cell: Experiment) -> bool:
        """Whether it names an experiment."""
        return self.labels <= {cell.corpus, cell.system, cell.task, str(cell.seed), str(cell)}


def read_forced(text: str, board: Plan) -> Forced:
    """Reads ``STEP``, ``LABEL/LABEL...`` (every step of it) or ``STEP:LABEL/LABEL...``.

    Raises:
        UserError: A label is of nothing in the config.
    """
    head, colon, rest = text.partition(":")
    step = next((step for step in get_args(Step) if step == head), None)
    named = rest if step and colon else "" if step else text
    known = {
        label for cell in board.cells for label in (cell.corpus, cell.system, cell.task, str(cell.seed), str(cell))
    } - {""}
    labels = [named] if named in known or not named else named.split("/")
    for label in labels:
        if label and label not in known:
            raise UserError(
                f"--force {text}: {label!r} is neither a step (fit, predict, score) nor a corpus, system, task or seed "
                f"of {board.config.name}{did_you_mean(label, {*known, *get_args(Step)})}"
            )
    return Forced(step or "fit", frozenset(labels) - {""})


def forget(board: Plan, store: Store, wanted: Sequence[str]) -> tuple[int, int, int]:
    """Deletes what is to be made again, and what rests on it.

    What a judge answered is kept: it was paid for, and `tod-bench judge` has its own ways to ask again.

    Returns:
        How many trainings, predictions and scores were deleted.

    Raises:
        UserError: Something that is named is not in the config.
    """
    forced = [read_forced(text, board) for text in wanted]
    fits = {
        board.fit_key(cell)
        for one in forced
        for cell in board.cells
        if one.step == "fit" and one.covers(cell) and board.together(cell)
    }
    predicted = [cell for cell in board.cells if _is_predicted(board, cell)]
    again = {
        cell
        for cell in predicted
        if board.fit_key(cell) in fits or any(one.step != "score" and one.covers(cell) for one in forced)
    }
    while more := {cell for cell in predicted if cell not in again and again & set(board.upstream(cell).values())}:
        again |= more
    scored = {cell for cell in board.cells if cell in again or any(one.covers(cell) for one in forced)}
    scored |= {cell for cell in board.cells if cell.task == "people" and board.responses(cell) in again}
    return (
        sum(store.forget_training(key) for key in sorted(fits)),
        sum(store.forget_predictions(board.prediction_key(cell)) for cell in again),
        sum(store.forget_result(board.result_key(cell)) for cell in scored),
    )


def _is_predicted(board: Plan, cell: Experiment) -> bool:
    return cell.task not in ("corpus", "people") and board.prediction_file(cell) is None
