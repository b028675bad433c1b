"""Predicted states turn by turn, as the metric that a table shows judges them: which turns are right, which slots not.

Right and wrong come from the metric's own statistics, so the parts that are shown here always add up to its score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tod_bench.corpora.base import Corpus
from tod_bench.errors import DataError
from tod_bench.experiments.results import Experiment
from tod_bench.records import Dialogue
from tod_bench.scoring import pair
from tod_bench.scoring.metrics import build_metric
from tod_bench.scoring.pairing import build_items, clusters_of
from tod_bench.scoring.state_errors import StateError, state_errors
from tod_bench.tasks import Predictions
from tod_metrics import parse_spec
from tod_metrics.base import FloatArray
from tod_metrics.items import StateItem
from tod_metrics.state.normalized_states import Key
from tod_metrics.state.states import StateBatch


@dataclass(frozen=True)
class StateTurns:
    """The turns of one experiment's belief states, in corpus order.

    Attributes:
        experiment: The experiment.
        metric: The metric that judges, ``jga`` or ``jga@protocol``.
        dialogues: The gold dialogues.
        cluster: Dialogue of each turn, as a number.
        statistics: The metric's statistics of each turn, shape (turns, 2): points got, points to be had.
        gold: Gold state of each turn as the protocol compares it: (domain, slot) -> acceptable values.
        errors: Wrong slots of each turn.
        at: (dialogue id, turn index) -> position of the turn.
    """

    experiment: Experiment
    metric: str
    dialogues: Sequence[Dialogue]
    cluster: Sequence[int]
    statistics: FloatArray
    gold: Sequence[Mapping[Key, tuple[str, ...]]]
    errors: Sequence[tuple[StateError, ...]]
    at: Mapping[tuple[str, int], int]

    def right(self, position: int) -> bool:
        """Whether a turn got every point that it could."""
        got, possible = self.statistics[position]
        return bool(got >= possible)


def state_turns(
    experiment: Experiment, metric: str, corpus: Corpus, dialogues: Sequence[Dialogue], predictions: Predictions
) -> StateTurns:
    """Judges the predicted states of a experiment.

    Args:
        experiment: The experiment.
        metric: A spec of joint goal accuracy.
        corpus: The corpus.
        dialogues: The gold dialogues.
        predictions: The experiment's predictions; turns that are missing are wrong.

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
        errors = state_errors(batch, rules)
    except ValueError as error:
        raise DataError(str(error)) from None
    return StateTurns(
        experiment,
        metric,
        dialogues,
        clusters_of(StateItem, "dst", dialogues),
        statistics,
        states.gold,
        errors,
        {(item.dialogue_id, item.turn): number for number, item in enumerate(batch)},
    )


def judging_metric(specs: Sequence[str]) -> str:
    """The spec of joint goal accuracy by which turns are judged: the first of a config's, else the default."""
    return next((spec for spec in specs if parse_spec(spec).name == "jga"), "jga")
