"""Why two protocols disagree: the turns that one calls right and the other wrong, with the slot and both values."""

from collections.abc import Iterator
from dataclasses import dataclass

from tod_bench.errors import UserError
from tod_bench.records import Schema
from tod_bench.scoring.pairing import Pairing, state_batch
from tod_metrics.protocols import StateProtocol, state_protocol
from tod_metrics.state.normalized_states import Key
from tod_metrics.state.states import StateBatch


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A slot for which one protocol calls a turn's state wrong that another calls right.

    Attributes:
        dialogue_id: The dialogue.
        turn: The turn's index.
        right: The protocol under which the turn is right.
        wrong: The protocol under which it is wrong.
        slot: The slot that makes the difference, as ``domain-slot``.
        gold: Gold values as the wrong protocol compares them; empty where gold has none.
        predicted: The predicted value as it compares it; empty where nothing is predicted.
    """

    dialogue_id: str
    turn: int
    right: str
    wrong: str
    slot: str
    gold: tuple[str, ...]
    predicted: str

    def __str__(self) -> str:
        gold = " / ".join(map(repr, self.gold)) if self.gold else "nothing"
        predicted = repr(self.predicted) if self.predicted else "nothing"
        return (
            f"dialogue {self.dialogue_id}, turn {self.turn}: right under {self.right}, wrong under {self.wrong}: "
            f"{self.slot}, gold {gold}, predicted {predicted}"
        )


def explain(pairing: Pairing, schema: Schema, first: str, second: str) -> Iterator[Disagreement]:
    """Turns whose joint goal differs between two protocols, in corpus order, one slot at a time.

    Args:
        pairing: Dialogues and predicted states.
        schema: The corpus's schema.
        first: A protocol.
        second: Another.

    Raises:
        UserError: There is no such protocol, or it does not apply to the corpus.
    """
    batch = state_batch(pairing, schema)
    try:
        rules = state_protocol(first), state_protocol(second)
        wrong = [[wrong_slots(batch, rule, number) for number in range(len(batch))] for rule in rules]
    except ValueError as error:
        raise UserError(str(error)) from None
    for item, one, other in zip(batch, *wrong, strict=True):
        if bool(one) != bool(other):
            right, failing, slots = (second, first, one) if one else (first, second, other)
            for key, (gold, predicted) in sorted(slots.items()):
                yield Disagreement(item.dialogue_id, item.turn, right, failing, "-".join(key), gold, predicted)


def wrong_slots(batch: StateBatch, rules: StateProtocol, number: int) -> dict[Key, tuple[tuple[str, ...], str]]:
    """The slots of one item that differ under a protocol: (domain, slot) -> gold values, predicted value.

    Gold values are empty where gold lacks the slot, the predicted value where the prediction does.
    """
    states = batch.states(rules)
    gold, predicted = states.gold[number], states.predicted[number]
    services = batch[number].services if rules.slots == "schema" else ()
    return {
        key: (gold.get(key, ()), predicted.get(key, ""))
        for key in gold.keys() | predicted.keys()
        if not services or key[0] in services
        if key not in gold or key not in predicted or states.match(key, gold[key], predicted[key]) < 1.0
    }
