"""Columns of a leaderboard, and ranks in them: a range of ranks where the paired test cannot tell systems apart.

A column holds numbers of one signature. In it, each two ranked systems are compared by approximate randomisation over
dialogues, with Holm's correction over all pairs of the column. A system's best rank is one more than the systems that
are significantly better; its worst leaves only those below it that are significantly worse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from metrics import metric_class
from tod_bench.leaderboard.verify import Entry
from tod_bench.records import TaskName
from tod_bench.reports.numbers import spec_of
from tod_bench.scores import Score
from tod_bench.scoring import ScoreRow
from tod_bench.statistics import holm
from tod_bench.statistics.paired import difference, swapped_statistics, tail_share

SIGNIFICANCE = 0.05
DRAWS = 10_000
"""Least swaps of a test. The smallest p-value must survive the correction: with many pairs there are more swaps."""


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


def columns(task: TaskName, entries: Sequence[Entry]) -> list[Column]:
    """The columns of a task, in the order of its track's metrics.

    Args:
        task: The task.
        entries: The entries of one track that answer it.
    """
    scores: dict[str, dict[str, Score]] = {}
    rows: dict[str, dict[str, ScoreRow]] = {}
    for entry in entries:
        for score in entry.scores[task]:
            if not score.domain:
                scores.setdefault(meaning(score), {})[entry.submission.name] = score
        for row in entry.rows(task):
            if not row.score.domain and not entry.card.privileges:
                rows.setdefault(meaning(row.score), {})[entry.submission.name] = row
    return [_column(signature, found, rows.get(signature, {})) for signature, found in scores.items()]


def meaning(score: Score) -> str:
    """A signature without its n: how many items count may depend on what was predicted (precision)."""
    return "|".join(part for part in score.signature.split("|") if not part.startswith("n:"))


def rank_ranges(rows: Mapping[str, ScoreRow], *, higher_is_better: bool = True) -> dict[str, tuple[int, int]]:
    """Name -> best and worst rank that a system may have.

    Args:
        rows: Statistics of each dialogue, by name; all of one signature.
        higher_is_better: Direction of the metric.
    """
    better = dict.fromkeys(rows, 0)
    worse = dict.fromkeys(rows, 0)
    for (first, second), effect in _separated(rows).items():
        ahead, behind = (first, second) if (effect > 0) == higher_is_better else (second, first)
        better[behind] += 1
        worse[ahead] += 1
    return {name: (1 + better[name], len(rows) - worse[name]) for name in rows}


def _separated(rows: Mapping[str, ScoreRow]) -> dict[tuple[str, str], float]:
    """Pairs that the test tells apart -> score of the first less that of the second."""
    pairs = list(combinations(rows, 2))
    draws = max(DRAWS, round(2 * len(pairs) / SIGNIFICANCE))
    tests = {(a, b): test for a, b in pairs if (test := _tested(rows[a], rows[b], draws)) is not None}
    corrected = holm([p_value for _, p_value in tests.values()])
    return {
        pair: effect
        for (pair, (effect, _)), p_value in zip(tests.items(), corrected, strict=True)
        if p_value < SIGNIFICANCE
    }


def _tested(a: ScoreRow, b: ScoreRow, draws: int) -> tuple[float, float] | None:
    """Score of the first less that of the second, and the p-value of swapping their dialogues; None without a score."""
    statistic = difference(a.aggregate, a.sums.shape[1])
    effect = float(statistic(np.hstack([a.sums, b.sums]).sum(axis=0)))
    if not np.isfinite(effect):
        return None
    drawn, exact = swapped_statistics(a.sums, b.sums, statistic, draws, seed=0)
    return effect, tail_share(np.abs(drawn), abs(effect), exact=exact)


def _column(signature: str, scores: Mapping[str, Score], rows: Mapping[str, ScoreRow]) -> Column:
    example = next(iter(scores.values()))
    direction = metric_class(example.metric).higher_is_better
    defined = {name: row for name, row in rows.items() if scores[name].value is not None}
    ranks = {} if direction is None else rank_ranges(defined, higher_is_better=direction)
    return Column(
        label=spec_of(example),
        metric=example.metric,
        protocol=example.protocol,
        signature=signature,
        higher_is_better=direction,
        places={name: Place(score, *ranks.get(name, (None, None))) for name, score in scores.items()},
    )
