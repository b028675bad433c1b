"""The protocol table: every number of one prediction file, metrics down and protocols across.

There is no bare "JGA": the field computes it in several ways, so they stand side by side.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tod_bench.corpora.base import Corpus
from tod_bench.errors import extra_needed
from tod_bench.predictions import GOLD_NOTE, KEPT_NOTES, gold_in
from tod_bench.records import Dialogue, TaskName
from tod_bench.scores import Score, Slice
from tod_bench.scoring.calibration import check_confidence
from tod_bench.scoring.disagreements import Disagreement, explain
from tod_bench.scoring.gold import require_gold, require_personas
from tod_bench.scoring.metrics import (
    FIELDS,
    OF_FRAME_ANSWERS,
    OF_NOTES,
    default_metrics,
    frame_metrics,
    response_metrics,
    scores_task,
    specs,
    task_protocols,
)
from tod_bench.scoring.pairing import Pairing, Predictions, pair
from tod_bench.scoring.resources import Resources
from tod_bench.scoring.score import score
from tod_bench.scoring.turn_updates import add_up, updates_remark
from tod_bench.splits import signed_split, split_notes
from tod_metrics.protocols import state_protocol

if TYPE_CHECKING:
    from pandas import DataFrame


_SCORED_NOTES = frozenset(KEPT_NOTES) - {GOLD_NOTE}


@dataclass(frozen=True)
class ProtocolTable:
    """The scores of one task under several protocols.

    Attributes:
        task: The task.
        protocols: The columns.
        scores: Every score, of domains and groups too.
        pairing: Dialogues and predictions that were scored.
        remarks: Sentences about the whole table.
    """

    task: TaskName
    protocols: tuple[str, ...]
    scores: tuple[Score, ...]
    pairing: Pairing
    remarks: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The task, and how many turns it is over and were answered."""
        return f"{self.task}: {self.pairing.turns} turns, coverage {100 * self.pairing.coverage:.1f}%"

    @property
    def rows(self) -> tuple[tuple[str, Slice | None], ...]:
        """The rows: metric and slice, in order."""
        return tuple(dict.fromkeys((score.metric, score.slice) for score in self.scores))

    def score(self, metric: str, part: Slice | None, protocol: str) -> Score | None:
        """The score of a row under a protocol; None where the protocol does not define it."""
        same = (one for one in self.scores if (one.metric, one.slice, one.protocol) == (metric, part, protocol))
        return next(same, None)

    def to_pandas(self) -> "DataFrame":
        """A data frame of values, metrics and slices down and protocols across; missing where there is none."""
        with extra_needed("report", "to_pandas"):
            from pandas import DataFrame, MultiIndex
        rows = self.rows
        columns = {
            protocol: [found.value if (found := self.score(*row, protocol)) else None for row in rows]
            for protocol in self.protocols
        }
        index = MultiIndex.from_tuples([(metric, str(part or "")) for metric, part in rows], names=["metric", "slice"])
        return DataFrame(columns, index=index, dtype=float)


def protocol_table(
    task: TaskName,
    corpus: Corpus,
    split: str,
    dialogues: Sequence[Dialogue],
    predictions: Predictions,
    *,
    metrics: Sequence[str] = (),
    protocols: Sequence[str] = (),
    suffix: str = "",
    groups: Sequence[str] = (),
    partial: bool = False,
    draws: int = 1000,
    seed: int = 0,
    updates: bool = False,
) -> ProtocolTable:
    """Scores predictions under every protocol that is asked for.

    Args:
        task: The task.
        corpus: The corpus that was answered.
        split: The split expression.
        dialogues: Its dialogues.
        predictions: (dialogue id, turn) -> prediction.
        metrics: Metrics, also of other tasks; none of this task's for its default set.
        protocols: Protocols; empty for all that are usual for the corpus.
        suffix: Modifiers for every protocol, e.g. ``+nobook``.
        groups: Groupings of users to add rows for.
        partial: Accept missing turns.
        draws: Bootstrap draws.
        seed: Seed of the draws.
        updates: Take predicted states for turn updates, and add them up.

    Raises:
        UserError: A metric or protocol does not exist or does not apply.
        DataError: The predictions do not fit the dialogues.
    """
    where = f"{corpus.name} {split}"
    if updates and task == "dst":
        predictions = add_up(pair(task, dialogues, predictions, where=where, partial=partial))
    columns = tuple(protocol + suffix for protocol in protocols or task_protocols(task, corpus.schema))
    wanted: Sequence[str] = [spec for spec in metrics if scores_task(task, spec)]
    named, remarks = bool(wanted), list[str]()
    frame_fields = _frame_fields(predictions) if task == "dst" else set()
    if task == "response" and not named:
        fitting = response_metrics(corpus, dialogues, predictions.values())
        wanted, remarks = fitting.metrics, list(fitting.notes)
    usual = (*default_metrics(task), *(frame_metrics(columns, frame_fields) if task == "dst" else ()))
    if task == "dst":
        check_confidence(predictions, wanted)
    noted = () if named or not _has_notes(predictions) else OF_NOTES
    chosen = specs(task, [*(wanted or usual), *noted], columns)
    require_gold(corpus, split, task, chosen)
    require_personas(corpus, split, groups)
    scores: Sequence[Score] = score(
        task,
        dialogues,
        predictions,
        corpus_name=corpus.name,
        split=signed_split(corpus, split),
        notes=split_notes(corpus, split),
        schema=corpus.schema,
        metrics=chosen,
        draws=draws,
        seed=seed,
        partial=partial,
        groups=groups,
        resources=Resources(corpus, split),
        seen_services=corpus.seen_services,
    )
    scores = [found for found in scores if found.metric not in noted or found.value is not None]
    pairing = pair(task, dialogues, predictions, where=where, partial=partial)
    used = {found.protocol for found in scores}
    shown = tuple(name for name in dict.fromkeys([*columns, *(found.protocol for found in scores)]) if name in used)
    if gold := sorted({name for prediction in predictions.values() for name in gold_in(prediction.notes)}):
        remarks.append(f"the file says that its system was shown gold: {', '.join(gold)}")
    if task == "dst":
        remarks += [] if named else _unanswered(columns, frame_fields)
        remarks.append(_updates(pairing, corpus, shown, where, added_up=updates))
    return ProtocolTable(task, shown, tuple(scores), pairing, tuple(filter(None, remarks)))


def tasks_answered(predictions: Predictions, metrics: Sequence[str] = ()) -> tuple[TaskName, ...]:
    """The tasks that a prediction file answers, by the fields that it has; only those that the metrics score.

    Raises:
        UserError: There is no such metric.
    """
    return tuple(
        task
        for task, field in FIELDS.items()
        if any(getattr(prediction, field) is not None for prediction in predictions.values())
        if not metrics or any(scores_task(task, spec) for spec in metrics)
    )


def disagreements(table: ProtocolTable, corpus: Corpus) -> Iterator[tuple[str, list[Disagreement]]]:
    """What each further protocol of a table of states disagrees on with the first, protocol by protocol."""
    if table.task == "dst":
        for protocol in table.protocols[1:]:
            yield protocol, list(explain(table.pairing, corpus.schema, table.protocols[0], protocol))


def _has_notes(predictions: Predictions) -> bool:
    """Whether any prediction notes what could not be read or what it took."""
    return any(prediction.notes.keys() & _SCORED_NOTES for prediction in predictions.values())


def _frame_fields(predictions: Predictions) -> set[str]:
    """Which of the fields that SGD's official set scores beside states any prediction has."""
    return {
        field
        for field in OF_FRAME_ANSWERS
        if any(getattr(prediction, field) is not None for prediction in predictions.values())
    }


def _unanswered(protocols: Sequence[str], fields: Collection[str]) -> list[str]:
    """What of SGD's official set is not printed, because the predictions do not carry it."""
    lacking = [field for field in OF_FRAME_ANSWERS if field not in fields]
    left_out = [OF_FRAME_ANSWERS[field] for field in lacking]
    if not lacking or not set(left_out) & set(frame_metrics(protocols, lacking)):
        return []
    fields_named = " and ".join(f"`{field}`" for field in lacking)
    return [
        f"{' and '.join(left_out)} of SGD's official set need predictions that carry {fields_named} (service by "
        "service; docs/prediction.schema.json), and no turn of these does"
    ]


def _updates(pairing: Pairing, corpus: Corpus, shown: Sequence[str], where: str, *, added_up: bool) -> str:
    """What is to be said of turn updates: that they were added up, or that the file looks like some."""
    if added_up:
        return "the predicted states were taken for turn updates and added up (--updates)"
    defining = [name for name in shown if "jga" in state_protocol(name).metrics]
    return updates_remark(pairing, corpus.schema, defining[0] if defining else "tod_bench", where)
