"""The scores of a track that is played: what came of its episodes, with intervals and tests over goals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tod_bench.interact.scores import goal_trials
from tod_bench.leaderboard.play_tracks import played_metric, protocol_of
from tod_bench.leaderboard.tracks import OpenTrack
from tod_bench.scores import Score, Slice
from tod_bench.statistics import bootstrap_intervals, cluster_sums
from tod_bench.statistics.bootstrap import FloatArray
from tod_metrics.base import Metric
from tod_metrics.episode.episode_metric import EpisodeMetric
from tod_metrics.episode.outcomes import EpisodeItem
from tod_metrics.episode.pass_k import PassK


def play_scores(track: OpenTrack, items: Sequence[EpisodeItem]) -> tuple[list[Score], dict[str, FloatArray]]:
    """The scores of a journal under the metrics of its track.

    Args:
        track: The track.
        items: What came of each episode, in the order of goals and trials.

    Returns:
        Scores of all episodes, by domain and by number of domains; and for each score of the whole, by its meaning, the
        statistics of each goal, shape (goals, k), for tests between systems.
    """
    scores: list[Score] = []
    sums: dict[str, FloatArray] = {}
    metrics = [played_metric(spec) for spec in track.settings.metrics["play"]]
    for metric in metrics:
        whole, statistics = _scored(track, metric, items, None)
        scores.append(whole)
        sums[str(whole.meaning)] = statistics
    for metric in metrics:
        scores += (_scored(track, made, those, part)[0] for made, those, part in _slices(metric, items))
    return scores, sums


def _slices(
    metric: Metric[Any], items: Sequence[EpisodeItem]
) -> Iterable[tuple[Metric[Any], Sequence[EpisodeItem], Slice]]:
    """The parts of the episodes that a metric is also shown of."""
    for number in sorted({len(item.domains) for item in items}):
        yield metric, [item for item in items if len(item.domains) == number], Slice("domains wanted", str(number))
    if isinstance(metric, EpisodeMetric) and metric.by_domain:
        for domain in sorted({one.domain for item in items for one in item.domains}):
            yield metric.of_domain(domain), [item for item in items if item.of(domain)], Slice("domain", domain)


def _scored(
    track: OpenTrack, metric: Metric[Any], items: Sequence[EpisodeItem], part: Slice | None
) -> tuple[Score, FloatArray]:
    sums = _by_goal(metric, items)
    draws, seed = track.settings.bootstrap.draws, track.settings.bootstrap.seed
    interval = bootstrap_intervals([(sums, metric.aggregate)], draws=draws, seed=seed)[0]
    value = float(metric.aggregate(sums.sum(axis=0)))
    counted = metric.columns.index(metric.denominator) if metric.denominator else None
    n = len(items) if counted is None else round(float(sums[:, counted].sum()))
    where: Mapping[str, Any] = {
        **track.playing,
        **({part.kind.replace(" ", "_"): part.name} if part else {}),
        "n": n,
    }
    score = Score(
        metric=metric.name,
        protocol=protocol_of(metric),
        value=None if np.isnan(value) else value,
        signature=metric.signature.without("domain").placed(**where),
        n=n,
        slice=part,
        low=interval.low,
        high=interval.high,
    )
    return score, sums


def _by_goal(metric: Metric[Any], items: Sequence[EpisodeItem]) -> FloatArray:
    """Statistics of each goal with all of its trials, in the order of goals."""
    if isinstance(metric, PassK):
        return metric.statistics(goal_trials(items, strict=metric.success == "strict"))
    goals = {goal: number for number, goal in enumerate(dict.fromkeys(item.goal for item in items))}
    return cluster_sums(metric.statistics(items), np.array([goals[item.goal] for item in items]))
