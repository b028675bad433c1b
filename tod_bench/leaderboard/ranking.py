"""Columns of a leaderboard, and ranks in them: a range of ranks where the paired test cannot tell systems apart.

A column holds numbers of one signature. In it, each two ranked systems are compared by approximate randomisation over
dialogues. All pairs of the column are one family: the step-down procedure of `tod_bench.statistics.families` keeps the
chance that any pair of them is told apart wrongly at 5%. A system's best rank is one more than the systems that are
significantly better; its worst leaves only those below it that are significantly worse.
"""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property

from tod_bench.leaderboard.cache import Cache, key_of
from tod_bench.leaderboard.play_tracks import played_metric, protocol_of
from tod_bench.leaderboard.task_names import PLAY, Task
from tod_bench.leaderboard.tracks import OpenTrack
from tod_bench.leaderboard.verify import Entry, meaning
from tod_bench.reports.numbers import spec_of
from tod_bench.scores import Score
from tod_bench.scoring.metrics import build_metric
from tod_bench.statistics import compare_all
from tod_bench.statistics.bootstrap import Aggregate, FloatArray
from tod_metrics import metric_class

SIGNIFICANCE = 0.05
DRAWS = 10_000
"""Swaps of a family of tests, however many pairs it has."""

MANY = 20
"""Systems in a column from which it is worth a process of its own."""

Ranks = dict[str, tuple[int, int]]
"""Name of a submission -> best and worst rank."""


@dataclass(frozen=True, slots=True)
class Place:
    """A system in a column.

    Attributes:
        score: Its score.
        best: Best rank that it may have, from 1; None where it takes no rank.
        worst: Worst rank that it may have.
    """

    score: Score
    best: int | None = None
    worst: int | None = None

    @property
    def rank(self) -> str:
        """The range of ranks in words: ``2``, ``1–3``, or nothing."""
        if self.best is None:
            return ""
        return str(self.best) if self.best == self.worst else f"{self.best}–{self.worst}"


@dataclass(frozen=True)
class Column:
    """Numbers of one signature.

    Attributes:
        label: The metric, ``name`` or ``name@protocol``.
        metric: The metric's name.
        protocol: Its protocol.
        signature: What all its numbers mean.
        higher_is_better: Direction; None where there is none, and no rank either.
        places: Name of a submission -> its place.
    """

    label: str
    metric: str
    protocol: str
    signature: str
    higher_is_better: bool | None
    places: Mapping[str, Place]

    @cached_property
    def best_value(self) -> float | None:
        """The best score of those that take a rank; None where none does."""
        values = [place.score.value for place in self.places.values() if place.best is not None]
        known = [value for value in values if value is not None]
        if not known or self.higher_is_better is None:
            return None
        return max(known) if self.higher_is_better else min(known)


def columns(
    task: Task, entries: Sequence[Entry], track: OpenTrack, *, cache: Cache | None = None, workers: int = 1
) -> list[Column]:
    """The columns of a task, in the order of its track's metrics.

    Args:
        task: The task.
        entries: The entries of one track that answer it.
        track: The track.
        cache: Where ranks are kept.
        workers: Processes to compute with.
    """
    cache = cache or Cache()
    families = _families(task, entries)
    ranks: dict[str, Ranks] = {}
    missing: list[_Family] = []
    for family in families:
        kept = {} if not family.sums or family.higher_is_better is None else cache.find(family.key)
        if kept is None:
            missing.append(family)
        else:
            ranks[family.signature] = {name: (best, worst) for name, (best, worst) in kept.items()}
    for family, computed in zip(missing, _ranked(missing, track, workers), strict=True):
        cache.keep(family.key, computed)
        ranks[family.signature] = computed
    return [
        Column(
            label=spec_of(family.example),
            metric=family.example.metric,
            protocol=family.example.protocol,
            signature=family.signature,
            higher_is_better=family.higher_is_better,
            places={
                name: Place(score, *ranks[family.signature].get(name, (None, None)))
                for name, score in family.scores.items()
            },
        )
        for family in families
    ]


def rank_ranges(sums: Mapping[str, FloatArray], aggregate: Aggregate, *, higher_is_better: bool = True) -> Ranks:
    """Name -> best and worst rank that a system may have.

    Args:
        sums: Statistics of each dialogue, shape (dialogues, k), by name; all of one signature.
        aggregate: The score of sums.
        higher_is_better: Direction of the metric.
    """
    names = list(sums)
    better = dict.fromkeys(names, 0)
    worse = dict.fromkeys(names, 0)
    for test in compare_all(list(sums.values()), aggregate, draws=DRAWS):
        if test.p_value < SIGNIFICANCE:
            pair = names[test.first], names[test.second]
            ahead, behind = pair if (test.effect > 0) == higher_is_better else reversed(pair)
            better[behind] += 1
            worse[ahead] += 1
    return {name: (1 + better[name], len(names) - worse[name]) for name in names}


@dataclass(frozen=True)
class _Family:
    """The scores of one signature, and of those that take a rank the statistics that they are compared by."""

    task: Task
    signature: str
    scores: Mapping[str, Score]
    sums: Mapping[str, FloatArray]

    @property
    def example(self) -> Score:
        return next(iter(self.scores.values()))

    @property
    def higher_is_better(self) -> bool | None:
        direction: bool | None = metric_class(self.example.metric).higher_is_better
        return direction

    @cached_property
    def key(self) -> str:
        """What the ranks are computed from."""
        arrays = [[name, hashlib.sha256(array.tobytes()).hexdigest(), array.shape] for name, array in self.sums.items()]
        return key_of("ranks", self.signature, self.higher_is_better, DRAWS, SIGNIFICANCE, arrays)


def _families(task: Task, entries: Sequence[Entry]) -> list[_Family]:
    scores: dict[str, dict[str, Score]] = {}
    sums: dict[str, dict[str, FloatArray]] = {}
    for entry in entries:
        name = entry.submission.name
        for score in entry.scores[task]:
            if not score.slice:
                scores.setdefault(meaning(score), {})[name] = score
        for signature, statistics in entry.sums[task].items():
            if not entry.card.gold_access and scores[signature][name].value is not None:
                sums.setdefault(signature, {})[name] = statistics
    return [_Family(task, signature, of_names, sums.get(signature, {})) for signature, of_names in scores.items()]


def _ranked(families: Sequence[_Family], track: OpenTrack, workers: int) -> list[Ranks]:
    work = [(dict(family.sums), _aggregate(family, track), bool(family.higher_is_better)) for family in families]
    if workers < 2 or len(work) < 2 or max(len(sums) for sums, _, _ in work) < MANY:
        return [_rank(family) for family in work]
    with ProcessPoolExecutor(min(workers, len(work))) as pool:
        return list(pool.map(_rank, work))


def _rank(work: tuple[Mapping[str, FloatArray], Aggregate, bool]) -> Ranks:
    sums, aggregate, higher_is_better = work
    return rank_ranges(sums, aggregate, higher_is_better=higher_is_better)


def _aggregate(family: _Family, track: OpenTrack) -> Aggregate:
    """What turns sums into a score, of the metric of the track that the family's scores are of."""
    wanted = family.example.metric, family.example.protocol
    for spec in track.settings.metrics[family.task]:
        if family.task == PLAY:
            metric = played_metric(spec)
            found = metric.name, protocol_of(metric)
        else:
            metric = build_metric(family.task, spec, {"database": track.corpus.database})
            found = metric.name, metric.protocol
        if found == wanted:
            return metric.aggregate
    raise LookupError(f"the track {track.name} has no metric {'@'.join(wanted)}")
