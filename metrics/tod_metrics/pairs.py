"""Plain predictions and references, as training loops and Hugging Face evaluate hand them over, turned into items.

What a row is follows from the item that a metric scores:

    StateItem      prediction  {"restaurant": {"food": "italian"}}
                   reference   {"restaurant": {"food": ["italian", "roman"]}}     (one value may stand without a list)
    FrameItem      both        {"active_intent": {"Hotels_1": "SearchHotel"}, "requested": {"Hotels_1": ["phone"]}}
    ActItem        both        [["restaurant", "request", "area"], ["general", "greet"]]
    ResponseItem   both        "Which area?"
    EmotionItem    prediction  "curiosity"; reference None
    DialogueItem   a whole dialogue, see below

Some numbers need to know more. Then a reference is ``{"gold": <as above>, "dialogue_id": "sng0073", "turn": 0}`` with
any of the fields ``goal_domains``, ``services`` (states), ``group`` (responses, emotions), ``impression`` and ``acts``
(responses). A predicted state may be ``{"predicted": <as above>, "raw": "the span that the model wrote", "confidence":
{"restaurant": {"food": 0.9}}}`` with either of the two. Rows of one dialogue in one call are linked by their turns; a
metric that asks for the turn before, where that is not known, gets an error and never a guess. A row without a
``dialogue_id`` is a dialogue of its own.

A row that is a whole dialogue, for Inform, Success and the like:

    prediction  [{"response": "...", "state": {...}, "active_domains": ["hotel"]}, ...]      one a turn
    reference   {"goal": {"hotel": {"inform": {"area": "east"}, "request": ["phone"], "book": {}}},
                 "turns": [{"reference": "...", "state": {...}, "services": ["hotel"]}, ...]}

A predicted turn may have ``response``, ``state``, ``acts`` and ``active_domains``; what is left out was not predicted.
A gold turn has ``reference`` and may have ``state``, ``acts``, ``services``, ``spans`` (domain, slot, value, start,
end) and ``booked`` (the domains booked by then); the reference may also have ``dialogue_id`` and ``group``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tod_metrics.adapters.row_values import acts, fields, frames, gold_state, parsed, predicted_state, text
from tod_metrics.items import (
    ActItem,
    DialogueItem,
    DialogueTurn,
    DomainWish,
    FrameItem,
    NotedItem,
    ResponseItem,
    StateItem,
)
from tod_metrics.style.emotions import EmotionItem

Item: TypeAlias = StateItem | FrameItem | ActItem | ResponseItem | EmotionItem | DialogueItem | NotedItem
_CONTEXT = ("gold", "dialogue_id", "turn", "goal_domains", "services", "group", "impression", "acts")


def items_of(kind: type[Item], predictions: Sequence[Any], references: Sequence[Any]) -> Sequence[Any]:
    """Items of rows.

    Args:
        kind: The item's type, a metric's `item`.
        predictions: One a row, in the form above; states, acts and dialogues may also be JSON text.
        references: In the same order.

    Raises:
        ValueError: The two differ in length, a row does not have the form, or two rows are the same turn; or the metric
            scores what prediction files note, which rows do not have.
    """
    if kind is NotedItem:
        raise ValueError(
            "this metric scores what the notes of a prediction file say, which these rows do not have; score the file "
            "with `tod-bench score`"
        )
    if len(predictions) != len(references):
        raise ValueError(f"there are {len(predictions)} predictions and {len(references)} references")
    if kind is DialogueItem:
        return [
            _dialogue_item(f"row {number}", parsed(f"row {number}", prediction), parsed(f"row {number}", reference))
            for number, (prediction, reference) in enumerate(zip(predictions, references, strict=True))
        ]
    is_text = kind in (ResponseItem, EmotionItem)
    rows = [
        _row(f"row {number}", prediction, reference, is_text=is_text)
        for number, (prediction, reference) in enumerate(zip(predictions, references, strict=True))
    ]
    if kind is StateItem:
        return _states(rows)
    return [_item(kind, row) for row in rows]


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    gold: Any
    predicted: Any
    context: Mapping[str, Any]
    raw: str | None
    confidence: Mapping[str, Mapping[str, float]] | None = None

    @property
    def key(self) -> tuple[str, int]:
        return str(self.context.get("dialogue_id", self.place)), int(self.context.get("turn", 0))


@dataclass(frozen=True, slots=True)
class _Unknown(Mapping[str, Any]):
    """The state of a turn that was not handed over: whoever looks at it is told so."""

    place: str

    def _error(self) -> ValueError:
        return ValueError(
            f"{self.place}: this metric looks at the turn before, which is not among the rows; give every turn of a"
            ' dialogue in one call, each reference as {"gold": ..., "dialogue_id": ..., "turn": ...}'
        )

    def __getitem__(self, key: str) -> Any:
        raise self._error()

    def __iter__(self) -> Iterator[str]:
        raise self._error()

    def __len__(self) -> int:
        raise self._error()


def _row(place: str, prediction: Any, reference: Any, *, is_text: bool) -> _Row:
    if not is_text:
        prediction, reference = parsed(place, prediction), parsed(place, reference)
    raw, sure, context = None, None, {}
    if isinstance(reference, Mapping) and "gold" in reference:
        context = fields(place, reference, _CONTEXT)
        reference = context["gold"]
    if isinstance(prediction, Mapping) and "predicted" in prediction:
        record = fields(place, prediction, ("predicted", "raw", "confidence"))
        raw, sure, prediction = record.get("raw"), record.get("confidence"), record["predicted"]
    return _Row(place, reference, prediction, context, raw, sure)


def _item(kind: type[Item], row: _Row) -> Item:
    group = row.context.get("group", {})
    if kind is ActItem:
        return ActItem(*row.key, acts(row.place, row.gold), acts(row.place, row.predicted))
    if kind is FrameItem:
        intents, requested = frames(row.place, row.gold)
        return FrameItem(*row.key, intents or {}, requested or {}, *frames(row.place, row.predicted))
    if kind is EmotionItem:
        return EmotionItem(*row.key, text(row.place, row.predicted), group)
    return ResponseItem(
        *row.key,
        text(row.place, row.gold),
        text(row.place, row.predicted),
        group,
        impression=text(row.place, row.context.get("impression", "")),
        acts=acts(row.place, row.context.get("acts", ())),
    )


def _states(rows: Sequence[_Row]) -> list[StateItem]:
    """State items, each with the states of the turn before."""
    read = {}
    for row in rows:
        if row.key in read:
            raise ValueError(f"{row.place}: dialogue {row.key[0]}, turn {row.key[1]} stands in an earlier row already")
        read[row.key] = (gold_state(row.place, row.gold), predicted_state(row.place, row.predicted))
    items = []
    for row in rows:
        dialogue, turn = row.key
        first = "dialogue_id" in row.context and turn == 0
        before = ({}, {}) if first else read.get((dialogue, turn - 1), (_Unknown(row.place),) * 2)
        items.append(
            StateItem(
                dialogue,
                turn,
                *read[row.key],
                goal_domains=tuple(row.context.get("goal_domains", ())),
                services=tuple(row.context.get("services", ())),
                previous_gold=before[0],
                previous_predicted=before[1],
                raw=row.raw,
                confidence=row.confidence,
            )
        )
    return items


def _dialogue_item(place: str, prediction: Any, reference: Any) -> DialogueItem:
    gold = fields(place, reference, ("dialogue_id", "goal", "turns", "group"))
    turns = gold.get("turns", ())
    if not isinstance(prediction, Sequence) or len(prediction) != len(turns):
        raise ValueError(f"{place}: the prediction must be a list of {len(turns)} turns, as the reference has")
    return DialogueItem(
        dialogue_id=str(gold.get("dialogue_id", place)),
        turns=tuple(
            _dialogue_turn(f"{place}, turn {index}", one, other)
            for index, (one, other) in enumerate(zip(prediction, turns, strict=True))
        ),
        goal={domain: _wish(f"{place}, goal {domain}", wish) for domain, wish in gold.get("goal", {}).items()},
        group=gold.get("group", {}),
    )


def _dialogue_turn(place: str, prediction: Any, reference: Any) -> DialogueTurn:
    predicted = fields(place, prediction, ("response", "state", "acts", "active_domains"))
    gold = fields(place, reference, ("reference", "state", "acts", "services", "spans", "booked"))
    active, booked = predicted.get("active_domains"), gold.get("booked")
    return DialogueTurn(
        reference=text(place, gold.get("reference")),
        gold_state=gold_state(place, gold.get("state", {})),
        gold_acts=acts(place, gold.get("acts", ())),
        services=tuple(gold.get("services", ())),
        response=text(place, predicted["response"]) if predicted.get("response") is not None else None,
        state=predicted_state(place, predicted["state"]) if predicted.get("state") is not None else None,
        acts=acts(place, predicted["acts"]) if predicted.get("acts") is not None else None,
        active_domains=None if active is None else tuple(active),
        spans=tuple((span[0], span[1], span[2], span[3], span[4]) for span in gold.get("spans", ())),
        booked=None if booked is None else tuple(booked),
    )


def _wish(place: str, wish: Any) -> DomainWish:
    found = fields(place, wish, ("inform", "request", "book"))
    return DomainWish(found.get("inform", {}), tuple(found.get("request", ())), found.get("book", {}))
