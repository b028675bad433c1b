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

from tod_bench.leaderboard.cache import Cache, key_of
from tod_bench.leaderboard.tracks import OpenTrack
from tod_bench.leaderboard.verify import Entry, meaning
from tod_bench.records import TaskName
from tod_bench.reports.numbers import spec_of
from tod_bench.scores import Score
from tod_bench.scoring.metrics import build_metric
from tod_bench.statistics import compare_all
from tod_bench.statistics.clusters import Aggregate, FloatArray
from tod_metrics import metric_class

SIGNIFICANCE = 0.05
DRAWS = 10_000
"""Swaps of a family of tests, however many pairs it has."""

Ranks = dict[str, tuple[int, int]]


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


@dataclass(frozen=True)
class _Draft:
    """A column before its ranks."""

    label: str
    signature: str
    scores: Mapping[str, Score]
    sums: Mapping[str, FloatArray]
    task: TaskName

    @property
    def example(self) -> Score:
        return next(iter(self.scores.values()))

    @property
    def higher_is_better(self) -> bool | None:
        direction: bool | None = metric_class(self.example.metric).higher_is_better
        return direction


def columns(
    task: TaskName, entries: Sequence[Entry], track: OpenTrack, *, cache: Cache | None = None, jobs: int = 1
) -> list[Column]:
    """The columns of a task, in the order of its track's metrics.

    Args:
        task: The task.
        entries: The entries of one track that answer it.
        track: The track.
        cache: Where ranks are kept.
        jobs: Processes to compute with.
    """
    drafts = _drafts(task, entries)
    cache = cache or Cache()
    keys = [_family_key(draft) for draft in drafts]
    found: dict[int, Ranks] = {}
    for place, (draft, key) in enumerate(zip(drafts, keys, strict=True)):
        kept = {} if not draft.sums or draft.higher_is_better is None else cache.find(key)
        if kept is not None:
            found[place] = {name: (best, worst) for name, (best, worst) in kept.items()}
    missing = [place for place in range(len(drafts)) if place not in found]
    for place, ranks in zip(missing, _ranked([drafts[one] for one in missing], track, jobs), strict=True):
        cache.keep(keys[place], ranks)
        found[place] = ranks
    return [_column(draft, found[place]) for place, draft in enumerate(drafts)]


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


def _drafts(task: TaskName, entries: Sequence[Entry]) -> list[_Draft]:
    scores: dict[str, dict[str, Score]] = {}
    sums: dict[str, dict[str, FloatArray]] = {}
    for entry in entries:
        name = entry.submission.name
        for score in entry.scores[task]:
            if not score.slice:
                scores.setdefault(meaning(score), {})[name] = score
        for signature, found in entry.sums[task].items():
            if not entry.card.privileges and scores[signature][name].value is not None:
                sums.setdefault(signature, {})[name] = found
    return [
        _Draft(spec_of(next(iter(found.values()))), signature, found, sums.get(signature, {}), task)
        for signature, found in scores.items()
    ]


def _family_key(draft: _Draft) -> str:
    family = [[name, hashlib.sha256(one.tobytes()).hexdigest(), one.shape] for name, one in draft.sums.items()]
    return key_of("ranks", draft.signature, draft.higher_is_better, DRAWS, SIGNIFICANCE, family)


def _ranked(drafts: Sequence[_Draft], track: OpenTrack, jobs: int) -> list[Ranks]:
    work = [(dict(draft.sums), _aggregate(draft, track), bool(draft.higher_is_better)) for draft in drafts]
    if jobs < 2 or len(work) < 2 or max(len(sums) for sums, _, _ in work) < MANY:
        return [_rank(one) for one in work]
    with ProcessPoolExecutor(min(jobs, len(work))) as pool:
        return list(pool.map(_rank, work))


MANY = 20
"""Systems in a column from which it is worth a process of its own."""


def _rank(work: tuple[Mapping[str, FloatArray], Aggregate, bool]) -> Ranks:
    sums, aggregate, higher_is_better = work
    return rank_ranges(sums, aggregate, higher_is_better=higher_is_better)


def _aggregate(draft: _Draft, track: OpenTrack) -> Aggregate:
    wanted = draft.example.metric, draft.example.protocol
    built = (
        build_metric(draft.task, spec, {"database": track.corpus.database})
        for spec in track.settings.metrics[draft.task]
    )
    return next(metric.aggregate for metric in built if (metric.name, metric.protocol) == wanted)


def _column(draft: _Draft, ranks: Ranks) -> Column:
    example = draft.example
    return Column(
        label=draft.label,
        metric=example.metric,
        protocol=example.protocol,
        signature=draft.signature,
        higher_is_better=draft.higher_is_better,
        places={name: Place(score, *ranks.get(name, (None, None))) for name, score in draft.scores.items()},
    )
