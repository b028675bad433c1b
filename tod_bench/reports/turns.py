"""Predicted states turn by turn, as the metric that a table shows judges them: which turns are right, which slots not.

Right and wrong come from the metric's own statistics, so the parts that are shown here always add up to its score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from metrics.base import FloatArray
from metrics.items import StateItem
from metrics.normalized_states import Key, States
from metrics.states import StateBatch
from tod_bench.corpora.base import Corpus
from tod_bench.errors import DataError
from tod_bench.records import Dialogue
from tod_bench.results import Cell
from tod_bench.scoring import pair
from tod_bench.scoring.choosing import build_metric
from tod_bench.scoring.explaining import wrong_slots
from tod_bench.scoring.items import build_items, clusters_of
from tod_bench.tasks import Predictions

Kind = Literal["missed", "added", "wrong"]


@dataclass(frozen=True, slots=True)
class SlotError:
    """A slot of a turn whose prediction differs from gold.

    Attributes:
        slot: The slot, as ``domain-slot``.
        kind: ``missed`` (gold alone has it), ``added`` (the prediction alone) or ``wrong`` (another value).
        gold: The acceptable values, as the protocol compares them; empty where gold has none.
        predicted: The predicted value as it compares it; empty where there is none.
        moved_to: Another wrong slot that was given the value that belongs here; empty where there is none.
    """

    slot: str
    kind: Kind
    gold: tuple[str, ...]
    predicted: str
    moved_to: str = ""


@dataclass(frozen=True)
class StateTurns:
    """The turns of one cell's belief states, in corpus order.

    Attributes:
        cell: The cell.
        metric: The metric that judges, ``jga`` or ``jga@protocol``.
        dialogues: The gold dialogues.
        cluster: Dialogue of each turn, as a number.
        statistics: The metric's statistics of each turn, shape (turns, 2): points got, points to be had.
        gold: Gold state of each turn as the protocol compares it: (domain, slot) -> acceptable values.
        errors: Wrong slots of each turn.
        at: (dialogue id, turn index) -> position of the turn.
    """

    cell: Cell
    metric: str
    dialogues: Sequence[Dialogue]
    cluster: Sequence[int]
    statistics: FloatArray
    gold: Sequence[Mapping[Key, tuple[str, ...]]]
    errors: Sequence[tuple[SlotError, ...]]
    at: Mapping[tuple[str, int], int]

    def right(self, position: int) -> bool:
        """Whether a turn got every point that it could."""
        got, possible = self.statistics[position]
        return bool(got >= possible)


def state_turns(
    cell: Cell, metric: str, corpus: Corpus, dialogues: Sequence[Dialogue], predictions: Predictions
) -> StateTurns:
    """Judges the predicted states of a cell.

    Args:
        cell: The cell.
        metric: A spec of joint goal accuracy.
        corpus: The corpus.
        dialogues: The gold dialogues.
        predictions: The cell's predictions; turns that are missing count as empty.

    Raises:
        UserError: The predictions do not fit the dialogues, or the metric does not apply to the corpus.
    """
    built = build_metric("dst", metric, {})
    batch = build_items(StateItem, pair("dst", dialogues, predictions, partial=True), corpus.schema, {})
    if not isinstance(batch, StateBatch):
        raise TypeError("states come as a batch")
    rules = built.rules  # type: ignore[attr-defined]
    try:
        statistics, states = built.statistics(batch), batch.states(rules)
        wrong = [wrong_slots(batch, rules, number) for number in range(len(batch))]
    except ValueError as error:
        raise DataError(str(error)) from None
    return StateTurns(
        cell,
        metric,
        dialogues,
        clusters_of(StateItem, "dst", dialogues),
        statistics,
        states.gold,
        [_errors(slots, states) for slots in wrong],
        {(item.dialogue_id, item.turn): number for number, item in enumerate(batch)},
    )


def judging_metric(specs: Sequence[str]) -> str:
    """The spec of joint goal accuracy by which turns are judged: the first of a config's, else the default."""
    return next((spec for spec in specs if spec.partition("@")[0] == "jga"), "jga")


def _errors(wrong: Mapping[Key, tuple[tuple[str, ...], str]], states: States) -> tuple[SlotError, ...]:
    return tuple(
        SlotError("-".join(key), _kind(gold, predicted), gold, predicted, _moved_to(key, gold, wrong, states))
        for key, (gold, predicted) in sorted(wrong.items())
    )


def _kind(gold: tuple[str, ...], predicted: str) -> Kind:
    if not gold:
        return "added"
    return "wrong" if predicted else "missed"


def _moved_to(key: Key, gold: tuple[str, ...], wrong: Mapping[Key, tuple[tuple[str, ...], str]], states: States) -> str:
    for other, (_, predicted) in sorted(wrong.items()):
        if gold and predicted and other != key and states.match(key, gold, predicted) >= 1.0:
            return "-".join(other)
    return ""
