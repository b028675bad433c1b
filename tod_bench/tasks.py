"""The three tasks: what a system is shown of a turn, and what it must answer.

| task       | shown                                                       | answer       |
|------------|-------------------------------------------------------------|--------------|
| `dst`      | every utterance up to and including the current user's      | belief state |
| `policy`   | the same and the belief state (predicted, or gold)          | system acts  |
| `response` | the same, the acts and how many database entries match      | text         |
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from tod_bench.corpora.annotations import asked_turns
from tod_bench.errors import UserError
from tod_bench.records import (
    Act,
    Dialogue,
    Prediction,
    State,
    TaskName,
    Turn,
    as_state,
    first_values,
    gold_frames,
)
from tod_bench.systems import Exchange, TurnInput

TASKS: tuple[TaskName, ...] = ("dst", "policy", "response")

Source = Literal["predicted", "gold"]
"""Where the state (or the acts) that a task is conditioned on come from."""

Predictions = Mapping[tuple[str, int], Prediction]
"""(dialogue id, turn index) -> prediction."""


def turn_inputs(
    dialogues: Iterable[Dialogue],
    task: TaskName,
    *,
    privileges: frozenset[str] = frozenset(),
    states: Predictions | None = None,
    acts: Predictions | None = None,
) -> Iterator[TurnInput]:
    """What a system is shown, turn by turn in corpus order.

    Acts and responses are asked for only where the system has its turn, so not at the end of a dialogue that ends on
    the user (see `tod_bench.corpora.annotations.asked_turns`).

    Args:
        dialogues: The dialogues.
        task: The task.
        privileges: Gold that the system declared it must be shown (see `tod_bench.systems.System`).
        states: Predicted states for policy and response; None shows the gold states.
        acts: Predicted acts for response; None shows the gold acts.

    Raises:
        UserError: `states` or `acts` lack a turn.
    """
    for dialogue in dialogues:
        history: tuple[Exchange, ...] = ()
        previous: State = {}
        asked = {turn.index for turn in asked_turns(task, dialogue)}
        for turn in dialogue.turns:
            if turn.index in asked:
                yield TurnInput(
                    dialogue_id=dialogue.id,
                    turn=turn.index,
                    history=history,
                    user=turn.user,
                    state=None if task == "dst" else _state(dialogue, turn, states),
                    acts=_acts(dialogue, turn, acts) if task == "response" else None,
                    db_matches=tuple(turn.db_matches.items()) if task == "response" else None,
                    previous_state=previous if "previous_state" in privileges else None,
                    gold=turn if "gold" in privileges else None,
                )
            history = (*history, Exchange(turn.user, turn.system))
            previous = turn.state


def gold_prediction(dialogue: Dialogue, turn: Turn) -> Prediction:
    """The gold of a turn as a prediction: what an oracle answers."""
    state = first_values(turn.state)
    return Prediction(dialogue.id, turn.index, state, turn.acts, turn.system, turn.services, *gold_frames(turn))


def _state(dialogue: Dialogue, turn: Turn, states: Predictions | None) -> State:
    if states is None:
        return turn.state
    return as_state(_predicted(states, dialogue, turn, "state").state or {})


def _acts(dialogue: Dialogue, turn: Turn, acts: Predictions | None) -> tuple[Act, ...]:
    return turn.acts if acts is None else _predicted(acts, dialogue, turn, "acts").acts or ()


def _predicted(predictions: Predictions, dialogue: Dialogue, turn: Turn, what: str) -> Prediction:
    try:
        return predictions[dialogue.id, turn.index]
    except KeyError:
        raise UserError(
            f"dialogue {dialogue.id}, turn {turn.index}: no predicted {what} to condition on; "
            "run the earlier task on the same split first"
        ) from None
