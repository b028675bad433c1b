"""The three tasks: what a system is shown of a turn, and what it must answer.

| task       | shown                                                       | answer       |
|------------|-------------------------------------------------------------|--------------|
| `dst`      | every utterance up to and including the current user's      | belief state |
| `policy`   | the same, the belief state and the entries that match it    | system acts  |
| `response` | the same, the acts and how many entries match               | text         |

Each is shown the user's persona, where the corpus has one.

The turns before are the corpus's own, system answers included, as is usual where nobody talks to the system. State and
acts are those that the same system predicted, or the gold ones, or none at all: gold is shown only where the
caller says so. How many entries match is counted with the state that is shown, never with the gold one beside it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from tod_bench.corpora.annotations import asked_turns, scored_turns
from tod_bench.errors import UserError
from tod_bench.records import (
    Act,
    Database,
    Dialogue,
    Prediction,
    State,
    TaskName,
    Turn,
    as_state,
    first_values,
    gold_frames,
)
from tod_bench.systems import Exchange, Progress, TurnInput

TASKS: tuple[TaskName, ...] = ("dst", "policy", "response")

Source: TypeAlias = Literal["predicted", "gold", "none"]
"""Where the state (or the acts) that a task is conditioned on come from."""

Predictions: TypeAlias = Mapping[tuple[str, int], Prediction]
"""(dialogue id, turn index) -> prediction."""

Shown: TypeAlias = Predictions | Literal["gold"] | None
"""Predictions whose states (or acts) are shown, the word ``gold``, or None to show none."""


def turn_inputs(
    dialogues: Iterable[Dialogue],
    task: TaskName,
    *,
    gold_access: frozenset[str] = frozenset(),
    states: Shown = None,
    acts: Shown = None,
    database: Database | None = None,
) -> Iterator[TurnInput]:
    """What a system is shown, turn by turn in corpus order.

    Acts and responses are asked for only where the system has its turn, so not at the end of a dialogue that ends on
    the user (see `tod_bench.corpora.annotations.asked_turns`).

    Args:
        dialogues: The dialogues.
        task: The task.
        gold_access: Gold that the system declared it must be shown (see `tod_bench.systems.System`).
        states: The states for policy and response.
        acts: The acts for response.
        database: The corpus's database, to count what a shown state matches.

    Raises:
        UserError: `states` or `acts` lack a turn.
    """
    entries = _entry_finder(database)
    for dialogue in dialogues:
        history: tuple[Exchange, ...] = ()
        previous: State = {}
        answered_turns = {turn.index for turn in asked_turns(task, dialogue)}
        for turn in dialogue.turns:
            state = None if task == "dst" else _state(dialogue, turn, states)
            if turn.index in answered_turns:
                found = None if state is None else entries(state)
                counts = None if found is None else tuple((domain, len(rows)) for domain, rows in found.items())
                yield TurnInput(
                    dialogue_id=dialogue.id,
                    turn=turn.index,
                    history=history,
                    user=turn.user,
                    state=state,
                    acts=_acts(dialogue, turn, acts) if task == "response" else None,
                    db_matches=counts if task == "response" else None,
                    db_entries=found,
                    persona=dialogue.persona,
                    progress=progress_of(dialogue, turn) if "progress" in gold_access else None,
                    previous_state=previous if "previous_state" in gold_access else None,
                    gold=turn if "gold" in gold_access else None,
                )
            spans = tuple(span for span in turn.spans if span.side == "system") if "system_spans" in gold_access else ()
            history = (*history, Exchange(turn.user, turn.system, spans))
            previous = turn.state if state is None else state


def learnable(task: TaskName, dialogue: Dialogue) -> bool:
    """Whether a dialogue has answers to a task that a system can learn from.

    A dialogue without a single system act was not annotated with acts: a policy learned from it would learn to do
    nothing.
    """
    return bool(scored_turns(task, dialogue))


def gold_prediction(dialogue: Dialogue, turn: Turn) -> Prediction:
    """The gold of a turn as a prediction: what an oracle answers."""
    state = first_values(turn.state)
    return Prediction(dialogue.id, turn.index, state, turn.acts, turn.system, turn.services, *gold_frames(turn))


def _entry_finder(database: Database | None) -> Callable[[State], Mapping[str, Sequence[Mapping[str, Any]]] | None]:
    """A function that finds the entries that each domain of a state matches; domains without a table are left out."""
    if database is None:
        return lambda _state: None
    has_table: dict[str, bool] = {}

    def entries(state: State) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        for domain in state:
            if domain not in has_table:
                has_table[domain] = bool(database.query(domain, {}))
        searched = {domain: slots for domain, slots in first_values(state).items() if has_table[domain]}
        return {domain: database.query(domain, slots) for domain, slots in searched.items()}

    return entries


def progress_of(dialogue: Dialogue, turn: Turn) -> Progress:
    """How far the dialogue has come; a dialogue of one turn is at its start."""
    if turn.index == 0:
        return "start"
    return "end" if turn.index == dialogue.turns[-1].index else "middle"


def _state(dialogue: Dialogue, turn: Turn, states: Shown) -> State | None:
    if states is None:
        return None
    if states == "gold":
        return turn.state
    return as_state(_predicted(states, dialogue, turn, "state").state or {})


def _acts(dialogue: Dialogue, turn: Turn, acts: Shown) -> tuple[Act, ...] | None:
    if acts is None:
        return None
    if acts == "gold":
        return turn.acts
    return _predicted(acts, dialogue, turn, "acts").acts or ()


def _predicted(
    predictions: Predictions | Literal["gold"], dialogue: Dialogue, turn: Turn, what: Literal["state", "acts"]
) -> Prediction:
    prediction = None if isinstance(predictions, str) else predictions.get((dialogue.id, turn.index))
    if prediction is None or getattr(prediction, what) is None:
        raise UserError(
            f"dialogue {dialogue.id}, turn {turn.index}: no predicted {what} to condition on; "
            "run the earlier task on the same split first"
        )
    return prediction
