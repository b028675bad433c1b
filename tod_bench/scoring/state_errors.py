"""Predicted states against gold, slot by slot: what kind of error each wrong slot is, counted by slot and by turn.

batch ──wrong slots──▶ errors of each turn, each in one class ──counting──▶ table by slot, table by turn
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from tod_bench.errors import DataError, UserError
from tod_bench.records import Schema
from tod_bench.scoring.disagreements import wrong_slots
from tod_bench.scoring.pairing import Pairing, state_batch
from tod_metrics.protocols import StateProtocol, state_protocol
from tod_metrics.state.normalized_states import Key, States
from tod_metrics.state.states import StateBatch

ErrorClass = Literal["missed", "hallucinated", "wrong value", "wrong domain", "carried over"]
"""What kind of error a wrong slot of a turn is; the first of these that applies, from the last to the first:

- ``carried over``: it was wrong in the turn before, and neither gold nor the prediction has changed since;
- ``wrong domain``: its value was given to the same slot of another domain, or belongs there;
- ``wrong value``: gold and the prediction have different values;
- ``hallucinated``: the prediction alone has it;
- ``missed``: gold alone has it.
"""

CLASSES: tuple[ErrorClass, ...] = get_args(ErrorClass)

Wrong = Mapping[Key, tuple[tuple[str, ...], str]]
"""(domain, slot) -> gold values (empty where gold lacks it), predicted value (likewise)."""


@dataclass(frozen=True, slots=True)
class StateError:
    """A slot of a turn whose prediction differs from gold.

    Attributes:
        slot: The slot, as ``domain-slot``.
        kind: Its class.
        gold: The acceptable values, as the protocol compares them; empty where gold has none.
        predicted: The predicted value as it compares it; empty where there is none.
        moved_to: Another wrong slot that was given the value that belongs here; empty where there is none.
    """

    slot: str
    kind: ErrorClass
    gold: tuple[str, ...]
    predicted: str
    moved_to: str = ""

    @property
    def side(self) -> Literal["missed", "added", "wrong"]:
        """Who has the slot: gold alone, the prediction alone, or both with different values."""
        return "added" if not self.gold else "wrong" if self.predicted else "missed"


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """The errors of one slot, or of one turn of the dialogues.

    Attributes:
        name: The slot as ``domain-slot``, or the turn counted from 1.
        gold: Turns whose gold state has the slot; for a turn, gold slots.
        counts: Class -> errors.
    """

    name: str
    gold: int
    counts: Mapping[ErrorClass, int]

    @property
    def errors(self) -> int:
        """Errors of every class."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """Every error of a file's states.

    Attributes:
        protocol: The protocol under which they are errors.
        turns: Number of turns.
        wrong: Turns that are not right.
        unpredicted: Turns that were not predicted, whose gold slots are all missed.
        total: All errors.
        by_slot: One row a slot, the most errors first.
        by_turn: One row a turn index.
    """

    protocol: str
    turns: int
    wrong: int
    unpredicted: int
    total: ErrorRow
    by_slot: tuple[ErrorRow, ...]
    by_turn: tuple[ErrorRow, ...]


def error_table(pairing: Pairing, schema: Schema, protocol: str) -> ErrorTable:
    """Counts the errors of predicted states by class.

    Args:
        pairing: Dialogues and predicted states.
        schema: The corpus's schema.
        protocol: The protocol that decides what is wrong.

    Raises:
        UserError: There is no such protocol, or it does not apply to the corpus.
        DataError: A slot is predicted twice.
    """
    batch = state_batch(pairing, schema)
    try:
        rules = state_protocol(protocol)
    except ValueError as error:
        raise UserError(str(error)) from None
    try:
        errors, gold = state_errors(batch, rules), batch.states(rules).gold
    except ValueError as error:
        raise DataError(str(error)) from None
    items_at = [item.turn for item in batch]
    kinds = Counter(error.kind for listed in errors for error in listed)
    return ErrorTable(
        protocol=protocol,
        turns=len(batch),
        wrong=sum(item.missing or bool(listed) for item, listed in zip(batch, errors, strict=True)),
        unpredicted=sum(item.missing for item in batch),
        total=ErrorRow("all", sum(map(len, gold)), _counts(kinds)),
        by_slot=rows_by_slot(gold, errors),
        by_turn=_rows_by_turn(items_at, gold, errors),
    )


def rows_by_slot(gold: Sequence[Mapping[Key, object]], errors: Sequence[Sequence[StateError]]) -> tuple[ErrorRow, ...]:
    """The errors of every slot that gold or a prediction has, the most errors first, from one entry a turn."""
    held = Counter("-".join(key) for state in gold for key in state)
    found: dict[str, Counter[ErrorClass]] = {slot: Counter() for slot in held}
    for listed in errors:
        for error in listed:
            found.setdefault(error.slot, Counter())[error.kind] += 1
    rows = [ErrorRow(slot, held[slot], _counts(kinds)) for slot, kinds in found.items()]
    return tuple(sorted(rows, key=lambda row: (-row.errors, row.name)))


def _rows_by_turn(
    turns: Sequence[int], gold: Sequence[Mapping[Key, object]], errors: Sequence[Sequence[StateError]]
) -> tuple[ErrorRow, ...]:
    held: Counter[int] = Counter()
    found: dict[int, Counter[ErrorClass]] = {turn: Counter() for turn in sorted(set(turns))}
    for turn, state, listed in zip(turns, gold, errors, strict=True):
        held[turn] += len(state)
        found[turn].update(error.kind for error in listed)
    return tuple(ErrorRow(str(turn + 1), held[turn], _counts(kinds)) for turn, kinds in found.items())


def state_errors(batch: StateBatch, rules: StateProtocol) -> list[tuple[StateError, ...]]:
    """The errors of each item, each in exactly one class; items of a dialogue are in order of turns.

    Raises:
        ValueError: A slot is predicted twice, or the protocol does not apply.
    """
    states = batch.states(rules)
    found: list[tuple[StateError, ...]] = []
    dialogue, before = None, dict[Key, tuple[tuple[str, ...], str]]()
    for number, item in enumerate(batch):
        if item.dialogue_id != dialogue:
            dialogue, before = item.dialogue_id, {}
        wrong = wrong_slots(batch, rules, number)
        found.append(tuple(_error(key, wrong, before, states) for key in sorted(wrong)))
        before = wrong
    return found


def _error(key: Key, wrong: Wrong, before: Wrong, states: States) -> StateError:
    gold, predicted = wrong[key]
    moved = next(_moved(key, wrong, states), None)
    kind: ErrorClass
    if before.get(key) == wrong[key]:
        kind = "carried over"
    elif any(_same_slot(key, other) for other in (*_moved(key, wrong, states), *_belongs(key, wrong, states))):
        kind = "wrong domain"
    else:
        kind = "hallucinated" if not gold else "wrong value" if predicted else "missed"
    return StateError("-".join(key), kind, gold, predicted, "-".join(moved) if moved else "")


def _moved(key: Key, wrong: Wrong, states: States) -> Iterator[Key]:
    """The wrong slots that were given the value that belongs to `key`."""
    gold = wrong[key][0]
    for other, (_, predicted) in sorted(wrong.items()):
        if gold and predicted and other != key and states.match(key, gold, predicted) >= 1.0:
            yield other


def _belongs(key: Key, wrong: Wrong, states: States) -> Iterator[Key]:
    """The wrong slots that the value given to `key` belongs to."""
    predicted = wrong[key][1]
    for other, (gold, _) in sorted(wrong.items()):
        if gold and predicted and other != key and states.match(other, gold, predicted) >= 1.0:
            yield other


def _same_slot(one: Key, other: Key) -> bool:
    """Whether two slots are the same of different domains; booking slots have the name without ``book``."""
    return one[0] != other[0] and one[1].removeprefix("book ") == other[1].removeprefix("book ")


def _counts(found: Mapping[ErrorClass, int]) -> dict[ErrorClass, int]:
    return {kind: found.get(kind, 0) for kind in CLASSES}
