"""Predictions set against the turns of a split; what does not fit is an error, what is missing is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tod_bench.corpora.annotations import scored_turns
from tod_bench.dialogue_ids import DialogueIds
from tod_bench.errors import DataError
from tod_bench.records import Dialogue, Prediction, TaskName
from tod_bench.scoring.choosing import FIELDS

Predictions = Mapping[tuple[str, int], Prediction]


@dataclass(frozen=True)
class Pairing:
    """A split and what was predicted for it.

    Attributes:
        task: The task.
        dialogues: The gold dialogues: the denominator.
        predictions: (dialogue id, turn) -> prediction that answers the task; turns without one are left out, as are
            answers to turns that have no gold (see `tod_bench.corpora.annotations.scored_turns`).
        turns: Number of turns that are scored.
        without_gold: Number of further turns, which have no gold answer to the task and are left out.
    """

    task: TaskName
    dialogues: Sequence[Dialogue]
    predictions: Predictions
    turns: int
    without_gold: int = 0

    @property
    def coverage(self) -> float:
        """Share of the scored turns for which something was predicted, 0 to 1."""
        return len(self.predictions) / self.turns if self.turns else 1.0

    def of(self, dialogue: Dialogue) -> list[Prediction | None]:
        """The predictions of a dialogue, one a scored turn; None where there is none."""
        return [self.predictions.get((dialogue.id, turn.index)) for turn in scored_turns(self.task, dialogue)]


def pair(
    task: TaskName,
    dialogues: Iterable[Dialogue],
    predictions: Predictions | Iterable[Prediction],
    *,
    where: str = "the split",
    partial: bool = False,
) -> Pairing:
    """Sets predictions against dialogues; nothing is scored unless all of it fits.

    Args:
        task: The task.
        dialogues: The gold dialogues.
        predictions: The predictions, in any order.
        where: What the dialogues are, for messages: ``multiwoz2.2 test``.
        partial: Accept missing turns (states and acts of theirs are wrong, responses empty).

    Raises:
        DataError: A dialogue or turn is unknown or stands twice, or turns are missing and `partial` is not set.
    """
    gold = _by_id(dialogues)
    field = FIELDS[task]
    scored = {(one.id, turn.index) for one in gold.values() for turn in scored_turns(task, one)}
    found: dict[tuple[str, int], Prediction] = {}
    given = predictions.values() if isinstance(predictions, Mapping) else predictions
    seen: set[tuple[str, int]] = set()
    ids = DialogueIds(gold)
    for prediction in given:
        key = (ids.find(prediction.dialogue_id) or prediction.dialogue_id, prediction.turn)
        _check(key, gold, seen, where)
        seen.add(key)
        if getattr(prediction, field) is not None and key in scored:
            found[key] = prediction
    if len(found) < len(scored) and not partial:
        raise _missing(task, gold, found, len(scored), where)
    every = sum(len(dialogue.turns) for dialogue in gold.values())
    return Pairing(task, tuple(gold.values()), found, len(scored), every - len(scored))


def _by_id(dialogues: Iterable[Dialogue]) -> dict[str, Dialogue]:
    gold: dict[str, Dialogue] = {}
    for dialogue in dialogues:
        if dialogue.id in gold:
            raise DataError("the corpus has this dialogue twice", dialogue=dialogue.id)
        gold[dialogue.id] = dialogue
    return gold


def _check(key: tuple[str, int], gold: Mapping[str, Dialogue], seen: set[tuple[str, int]], where: str) -> None:
    dialogue, turn = key
    if dialogue not in gold:
        raise DataError(
            f"there is no such dialogue in {where}; predictions of another split or corpus are scored apart",
            dialogue=dialogue,
        )
    if key in seen:
        raise DataError("this turn is predicted twice; give each turn once", dialogue=dialogue, turn=turn)
    turns = len(gold[dialogue].turns)
    if not 0 <= turn < turns:
        raise DataError(
            f"the dialogue has {turns} turns (user/system pairs), numbered from 0", dialogue=dialogue, turn=turn
        )


def _missing(task: TaskName, gold: Mapping[str, Dialogue], found: Predictions, turns: int, where: str) -> DataError:
    dialogue, turn = next(
        (dialogue.id, turn.index)
        for dialogue in gold.values()
        for turn in scored_turns(task, dialogue)
        if (dialogue.id, turn.index) not in found
    )
    return DataError(
        f"the first of {turns - len(found)} turns of {where} (of {turns}) without a predicted {FIELDS[task]}; "
        "predict them, or use --partial to count them as empty",
        dialogue=dialogue,
        turn=turn,
    )
