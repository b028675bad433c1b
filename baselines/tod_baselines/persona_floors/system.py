"""What both persona floors share: a plain answer that is learned, and that each makes its own of."""

import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from tod_baselines.persona_floors.plain_answers import PlainAnswers
from tod_bench.files import write_json
from tod_bench.records import Dialogue, Prediction, TaskName
from tod_bench.systems import FitContext, System, TurnInput

FILE = "plain_answers.json"


class PersonaFloor(System):
    """Answers with the plain answer to the shown acts, changed by `restyled`. It is trained on plain dialogues."""

    tasks: ClassVar[frozenset[TaskName]] = frozenset({"response"})
    conditioned_on: ClassVar[Mapping[TaskName, frozenset[str]]] = {"response": frozenset({"acts"})}

    def __init__(self) -> None:
        self._answers = PlainAnswers({}, "")
        self._unseen = self._asked = 0

    @abstractmethod
    def restyled(self, answer: str, shown: TurnInput) -> str:
        """A plain answer, made fit for the user.

        Args:
            answer: The plain answer.
            shown: The turn.
        """

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        """The templates serve the one task."""
        return (task,)

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:  # noqa: ARG002
        """Learns plain answers by acts.

        Raises:
            UserError: The training answers are restyled to the user already.
        """
        answers = PlainAnswers.learned(train)
        write_json(context.folder / FILE, answers.to_json())
        return {"templates": len(answers.templates)}

    def load(self, context: FitContext) -> None:
        """Reads what was learned."""
        self._answers = PlainAnswers.from_json(json.loads((context.folder / FILE).read_text(encoding="utf-8")))

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:  # noqa: ARG002
        """The restyled plain answer to each turn."""
        self._unseen = self._asked = 0
        for shown in inputs:
            acts = shown.acts or ()
            self._asked += 1
            self._unseen += not self._answers.knows(acts)
            answer = self.restyled(self._answers.answer(acts), shown)
            yield Prediction(shown.dialogue_id, shown.turn, response=answer)

    def record(self) -> Mapping[str, Any]:
        """How many answers were to acts that training never had, and so are those to other acts."""
        if not self._unseen:
            return {}
        note = f"{self._unseen} of {self._asked} answers are those to the nearest acts, since training never had theirs"
        return {"unseen_acts": self._unseen, "notes": [note]}
