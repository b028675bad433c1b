"""Turn updates (what a turn changes of a state) accumulated into states."""

from collections.abc import Iterable
from dataclasses import replace

from tod_bench.records import Dialogue, Prediction
from tod_metrics.normalization import canonical_slot

_GONE = frozenset({"", "none", "not mentioned"})


def accumulated(predictions: Iterable[Prediction]) -> list[Prediction]:
    """Predictions whose states are turn updates, with the states that the updates add up to.

    An update adds slots and overwrites their values; a value of ``none``, ``not mentioned`` or nothing takes a slot
    away. Turns that were not predicted stay so, and the next update goes on from the last state. A value keeps the
    confidence that it came with.

    Args:
        predictions: The predictions, in any order; each turn once.

    Returns:
        The predictions in the order that they came in, slots in canonical spelling.
    """
    given = list(predictions)
    order = sorted(range(len(given)), key=lambda position: (given[position].dialogue_id, given[position].turn))
    state: dict[tuple[str, str], str] = {}
    sure: dict[tuple[str, str], float] = {}
    dialogue = None
    for position in order:
        prediction = given[position]
        if prediction.dialogue_id != dialogue:
            dialogue, state, sure = prediction.dialogue_id, {}, {}
        if prediction.state is None:
            continue
        stated = {
            canonical_slot(domain, slot): value
            for domain, slots in (prediction.confidence or {}).items()
            for slot, value in slots.items()
        }
        for domain, slots in prediction.state.items():
            for slot, value in slots.items():
                key = canonical_slot(domain, slot)
                sure.pop(key, None)
                if key in stated:
                    sure[key] = stated[key]
                if " ".join(value.lower().split()) in _GONE:
                    state.pop(key, None)
                else:
                    state[key] = value
        whole: dict[str, dict[str, str]] = {}
        confidence: dict[str, dict[str, float]] = {}
        for (domain, slot), value in state.items():
            whole.setdefault(domain, {})[slot] = value
            if (domain, slot) in sure:
                confidence.setdefault(domain, {})[slot] = sure[domain, slot]
        given[position] = replace(prediction, state=whole, confidence=confidence or None)
    return given


def in_view(prediction: Prediction, dialogue: Dialogue) -> Prediction:
    """For SGD's frame view, whose gold states have only the turn's own services: the same of the predicted state."""
    if not dialogue.corpus.startswith("sgd-frame") or not prediction.state or prediction.turn >= len(dialogue.turns):
        return prediction
    services = dialogue.turns[prediction.turn].services
    return replace(prediction, state={name: slots for name, slots in prediction.state.items() if name in services})
