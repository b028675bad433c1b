"""Which dialogues a training uses, and the scored items of those that it is evaluated on."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from tod_bench.records import Act, Database, Dialogue, Prediction, TaskName, Turn
from tod_bench.systems import TurnInput
from tod_bench.tasks import learnable, turn_inputs
from tod_metrics.items import ActItem, StateItem

SCORES = {"dst": "jga", "policy": "act_f1"}
"""Metric that scores a task on dev."""


def few_shot(dialogues: Sequence[Dialogue], share: float, seed: int) -> list[Dialogue]:
    """A share of the dialogues, above 0 to 1, drawn by id with a seed of its own, in corpus order; at least one."""
    if share == 1:
        return list(dialogues)
    ids = sorted(dialogue.id for dialogue in dialogues)
    count = max(1, round(share * len(ids)))
    chosen = set(random.Random(seed).sample(ids, count))
    return [dialogue for dialogue in dialogues if dialogue.id in chosen]


def items_of(
    task: TaskName,
    dialogues: Sequence[Dialogue],
    answers: Callable[[Sequence[TurnInput]], list[Prediction]],
    *,
    gold_access: frozenset[str] = frozenset(),
    database: Database | None = None,
) -> list[Any]:
    """Gold and prediction of every turn that the task asks about, as the metrics take them.

    Args:
        task: The task.
        dialogues: The dialogues.
        answers: Answers turns of whole dialogues, in their order; it is shown gold states.
        gold_access: Other gold that it is shown (see `tod_bench.systems.System`).
        database: The corpus's database, where it is shown what the states match.
    """
    dialogues = [dialogue for dialogue in dialogues if learnable(task, dialogue)]
    turns = {(dialogue.id, turn.index): (dialogue, turn) for dialogue in dialogues for turn in dialogue.turns}
    predictions = answers(list(turn_inputs(dialogues, task, gold_access=gold_access, states="gold", database=database)))
    return [_item(task, *turns[answer.dialogue_id, answer.turn], answer) for answer in predictions]


def _item(task: TaskName, dialogue: Dialogue, turn: Turn, prediction: Prediction) -> StateItem | ActItem:
    if task == "dst":
        return StateItem(dialogue.id, turn.index, turn.state, prediction.state or {}, dialogue.services, turn.services)
    return ActItem(dialogue.id, turn.index, _tuples(turn.acts), _tuples(prediction.acts or ()))


def _tuples(acts: Sequence[Act]) -> tuple[tuple[str, str, str, str], ...]:
    return tuple((act.domain, act.act, act.slot, act.value) for act in acts)
