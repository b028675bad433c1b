"""Scoring predictions: the scores of every metric that is asked for, with intervals."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from tod_bench.errors import UserError
from tod_bench.gc import gc_paused
from tod_bench.records import Dialogue, Prediction, Schema, TaskName
from tod_bench.scores import Score
from tod_bench.scoring.choosing import build_metric, default_metrics, label_of
from tod_bench.scoring.gold import check_gold
from tod_bench.scoring.items import GROUPINGS
from tod_bench.scoring.pairing import Predictions, pair
from tod_bench.scoring.rows import Batches, ScoreRow, corpus_scores, metric_rows
from tod_bench.statistics import bootstrap_intervals
from tod_metrics import CorpusMetric, Metric

SEEN, UNSEEN = "seen services", "unseen services"


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
    keep: list[ScoreRow] | None = None,
) -> list[Score]:
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
        keep: A list to add the statistics of each dialogue to, as `score_rows` gives them.

    Returns:
        For each metric the score of the whole, then of each domain or service, then of each group.

    Raises:
        UserError: A metric cannot be computed here, or a grouping does not exist.
        DataError: The predictions do not fit the dialogues.
    """
    _check_groups(groups)
    built = _built(task, metrics, database)
    gold = list(dialogues)
    check_gold(task, metrics or default_metrics(task), gold, f"{corpus_name} {split}")
    batches = _paired(task, gold, predictions, corpus_name, split, schema, partial, seen_services)
    where = {"corpus": corpus_name, "split": split}
    rows = [[] if isinstance(one, CorpusMetric) else metric_rows(one, batches, where, groups) for _, one in built]
    if keep is not None:
        keep += [
            replace(row, score=replace(row.score, metric=label))
            for (label, _), found in zip(built, rows, strict=True)
            for row in found
        ]
    finished = iter(_with_intervals([row for found in rows for row in found], draws, seed))
    scores: list[Score] = []
    for (label, metric), found in zip(built, rows, strict=True):
        own: Iterable[Score] = islice(finished, len(found))
        if isinstance(metric, CorpusMetric):
            own = corpus_scores(metric, batches, where, groups)
        scores += [replace(one, metric=label, notes=(*notes, *one.notes)) for one in own]
    return scores


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
    _check_groups(groups)
    built = [
        (label, metric) for label, metric in _built(task, metrics, database) if not isinstance(metric, CorpusMetric)
    ]
    gold = list(dialogues)
    check_gold(task, metrics or default_metrics(task), gold, f"{corpus_name} {split}")
    batches = _paired(task, gold, predictions, corpus_name, split, schema, partial, seen_services)
    where = {"corpus": corpus_name, "split": split}
    return [
        replace(row, score=replace(row.score, metric=label, notes=(*notes, *row.score.notes)))
        for label, metric in built
        for row in metric_rows(metric, batches, where, groups)
    ]


def _built(task: TaskName, metrics: Sequence[str] | None, database: Any) -> list[tuple[str, Metric[Any]]]:
    """The metrics, each with what its scores are called."""
    wanted = metrics or default_metrics(task)
    return [(label_of(spec), build_metric(task, spec, {"database": database})) for spec in wanted]


def _paired(
    task: TaskName,
    dialogues: Iterable[Dialogue],
    predictions: Predictions | Iterable[Prediction],
    corpus_name: str,
    split: str,
    schema: Schema,
    partial: bool,
    seen_services: Collection[str] | None,
) -> Batches:
    pairing = pair(task, dialogues, predictions, where=f"{corpus_name} {split}", partial=partial)
    return Batches(pairing, schema, _service_groups(schema, seen_services))


def _with_intervals(rows: Sequence[ScoreRow], draws: int, seed: int) -> list[Score]:
    """The scores, with intervals from the same draws for all that are over the same dialogues."""
    finished: dict[int, Score] = {}
    sizes = {len(row.sums) for row in rows}
    for size in sizes:
        places = [place for place, row in enumerate(rows) if len(row.sums) == size]
        chosen = [(rows[place].sums, rows[place].aggregate) for place in places]
        intervals = bootstrap_intervals(chosen, draws=draws, seed=seed) if draws else [None] * len(chosen)
        for place, interval in zip(places, intervals, strict=True):
            row = rows[place]
            value = float(row.aggregate(row.sums.sum(axis=0)))
            finished[place] = replace(
                row.score,
                value=value if np.isfinite(value) else None,
                low=interval.low if interval else None,
                high=interval.high if interval else None,
                notes=(*row.score.notes, *((interval.note,) if interval and interval.note else ())),
            )
    return [finished[place] for place in range(len(rows))]


def _service_groups(schema: Schema, seen: Collection[str] | None) -> dict[str, frozenset[str]]:
    if seen is None:
        return {}
    return {SEEN: frozenset(schema) & frozenset(seen), UNSEEN: frozenset(schema) - frozenset(seen)}


def _check_groups(groups: Sequence[str]) -> None:
    for name in groups:
        if name not in GROUPINGS:
            raise UserError(f"there is no grouping {name!r}; users can be grouped by {', '.join(GROUPINGS)}")
