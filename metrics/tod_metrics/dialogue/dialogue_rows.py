"""Rows that are whole dialogues, for Inform, Success and the like.

    prediction  [{"response": "...", "state": {...}, "active_domains": ["hotel"]}, ...]      one a turn
    reference   {"goal": {"hotel": {"inform": {"area": "east"}, "request": ["phone"], "book": {}}},
                 "turns": [{"reference": "...", "state": {...}, "services": ["hotel"]}, ...]}

A predicted turn may have ``response``, ``state``, ``acts`` and ``active_domains``; what is left out was not predicted.
A gold turn has ``reference`` and may have ``state``, ``acts``, ``services``, ``spans`` (domain, slot, value, start,
end) and ``booked`` (the domains booked by then); the reference may also have ``dialogue_id`` and ``group``.
"""

from collections.abc import Sequence
from typing import Any

from tod_metrics.adapters.row_values import acts, fields, gold_state, parsed, predicted_state, text
from tod_metrics.items import DialogueItem, DialogueTurn, DomainWish


def dialogue_items(predictions: Sequence[Any], references: Sequence[Any]) -> list[DialogueItem]:
    """Items of rows that are dialogues.

    Raises:
        ValueError: A row does not have the form, or has not as many predicted turns as gold ones.
    """
    return [
        _item(place, parsed(f"row {place}", prediction), parsed(f"row {place}", reference))
        for place, (prediction, reference) in enumerate(zip(predictions, references, strict=True))
    ]


def _item(number: int, prediction: Any, reference: Any) -> DialogueItem:
    place = f"row {number}"
    gold = fields(place, reference, ("dialogue_id", "goal", "turns", "group"))
    turns = gold.get("turns", ())
    if not isinstance(prediction, Sequence) or len(prediction) != len(turns):
        raise ValueError(f"{place}: the prediction must be a list of {len(turns)} turns, as the reference has")
    return DialogueItem(
        dialogue_id=str(gold.get("dialogue_id", place)),
        turns=tuple(
            _turn(f"{place}, turn {index}", one, other)
            for index, (one, other) in enumerate(zip(prediction, turns, strict=True))
        ),
        goal={domain: _wish(f"{place}, goal {domain}", wish) for domain, wish in gold.get("goal", {}).items()},
        group=gold.get("group", {}),
    )


def _turn(place: str, prediction: Any, reference: Any) -> DialogueTurn:
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
