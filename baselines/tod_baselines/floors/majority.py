"""Majority: the most frequent answer of the training split, whatever the dialogue.

The whole state that most turns have (mostly the empty one), the set of acts, and the response. Of equally frequent
answers the alphabetically first one is taken, so that the order of the dialogues changes nothing.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from tod_bench.files import write_json
from tod_bench.linearize import linearize_acts, linearize_state, parse_acts, parse_state
from tod_bench.records import Act, Dialogue, Prediction, TaskName, first_values
from tod_bench.systems import FitContext, System, TurnInput
from tod_bench.tasks import learnable

FILE = "majority.json"


class Majority(System):
    """Answers every turn with the most frequent answer of the training split."""

    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst", "policy", "response"})
    conditioned_on: ClassVar[Mapping[TaskName, frozenset[str]]] = {}

    def __init__(self) -> None:
        self._state: dict[str, dict[str, str]] = {}
        self._acts: tuple[Act, ...] = ()
        self._response = ""

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:  # noqa: ARG002
        """One count serves every task."""
        return ("dst", "policy", "response")

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:  # noqa: ARG002
        """Counts the answers of the training split."""
        turns = [turn for dialogue in train for turn in dialogue.turns]
        answered = [turn for turn in turns if turn.system.strip()]
        annotated = [dialogue for dialogue in train if learnable("policy", dialogue)]
        acting = [turn for dialogue in annotated for turn in dialogue.turns if turn.system.strip()]
        most_frequent = {
            "state": _most_frequent(linearize_state(first_values(turn.state)) for turn in turns),
            "acts": _most_frequent(linearize_acts(turn.acts, values=True) for turn in acting),
            "response": _most_frequent(turn.system for turn in answered),
        }
        write_json(context.folder / FILE, most_frequent)
        return {**most_frequent}

    def load(self, context: FitContext) -> None:
        """Reads what was counted."""
        most_frequent = json.loads((context.folder / FILE).read_text(encoding="utf-8"))
        self._state, self._acts = parse_state(most_frequent["state"])[0], parse_acts(most_frequent["acts"])[0]
        self._response = most_frequent["response"]

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:
        """The same answer to every turn."""
        for shown in inputs:
            yield Prediction(
                shown.dialogue_id,
                shown.turn,
                state=self._state if task == "dst" else None,
                acts=self._acts if task == "policy" else None,
                response=self._response if task == "response" else None,
            )


def _most_frequent(answers: Iterable[str]) -> str:
    counts = Counter(answers)
    return min(counts, key=lambda answer: (-counts[answer], answer), default="")
