"""Scoring predictions: the scores of every metric that is asked for, with intervals.

metrics by name ─▶ is there gold for them? ─▶ pairing ─▶ statistics of each dialogue (rows) ─▶ values and intervals
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from tod_bench.errors import UserError, extra_needed
from tod_bench.gc import gc_paused
from tod_bench.records import Dialogue, Prediction, Schema, TaskName
from tod_bench.scores import Score
from tod_bench.scoring.gold import check_gold
from tod_bench.scoring.metrics import build_metric, default_metrics
from tod_bench.scoring.pairing import GROUPINGS, Predictions, pair
from tod_bench.scoring.rows import Batches, ScoreRow, corpus_scores, metric_rows
from tod_bench.statistics import bootstrap_intervals
from tod_metrics import CorpusMetric, Metric, parse_spec

if TYPE_CHECKING:
    from pandas import DataFrame

SEEN, UNSEEN = "seen services", "unseen services"


class ScoreSheet(list[Score]):
    """The scores of predictions: for each metric the whole, then each domain or service, then each group.

    Attributes:
        rows: What they were computed from, in the same order: the statistics of each dialogue, for tests between
            systems. Metrics of the corpus as a whole (`tod_metrics.CorpusMetric`) have none.
    """

    def __init__(self, scores: Iterable[Score], rows: Sequence[ScoreRow] = ()) -> None:
        super().__init__(scores)
        self.rows = tuple(rows)

    def to_pandas(self) -> "DataFrame":
        """A data frame of a row a score."""
        with extra_needed("report", "to_pandas"):
            from pandas import DataFrame
        return DataFrame(
            {
                **score.to_json(),
                "slice": str(score.slice or ""),
                "slice_kind": score.slice.kind if score.slice else "",
                "notes": "; ".join(score.notes),
            }
            for score in self
        )


@gc_paused()
def score(
    task: TaskName,
    dialogues: Iterable[Dialogue],
    predictions: Predictions | Iterable[Prediction],
    *,
    corpus_name: str,
    split: str,
    schema: Schema,
    metrics: Sequence[str] | None = None,
    draws: int = 1000,
    seed: int = 0,
    partial: bool = False,
    groups: Sequence[str] = (),
    database: Any = None,
    seen_services: Collection[str] | None = None,
    notes: Sequence[str] = (),
) -> ScoreSheet:
    """Scores predictions against dialogues.

    Args:
        task: The task that was predicted.
        dialogues: The gold dialogues; all of their turns are the denominator.
        predictions: The predictions, in any order.
        corpus_name: Name of the corpus, for signatures and messages.
        split: Name of the split.
        schema: The corpus's schema.
        metrics: Specs (``jga``, ``jga@trade``, ``inform(state=gold)``); None for the task's default set.
        draws: Bootstrap draws of the 95% intervals; 0 for none.
        seed: Seed of the draws.
        partial: Accept missing turns; states and acts of theirs are wrong, responses empty.
        groups: Groupings of users (``age``, ``formality``, ...) to add rows for.
        database: The corpus's database, for metrics that need one.
        seen_services: Services that training saw, to add rows for seen and unseen ones (SGD).
        notes: What is to be said beside every score (see `tod_bench.splits.split_notes`).

    Returns:
        For each metric the score of the whole, then of each domain or service, then of each group.

    Raises:
        UserError: A metric cannot be computed here, or a grouping does not exist.
        DataError: The predictions do not fit the dialogues.
    """
    built, batches = _prepared(
        task, dialogues, predictions, corpus_name, split, schema, metrics, partial, groups, database, seen_services
    )
    rows: list[list[ScoreRow]] = [
        [] if isinstance(metric, CorpusMetric) else _labelled(label, metric_rows(metric, batches, groups), notes)
        for label, metric in built
    ]
    every_row = [row for of_metric in rows for row in of_metric]
    with_intervals = iter(_with_intervals(every_row, draws, seed))
    scores: list[Score] = []
    for (label, metric), of_metric in zip(built, rows, strict=True):
        if isinstance(metric, CorpusMetric):
            whole = corpus_scores(metric, batches, groups)
            scores += [replace(found, metric=label, notes=(*notes, *found.notes)) for found in whole]
        scores += islice(with_intervals, len(of_metric))
    return ScoreSheet(scores, every_row)


@gc_paused()
def score_rows(
    task: TaskName,
    dialogues: Iterable[Dialogue],
    predictions: Predictions | Iterable[Prediction],
    *,
    corpus_name: str,
    split: str,
    schema: Schema,
    metrics: Sequence[str] | None = None,
    partial: bool = False,
    groups: Sequence[str] = (),
    database: Any = None,
    seen_services: Collection[str] | None = None,
    notes: Sequence[str] = (),
) -> list[ScoreRow]:
    """The scores of `score` as statistics of each dialogue; arguments and errors as there.

    Metrics of the corpus as one (`tod_metrics.style.richness`) have no such statistics and are left out.
    """
    built, batches = _prepared(
        task, dialogues, predictions, corpus_name, split, schema, metrics, partial, groups, database, seen_services
    )
    return [
        row
        for label, metric in built
        if not isinstance(metric, CorpusMetric)
        for row in _labelled(label, metric_rows(metric, batches, groups), notes)
    ]


def _prepared(
    task: TaskName,
    dialogues: Iterable[Dialogue],
    predictions: Predictions | Iterable[Prediction],
    corpus_name: str,
    split: str,
    schema: Schema,
    metrics: Sequence[str] | None,
    partial: bool,
    groups: Sequence[str],
    database: Any,
    seen_services: Collection[str] | None,
) -> tuple[list[tuple[str, Metric[Any]]], Batches]:
    """The metrics, each with what its scores are called, and the items that they score."""
    for name in groups:
        if name not in GROUPINGS:
            raise UserError(f"there is no grouping {name!r}; users can be grouped by {', '.join(GROUPINGS)}")
    specs, where = metrics or default_metrics(task), f"{corpus_name} {split}"
    built = [(parse_spec(spec).label, build_metric(task, spec, {"database": database})) for spec in specs]
    gold = list(dialogues)
    check_gold(task, specs, gold, where)
    pairing = pair(task, gold, predictions, where=where, partial=partial)
    service_groups: dict[str, frozenset[str]] = {}
    if seen_services is not None:
        services, seen = frozenset(schema), frozenset(seen_services)
        service_groups = {SEEN: services & seen, UNSEEN: services - seen}
    return built, Batches(pairing, schema, service_groups, {"corpus": corpus_name, "split": split})


def _labelled(label: str, rows: Iterable[ScoreRow], notes: Sequence[str]) -> list[ScoreRow]:
    return [replace(row, score=replace(row.score, metric=label, notes=(*notes, *row.score.notes))) for row in rows]


def _with_intervals(rows: Sequence[ScoreRow], draws: int, seed: int) -> list[Score]:
    """The scores, with intervals from the same draws for all that are over the same dialogues."""
    scores: dict[int, Score] = {}
    for size in {len(row.sums) for row in rows}:
        places = [place for place, row in enumerate(rows) if len(row.sums) == size]
        chosen = [(rows[place].sums, rows[place].aggregate) for place in places]
        intervals = bootstrap_intervals(chosen, draws=draws, seed=seed) if draws else [None] * len(chosen)
        for place, interval in zip(places, intervals, strict=True):
            row = rows[place]
            scores[place] = replace(
                row.score,
                value=row.value,
                low=interval.low if interval else None,
                high=interval.high if interval else None,
                notes=(*row.score.notes, *((interval.note,) if interval and interval.note else ())),
            )
    return [scores[place] for place in range(len(rows))]
