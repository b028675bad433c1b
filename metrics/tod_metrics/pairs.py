"""Plain predictions and references, as training loops and Hugging Face evaluate hand them over, turned into items.

What a row is follows from the item that a metric scores:

    StateItem      prediction  {"restaurant": {"food": "italian"}}
                   reference   {"restaurant": {"food": ["italian", "roman"]}}     (one value may stand without a list)
    FrameItem      both        {"active_intent": {"Hotels_1": "SearchHotel"}, "requested": {"Hotels_1": ["phone"]}}
    ActItem        both        [["restaurant", "request", "area"], ["general", "greet"]]
    ResponseItem   both        "Which area?"
    EmotionItem    prediction  "curiosity"; reference None
    DialogueItem   see `tod_metrics.dialogue.dialogue_rows`

Some numbers need to know more. Then a reference is ``{"gold": <as above>, "dialogue_id": "sng0073", "turn": 0}`` with
any of the fields ``goal_domains``, ``services`` (states) and ``group`` (responses, emotions), and a predicted state may
be ``{"predicted": <as above>, "raw": "the span that the model wrote"}``. Rows of one dialogue in one call are linked by
their turns; a metric that asks for the turn before, where that is not known, gets an error and never a guess. A row
without a ``dialogue_id`` is a dialogue of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tod_metrics.adapters.row_values import acts, fields, frames, gold_state, parsed, predicted_state, text
from tod_metrics.dialogue.dialogue_rows import dialogue_items
from tod_metrics.items import ActItem, DialogueItem, FrameItem, ResponseItem, StateItem
from tod_metrics.style.emotions import EmotionItem

Item: TypeAlias = StateItem | FrameItem | ActItem | ResponseItem | EmotionItem | DialogueItem
_CONTEXT = ("gold", "dialogue_id", "turn", "goal_domains", "services", "group")


def items_of(kind: type[Item], predictions: Sequence[Any], references: Sequence[Any]) -> Sequence[Any]:
    """Items of rows.

    Args:
        kind: The item's type, a metric's `item`.
        predictions: One a row, in the form above; states, acts and dialogues may also be JSON text.
        references: In the same order.

    Raises:
        ValueError: The two differ in length, a row does not have the form, or two rows are the same turn.
    """
    if len(predictions) != len(references):
        raise ValueError(f"there are {len(predictions)} predictions and {len(references)} references")
    if kind is DialogueItem:
        return dialogue_items(predictions, references)
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
    raw, context = None, {}
    if isinstance(reference, Mapping) and "gold" in reference:
        context = fields(place, reference, _CONTEXT)
        reference = context["gold"]
    if isinstance(prediction, Mapping) and "predicted" in prediction:
        record = fields(place, prediction, ("predicted", "raw"))
        raw, prediction = record.get("raw"), record["predicted"]
    return _Row(place, reference, prediction, context, raw)


def _item(kind: type[Item], row: _Row) -> Item:
    group = row.context.get("group", {})
    if kind is ActItem:
        return ActItem(*row.key, acts(row.place, row.gold), acts(row.place, row.predicted))
    if kind is FrameItem:
        intents, requested = frames(row.place, row.gold)
        return FrameItem(*row.key, intents or {}, requested or {}, *frames(row.place, row.predicted))
    if kind is EmotionItem:
        return EmotionItem(*row.key, text(row.place, row.predicted), group)
    return ResponseItem(*row.key, text(row.place, row.gold), text(row.place, row.predicted), group)


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
            )
        )
    return items
