"""The numbers of a judge run or of a study with people: a row for every metric, candidate and group of users.

    ratings ──judged_items──▶ items ──metric.statistics──▶ matrix (items × k) ──rows of a group, summed──▶ score

Groups, intervals and tests come from the same matrix. `Source` says who rated, and signs every score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from tod_bench.judge.config import Resampling
from tod_bench.judge.questions import ALL, GROUPS, Group, slice_of
from tod_bench.scores import Score
from tod_bench.statistics import approximate_randomization, bootstrap_intervals, holm
from tod_metrics.base import FloatArray, Signature
from tod_metrics.judge.emotions import METRICS as EMOTION_METRICS
from tod_metrics.judge.emotions import EmotionLabelShare
from tod_metrics.judge.factors import METRICS as FACTOR_METRICS
from tod_metrics.judge.judge_metric import JudgeMetric
from tod_metrics.judge.likert import METRICS as LIKERT_METRICS
from tod_metrics.judge.position import FirstPositionPreference, PositionConsistency
from tod_metrics.judge.ratings import EMOTION, PERSONAS, QUESTION_KEYS, WINNER, PersonaUse, Rating, judged_items
from tod_metrics.judge.win_rate import LossShare, TieShare, WinRate, WinRateDecided, WinShare

Attributes = Mapping[str, Mapping[str, str]]
"""Item -> attributes of its user."""


class Source(Protocol):
    """Who rated: a judge (`tod_bench.judge.facts.Facts`) or people (`tod_bench.judge.people.Raters`)."""

    @property
    def protocol(self) -> str:
        """The protocol of the scores."""
        ...

    def sign(self, row: "JudgeRow", n: int) -> Signature:
        """The signature of a row that `n` ratings are behind."""
        ...

    def notes(self, row: "JudgeRow") -> tuple[str, ...]:
        """What a reader must know beside the signature."""
        ...


_UNSCORED = Score("", "", None, Signature(""), 0)


@dataclass(frozen=True, slots=True)
class JudgeRow:
    """A metric of one candidate in one group of users.

    Attributes:
        metric: The metric.
        candidate: The version that was rated; ``first|second`` for pairs.
        group: The group's label.
        items: Ids of the items, in the order of `sums`.
        sums: Statistics of each item, shape (items, k).
        persona: Whose persona was shown.
        together: Whether all questions were asked in one call.
        score: The score with its signature and interval.
        p: Win rates: two-sided p that wins and losses balance (randomised signs over items).
        p_holm: The same, corrected over the groups.
    """

    metric: JudgeMetric
    candidate: str
    group: str
    items: tuple[str, ...]
    sums: FloatArray = field(compare=False)
    persona: PersonaUse = "own"
    together: bool = True
    score: Score = _UNSCORED
    p: float | None = None
    p_holm: float | None = None

    @property
    def totals(self) -> FloatArray:
        """The summed statistics."""
        return np.asarray(self.sums.sum(axis=0))

    def count(self, column: str) -> int:
        """The sum of a column of the statistics; 0 where the metric has no such column."""
        return round(float(self.metric.column(self.totals, column)))

    @property
    def unscored_rate(self) -> float:
        """Share of ratings without a value, 0 to 1."""
        return self.count("unscored") / max(1.0, float(self.metric.asked(self.totals)))


def rows_of(
    metrics: Sequence[JudgeMetric],
    ratings: Sequence[Rating],
    attributes: Attributes,
    by: Resampling,
    source: Source,
    *,
    groups: Sequence[Group] = GROUPS,
) -> list[JudgeRow]:
    """The rows of some metrics over ratings of one candidate that were asked for in one way, group by group.

    Args:
        metrics: The metrics.
        ratings: The ratings; candidate, persona and way of asking are the first one's.
        attributes: Item -> attributes of its user.
        by: How intervals are drawn.
        source: Who rated.
        groups: The groups of users; those without items have no rows.
    """
    if not ratings:
        return []
    items, like = judged_items(ratings), ratings[0]
    tables = [metric.statistics(items) for metric in metrics]
    rows = []
    for group in groups:
        places = [place for place, item in enumerate(items) if group.holds(attributes.get(item.id, {}))]
        if not places:
            continue
        names = tuple(items[place].id for place in places)
        bare = [
            JudgeRow(metric, like.candidate, group.label, names, table[places], like.persona, like.together)
            for metric, table in zip(metrics, tables, strict=True)
        ]
        scores = [(row.sums, row.metric.aggregate) for row in bare]
        intervals = bootstrap_intervals(scores, draws=by.draws, seed=by.seed)
        for row, interval in zip(bare, intervals, strict=True):
            value = float(row.metric.aggregate(row.totals))
            ends = (interval.low, interval.high) if np.isfinite(value) else (None, None)
            rows.append(replace(row, score=_score(row, value, ends, source)))
    return rows


def _score(row: JudgeRow, value: float, ends: tuple[float | None, float | None], source: Source) -> Score:
    n = row.count(row.metric.denominator)
    return Score(
        row.metric.name,
        source.protocol,
        value if np.isfinite(value) else None,
        source.sign(row, n),
        n,
        slice_of(row.group),
        *ends,
        coverage=1 - row.unscored_rate,
        notes=source.notes(row),
    )


def likert_rows(ratings: Sequence[Rating], attributes: Attributes, by: Resampling, source: Source) -> list[JudgeRow]:
    """Every question of every candidate, persona, way of asking and group that has ratings."""
    order = list(QUESTION_KEYS)
    cells: dict[tuple[str, int, bool, int], list[Rating]] = {}
    for rating in sorted(ratings, key=lambda rating: rating.item):
        if rating.question in QUESTION_KEYS:
            cell = (rating.candidate, PERSONAS.index(rating.persona), not rating.together, order.index(rating.question))
            cells.setdefault(cell, []).append(rating)
    rows = []
    for _, own in sorted(cells.items()):
        kinds = ("likert", "likert_expected") if any(rating.probabilities for rating in own) else ("likert",)
        metrics = [LIKERT_METRICS[f"{kind}_{QUESTION_KEYS[own[0].question]}"]() for kind in kinds]
        groups = GROUPS if own[0].persona == "own" else (ALL,)
        rows += rows_of(metrics, own, attributes, by, source, groups=groups)
    return rows


def pair_rows(ratings: Sequence[Rating], attributes: Attributes, by: Resampling, source: Source) -> list[JudgeRow]:
    """Win rates and shares of one pair of candidates, by persona and group; Holm over the groups besides ``all``."""
    metrics = [WinRate(), WinRateDecided(), WinShare(), TieShare(), LossShare()]
    rows: list[JudgeRow] = []
    for persona in PERSONAS:
        shown = [rating for rating in ratings if rating.persona == persona and rating.question == WINNER]
        groups = GROUPS if persona == "own" else (ALL,)
        shown.sort(key=lambda rating: rating.item)
        rows += rows_of(metrics, shown, attributes, by, source, groups=groups)
    rows = [replace(row, p=_balance(row, by)) if isinstance(row.metric, WinRate) else row for row in rows]
    family = [row.p is not None and row.group != ALL.label for row in rows]
    corrected = iter(holm([row.p for row, is_in in zip(rows, family, strict=True) if is_in and row.p is not None]))
    return [replace(row, p_holm=next(corrected)) if is_in else row for row, is_in in zip(rows, family, strict=True)]


def _balance(row: JudgeRow, by: Resampling) -> float | None:
    wins, losses = row.sums[:, 1:2], row.sums[:, 0:1]
    draws = min(by.draws, 10_000)
    return approximate_randomization(wins, losses, lambda sums: sums[..., 0], draws=draws, seed=by.seed).p_value


def factor_rows(ratings: Sequence[Rating], attributes: Attributes, by: Resampling, source: Source) -> list[JudgeRow]:
    """The share of every factor in every group in which any was named."""
    own = [rating for rating in ratings if rating.persona == "own" and rating.question == WINNER]
    metrics = [metric() for metric in FACTOR_METRICS.values()]
    return [row for row in rows_of(metrics, own, attributes, by, source) if row.score.n]


def position_rows(ratings: Sequence[Rating], by: Resampling, source: Source) -> list[JudgeRow]:
    """How far positions decide; empty where no pair was judged in both orders."""
    both = [r for r in ratings if r.persona == "own" and len(r.positions) == 2 and all(r.positions)]
    both.sort(key=lambda rating: rating.item)
    return rows_of([PositionConsistency(), FirstPositionPreference()], both, {}, by, source, groups=(ALL,))


def emotion_rows(ratings: Sequence[Rating], attributes: Attributes, by: Resampling, source: Source) -> list[JudgeRow]:
    """The share of every label by candidate and group, the most frequent first."""
    metrics = [metric() for metric in EMOTION_METRICS.values()]
    labels = [rating for rating in ratings if rating.question == EMOTION and rating.persona == "own"]
    rows: list[JudgeRow] = []
    for candidate in dict.fromkeys(rating.candidate for rating in labels):
        of_candidate = rows_of(
            metrics, [rating for rating in labels if rating.candidate == candidate], attributes, by, source
        )
        for group in dict.fromkeys(row.group for row in of_candidate):
            in_group = [row for row in of_candidate if row.group == group]
            rows += sorted(map(_with_bare_zero, in_group), key=lambda row: -row.count("this label"))
    return rows


def _with_bare_zero(row: JudgeRow) -> JudgeRow:
    """A label that nothing was given is 0 in every resample, however few dialogues there are."""
    if row.score.n and not row.count("this label"):
        return replace(row, score=replace(row.score, low=0.0, high=0.0))
    return row


def scores_of(rows: Sequence[JudgeRow]) -> list[Score]:
    """The scores of rows; a distribution over labels that nothing was given is none."""
    return [row.score for row in rows if row.score.n or not isinstance(row.metric, EmotionLabelShare)]
