"""Predictions set against the turns of a split; what does not fit is an error, what is missing is wrong.

dialogues + predictions ──`pair`──▶ Pairing ──`build_items`──▶ items, one a turn or one a dialogue, that metrics score
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tod_bench.corpora.annotations import scored_turns
from tod_bench.dialogue_ids import DialogueIds
from tod_bench.errors import DataError
from tod_bench.predictions import UNKNOWN_NOTE, UNREAD_NOTE, UNREADABLE_NOTE, usage_in
from tod_bench.records import Act, Dialogue, Persona, Prediction, Schema, TaskName, Turn
from tod_bench.scoring.metrics import FIELDS
from tod_metrics.act.acts import ActBatch
from tod_metrics.items import (
    ActItem,
    ActTuple,
    DialogueItem,
    DialogueTurn,
    DomainWish,
    FrameItem,
    NotedItem,
    ResponseItem,
    StateItem,
)
from tod_metrics.state.frames import FrameBatch
from tod_metrics.state.slot_sets import LeftOut, Slots
from tod_metrics.state.states import StateBatch

Predictions = Mapping[tuple[str, int], Prediction]

_LISTS = (UNREAD_NOTE, UNKNOWN_NOTE)

GROUPINGS = ("age", "gender", "formality", "emotion")
"""What users can be grouped by: the attributes of a persona that name a group."""


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
        DataError: A dialogue or turn is unknown or given twice, or turns are missing and `partial` is not set.
    """
    gold: dict[str, Dialogue] = {}
    for dialogue in dialogues:
        if dialogue.id in gold:
            raise DataError("the corpus has this dialogue twice", dialogue=dialogue.id)
        gold[dialogue.id] = dialogue
    field, ids = FIELDS[task], DialogueIds(gold)
    scored = {(dialogue.id, turn.index) for dialogue in gold.values() for turn in scored_turns(task, dialogue)}
    answers: dict[tuple[str, int], Prediction] = {}
    seen: set[tuple[str, int]] = set()
    for prediction in predictions.values() if isinstance(predictions, Mapping) else predictions:
        key = (ids.find(prediction.dialogue_id) or prediction.dialogue_id, prediction.turn)
        _check(key, gold, seen, where)
        seen.add(key)
        if getattr(prediction, field) is not None and key in scored:
            answers[key] = prediction
    if len(answers) < len(scored) and not partial:
        raise _missing(task, gold, answers, len(scored), where)
    all_turns = sum(len(dialogue.turns) for dialogue in gold.values())
    return Pairing(task, tuple(gold.values()), answers, len(scored), all_turns - len(scored))


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


def _missing(task: TaskName, gold: Mapping[str, Dialogue], answers: Predictions, turns: int, where: str) -> DataError:
    dialogue, turn = next(
        (dialogue.id, turn.index)
        for dialogue in gold.values()
        for turn in scored_turns(task, dialogue)
        if (dialogue.id, turn.index) not in answers
    )
    return DataError(
        f"the first of {turns - len(answers)} turns of {where} (of {turns}) without a predicted {FIELDS[task]}; "
        "predict them, or use --partial to count them as empty",
        dialogue=dialogue,
        turn=turn,
    )


def build_items(kind: type, pairing: Pairing, schema: Schema, groups: Mapping[str, frozenset[str]]) -> Sequence[Any]:
    """The items of one kind, in corpus order, for the turns that have a gold answer to the task.

    States and acts come as a batch that is normalised once. In a whole dialogue, turns in which the system says nothing
    are left out: there is no response to be judged, and what a system answers there is not looked at.

    Args:
        kind: `StateItem`, `FrameItem`, `ActItem`, `ResponseItem`, `NotedItem` or `DialogueItem`.
        pairing: Dialogues and predictions.
        schema: The corpus's schema.
        groups: Names for several services at once.
    """
    if kind is DialogueItem:
        return [_dialogue_item(dialogue, pairing) for dialogue in pairing.dialogues]
    if kind is StateItem:
        return state_batch(pairing, schema, groups)
    if kind is FrameItem:
        frames = [item for dialogue in pairing.dialogues for item in _frame_items(dialogue, pairing.of(dialogue))]
        return FrameBatch(frames, groups)
    makers = {ActItem: _act_item, NotedItem: noted_item}
    make: Callable[[Dialogue, Turn, Prediction | None], Any] = makers.get(kind, _response_item)
    made = [
        make(dialogue, turn, prediction)
        for dialogue in pairing.dialogues
        for turn, prediction in zip(scored_turns(pairing.task, dialogue), pairing.of(dialogue), strict=True)
    ]
    return ActBatch(made) if kind is ActItem else made


def state_batch(pairing: Pairing, schema: Schema, groups: Mapping[str, frozenset[str]] | None = None) -> StateBatch:
    """The belief states of a pairing, gold and predicted; arguments as of `build_items`."""
    items = [item for dialogue in pairing.dialogues for item in _state_items(dialogue, pairing.of(dialogue))]
    return StateBatch(items, *slots_and_left_out(schema), groups=groups)


def slots_and_left_out(schema: Schema) -> tuple[Slots, LeftOut]:
    """A corpus's schema in the form that metrics take: all slots, and those that the corpus says do not count."""
    flags = {domain: {slot: spec.categorical for slot, spec in slots.items()} for domain, slots in schema.items()}
    left_out = {domain: [slot for slot, spec in slots.items() if not spec.scored] for domain, slots in schema.items()}
    return flags, left_out


def clusters_of(kind: type, task: TaskName, dialogues: Sequence[Dialogue]) -> list[int]:
    """The dialogue of each item, as a number."""
    if kind is DialogueItem:
        return list(range(len(dialogues)))
    return [number for number, dialogue in enumerate(dialogues) for _ in scored_turns(task, dialogue)]


def group_of(persona: Persona | None) -> dict[str, str]:
    """The groups that a user belongs to, by grouping."""
    return {} if persona is None else {name: getattr(persona, name) for name in GROUPINGS if getattr(persona, name)}


def _state_items(dialogue: Dialogue, predictions: Sequence[Prediction | None]) -> list[StateItem]:
    goal = tuple(dialogue.goal) or dialogue.services
    items: list[StateItem] = []
    for turn, prediction in zip(dialogue.turns, predictions, strict=True):
        before = items[-1] if items else None
        items.append(
            StateItem(
                dialogue_id=dialogue.id,
                turn=turn.index,
                gold=turn.state,
                predicted=(prediction.state if prediction else None) or {},
                goal_domains=goal,
                services=tuple(frame.service for frame in turn.frames) or turn.services,
                previous_gold=before.gold if before else {},
                previous_predicted=before.predicted if before else {},
                raw=prediction.raw.get("dst") if prediction else None,
                missing=prediction is None or prediction.state is None,
                confidence=prediction.confidence if prediction else None,
            )
        )
    return items


def _frame_items(dialogue: Dialogue, predictions: Sequence[Prediction | None]) -> list[FrameItem]:
    return [
        FrameItem(
            dialogue.id,
            turn.index,
            {frame.service: frame.active_intent for frame in turn.frames},
            {frame.service: frame.requested for frame in turn.frames},
            prediction.active_intent if prediction else None,
            prediction.requested if prediction else None,
        )
        for turn, prediction in zip(dialogue.turns, predictions, strict=True)
    ]


def _act_item(dialogue: Dialogue, turn: Turn, prediction: Prediction | None) -> ActItem:
    predicted = prediction.acts if prediction else None
    return ActItem(dialogue.id, turn.index, _tuples(turn.acts), _tuples(predicted or ()), missing=predicted is None)


def _response_item(dialogue: Dialogue, turn: Turn, prediction: Prediction | None) -> ResponseItem:
    response = (prediction.response if prediction else None) or ""
    persona = dialogue.persona
    return ResponseItem(
        dialogue.id,
        turn.index,
        turn.system,
        response,
        group_of(persona),
        impression=persona.impression if persona else "",
        acts=_tuples(turn.acts),
    )


def noted_item(dialogue: Dialogue, turn: Turn, prediction: Prediction | None) -> NotedItem:
    """What a prediction notes, as far as it is of the documented form.

    A note of usage says that a language model was asked by a system that notes what it cannot read, so that no note of
    anything unread is a finding: all was read.
    """
    group = group_of(dialogue.persona)
    if prediction is None:
        return NotedItem(dialogue.id, turn.index, answered=False, group=group)
    notes, usage = prediction.notes, usage_in(prediction.notes)
    unreadable = notes.get(UNREADABLE_NOTE)
    unread, unknown = (len(noted) if isinstance(noted := notes.get(name), list) else None for name in _LISTS)
    if unreadable is True:
        unread = max(unread or 0, 1)
    if usage:
        unreadable, unread = bool(unreadable), unread or 0
        unknown = unknown or (0 if prediction.state is not None else unknown)
    return NotedItem(
        dialogue.id,
        turn.index,
        unreadable=unreadable if isinstance(unreadable, bool) else None,
        unread=unread,
        unknown=unknown,
        usage=usage,
        group=group,
    )


def _dialogue_item(dialogue: Dialogue, pairing: Pairing) -> DialogueItem:
    goal = {
        domain: DomainWish(dict(wish.inform), tuple(wish.request), dict(wish.book))
        for domain, wish in dialogue.goal.items()
    }
    turns = tuple(
        DialogueTurn(
            reference=turn.system,
            gold_state=turn.state,
            gold_acts=_tuples(turn.acts),
            services=turn.services,
            response=prediction.response if prediction else None,
            state=prediction.state if prediction else None,
            acts=_tuples(prediction.acts) if prediction and prediction.acts is not None else None,
            active_domains=prediction.active_domains if prediction else None,
            spans=tuple(
                (span.domain, span.slot, span.value, span.start, span.end)
                for span in turn.spans
                if span.side == "system"
            ),
            booked=turn.booked,
        )
        for turn, prediction in zip(scored_turns(pairing.task, dialogue), pairing.of(dialogue), strict=True)
    )
    return DialogueItem(dialogue.id, turns, goal, group_of(dialogue.persona))


def _tuples(acts: Sequence[Act]) -> tuple[ActTuple, ...]:
    return tuple((act.domain, act.act, act.slot, act.value) for act in acts)
