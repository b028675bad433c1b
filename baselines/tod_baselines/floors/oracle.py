"""Oracle: the ceiling of every table. It is shown the gold and repeats it, so it must score 100 on everything."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from tod_bench.records import Dialogue, Prediction, TaskName, first_values, gold_frames
from tod_bench.systems import FitContext, System, TurnInput


class Oracle(System):
    """Answers with the gold state, acts or response."""

    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst", "policy", "response"})
    gold_access: ClassVar[frozenset[str]] = frozenset({"gold"})
    conditioned_on: ClassVar[Mapping[TaskName, frozenset[str]]] = {}

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:  # noqa: ARG002
        """It is not trained."""
        return ()

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:  # noqa: ARG002
        """Nothing to do."""
        return {}

    def load(self, context: FitContext) -> None:
        """Nothing to do."""

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:
        """The gold of each turn."""
        for shown in inputs:
            gold = shown.gold
            if gold is None:
                raise ValueError("the oracle must be shown the gold; call `turn_inputs` with its gold access")
            intents, requested = gold_frames(gold) if task == "dst" else (None, None)
            yield Prediction(
                shown.dialogue_id,
                shown.turn,
                state=first_values(gold.state) if task == "dst" else None,
                acts=gold.acts if task == "policy" else None,
                response=gold.system if task == "response" else None,
                active_domains=gold.services,
                active_intent=intents,
                requested=requested,
            )
