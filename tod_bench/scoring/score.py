"""Scoring predictions: the scores of every metric that is asked for, with intervals.

metrics by name ─▶ is there gold for them? ─▶ pairing ─▶ statistics of each dialogue (rows) ─▶ values and intervals
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tod_bench.errors import UserError, extra_needed
from tod_bench.gc import gc_paused
from tod_bench.records import Dialogue, Prediction, Schema, TaskName
from tod_bench.scores import Score
from tod_bench.scoring.gold import check_gold
from tod_bench.scoring.metrics import build_metric, check_metric, class_for, default_metrics
from tod_bench.scoring.pairing import GROUPINGS, Predictions, pair
from tod_bench.scoring.rows import Batches, PooledRow, ScoreRow, corpus_scores, metric_rows, pooled_rows
from tod_bench.statistics import bootstrap_intervals
from tod_metrics import CorpusMetric, parse_spec
from tod_metrics.base import PooledMetric

if TYPE_CHECKING:
    from pandas import DataFrame

SEEN, UNSEEN = "seen services", "unseen services"


class ScoreSheet(list[Score]):
    """The scores of predictions: for each metric the whole, then each domain or service, then each group.

    Attributes:
        rows: What they were computed from, in the same order: the statistics of each dialogue, for tests between
            systems. Metrics of the corpus as a whole (`tod_metrics.CorpusMetric`) have none.
        pooled: The same of metrics of pooled units (`tod_metrics.base.PooledMetric`).
    """

    def __init__(
        self, scores: Iterable[Score], rows: Sequence[ScoreRow] = (), pooled: Sequence[PooledRow] = ()
    ) -> None:
        super().__init__(scores)
        self.rows, self.pooled = tuple(rows), tuple(pooled)

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
    pooled_domains: bool = True,
    resources: Mapping[str, Any] | None = None,
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
        pooled_domains: Whether metrics of pooled units (those of confidence), whose intervals take long, get rows of
            domains, too.
        resources: All that metrics may need of the corpus, by name, in place of `database` alone (see
            `tod_bench.scoring.resources.Resources`).

    Returns:
        For each metric the score of the whole, then of each domain or service, then of each group.

    Raises:
        UserError: A metric cannot be computed here, or a grouping does not exist.
        DataError: The predictions do not fit the dialogues.
    """
    for name in groups:
        if name not in GROUPINGS:
            raise UserError(f"there is no grouping {name!r}; users can be grouped by {', '.join(GROUPINGS)}")
    specs, where = metrics or default_metrics(task), f"{corpus_name} {split}"
    gold = list(dialogues)
    for spec in specs:
        check_metric(task, spec)
    check_gold(task, specs, gold, where)
    offered = {"database": database} if resources is None else resources
    built = [(parse_spec(spec).label, build_metric(task, spec, offered)) for spec in specs]
    pairing = pair(task, gold, predictions, where=where, partial=partial)
    service_groups: dict[str, frozenset[str]] = {}
    if seen_services is not None:
        services, seen = frozenset(schema), frozenset(seen_services)
        service_groups = {SEEN: services & seen, UNSEEN: services - seen}
    batches = Batches(pairing, schema, service_groups, {"corpus": corpus_name, "split": split})
    entries: list[Score | ScoreRow] = []
    pooled: list[PooledRow] = []
    for label, metric in built:
        if isinstance(metric, PooledMetric):
            of_metric = pooled_rows(metric, batches, groups, domains=pooled_domains)
            pooled += [replace(row, score=_labelled(row.score, label, notes)) for row in of_metric]
            entries += [row.scored(draws, seed) for row in pooled[len(pooled) - len(of_metric) :]]
        elif isinstance(metric, CorpusMetric):
            entries += [_labelled(found, label, notes) for found in corpus_scores(metric, batches, groups)]
        else:
            rows = metric_rows(metric, batches, groups)
            entries += [replace(row, score=_labelled(row.score, label, notes)) for row in rows]
    rows = [entry for entry in entries if isinstance(entry, ScoreRow)]
    with_intervals = iter(_with_intervals(rows, draws, seed))
    scores = [next(with_intervals) if isinstance(entry, ScoreRow) else entry for entry in entries]
    return ScoreSheet(scores, rows, pooled)


def score_rows(
    task: TaskName,
    dialogues: Iterable[Dialogue],
    predictions: Predictions | Iterable[Prediction],
    *,
    metrics: Sequence[str] | None = None,
    **settings: Any,
) -> list[ScoreRow | PooledRow]:
    """The rows of `score` without intervals, those of pooled units last; arguments and errors as there.

    Metrics of the corpus as one (`tod_metrics.CorpusMetric`) have no rows, unless their units are pooled, and are not
    computed.
    """
    specs = [spec for spec in metrics or default_metrics(task) if _is_testable(class_for(task, spec))]
    if not specs:
        return []
    sheet = score(task, dialogues, predictions, metrics=specs, draws=0, **settings)
    return [*sheet.rows, *sheet.pooled]


def _is_testable(metric: type[Any]) -> bool:
    return not issubclass(metric, CorpusMetric) or issubclass(metric, PooledMetric)


def _labelled(score: Score, label: str, notes: Sequence[str]) -> Score:
    return replace(score, metric=label, notes=(*notes, *score.notes))


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
