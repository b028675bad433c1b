"""Carry-over: the gold state of the turn before, repeated. What a tracker scores that never hears the current turn.

JGA is then the share of turns that change nothing, which is why a tracker is to be read against this floor.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from tod_bench.records import Dialogue, Prediction, TaskName, first_values
from tod_bench.systems import FitContext, System, TurnInput


class CarryOver(System):
    """Answers with the gold state of the turn before; nothing in the first turn."""

    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst"})
    gold_access: ClassVar[frozenset[str]] = frozenset({"previous_state"})

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:  # noqa: ARG002
        """It is not trained."""
        return ()

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:  # noqa: ARG002
        """Nothing to do."""
        return {}

    def load(self, context: FitContext) -> None:
        """Nothing to do."""

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:  # noqa: ARG002
        """The state of the turn before."""
        for shown in inputs:
            yield Prediction(shown.dialogue_id, shown.turn, state=first_values(shown.previous_state or {}))
