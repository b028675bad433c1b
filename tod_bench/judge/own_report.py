"""What comes of questions of the user's own: means and shares, tests between versions, and judged states."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tod_bench.judge.comparisons import PairedTest, asked_alike, version_tests
from tod_bench.judge.config import Resampling
from tod_bench.judge.own_questions import NO_SLOT, SLOTS, QuestionFile, name_of
from tod_bench.judge.rows import Attributes, JudgeRow, Source, rows_of
from tod_bench.statistics import bootstrap_interval
from tod_metrics.base import FloatArray, percentage
from tod_metrics.judge.judge_metric import JudgeMetric
from tod_metrics.judge.own_questions import OwnExpected, OwnExpectedShare, OwnMean, OwnShare
from tod_metrics.judge.ratings import Rating

Wrong = Mapping[str, Mapping[str, Sequence[Sequence[str]]]]
"""Item -> version -> the slots of each turn that exact match calls wrong."""


def own_rows(
    file: QuestionFile, ratings: Sequence[Rating], attributes: Attributes, by: Resampling, source: Source
) -> list[JudgeRow]:
    """Every question of every version, way of asking and group of users."""
    cells: dict[tuple[str, bool, int, str], list[Rating]] = {}
    order = list(file.questions)
    for rating in sorted(ratings, key=lambda rating: rating.item):
        cell = (rating.candidate, not rating.together, order.index(name_of(rating.question)), rating.question)
        cells.setdefault(cell, []).append(rating)
    return [
        row for _, own in sorted(cells.items()) for row in rows_of(_metrics(file, own), own, attributes, by, source)
    ]


def _metrics(file: QuestionFile, ratings: Sequence[Rating]) -> list[JudgeMetric]:
    question = ratings[0].question
    asked = file.questions[name_of(question)]
    weighed = any(rating.probabilities for rating in ratings)
    if asked.has_points:
        points = [int(value) for value in asked.answers()]
        kinds = (OwnMean, OwnExpected) if weighed else (OwnMean,)
        return [kind(question, file.name, points) for kind in kinds]
    # Of a corpus's slots, those alone that were named.
    named = sorted({str(rating.value) for rating in ratings if rating.value is not None})
    labels = named if asked.scale == SLOTS else [str(value) for value in asked.answers()]
    shares = (OwnShare, OwnExpectedShare) if weighed else (OwnShare,)
    return [share(question, file.name, label) for share in shares for label in labels]


def own_tests(file: QuestionFile, ratings: Sequence[Rating], by: Resampling) -> list[PairedTest]:
    """Paired tests between every two versions of every question with points; Holm over all of them."""
    named = [replace(rating, question=name_of(rating.question)) for rating in asked_alike(ratings)]
    with_points = [rating for rating in named if file.questions[rating.question].has_points]
    return version_tests(with_points, file.questions, by)


@dataclass(frozen=True, slots=True)
class StateVerdicts:
    """Verdicts on the states of one version, beside exact match.

    Attributes:
        candidate: The version.
        protocol: The protocol of exact match.
        counts: Verdict (an answer, or ``unscored``) -> turns that exact match calls right, and wrong.
        same: Of the verdicts right and wrong, those that exact match shares, 0 to 100.
        same_low: Lower end of its 95% interval, over dialogues.
        same_high: Upper end.
        alpha: Krippendorff's alpha (nominal) of verdict and exact match over the same turns; 0 by chance.
        alpha_low: Lower end of its interval.
        alpha_high: Upper end.
        named: Turns that exact match calls wrong and for which the judge names a slot.
        hit: Those of them whose named slot is one that exact match calls wrong.
    """

    candidate: str
    protocol: str
    counts: Mapping[str, tuple[int, int]]
    same: float | None
    same_low: float | None
    same_high: float | None
    alpha: float | None
    alpha_low: float | None
    alpha_high: float | None
    named: int
    hit: int

    def to_json(self) -> dict[str, Any]:
        """The verdicts as JSON values."""
        return asdict(self)


def state_verdicts(
    file: QuestionFile, ratings: Sequence[Rating], wrong: Wrong, protocol: str, by: Resampling
) -> list[StateVerdicts]:
    """Verdicts on states against exact match, by version; empty where no question asks for one.

    The verdict is the first question that offers ``right`` and ``wrong``; the slot the first with the corpus's slots.
    """
    verdict = next((name for name, asked in file.questions.items() if {"right", "wrong"} <= set(asked.answers())), None)
    if file.about != "state" or verdict is None:
        return []
    slot = next((name for name, asked in file.questions.items() if asked.scale == SLOTS), None)
    found = []
    for candidate in dict.fromkeys(rating.candidate for rating in ratings):
        own = [rating for rating in ratings if rating.candidate == candidate]
        verdicts = [rating for rating in own if name_of(rating.question) == verdict]
        slots = [rating for rating in own if slot is not None and name_of(rating.question) == slot]
        found.append(_state_verdicts(candidate, verdicts, slots, wrong, protocol, by))
    return found


def _state_verdicts(
    candidate: str, verdicts: Sequence[Rating], slots: Sequence[Rating], wrong: Wrong, protocol: str, by: Resampling
) -> StateVerdicts:
    counts: dict[str, list[int]] = {}
    cells: dict[str, FloatArray] = {}
    for rating in verdicts:
        is_wrong = bool(_wrong(wrong, rating))
        value = "unscored" if rating.value is None else str(rating.value)
        counts.setdefault(value, [0, 0])[is_wrong] += 1
        cell = cells.setdefault(rating.item, np.zeros(4))
        if value in ("right", "wrong"):
            cell[2 * (value == "wrong") + is_wrong] += 1
    sums = np.array(list(cells.values()))
    named = [
        str(rating.value) in _wrong(wrong, rating)
        for rating in slots
        if rating.value not in (None, NO_SLOT) and _wrong(wrong, rating)
    ]
    same, alpha = (_with_interval(sums, measure, by) for measure in (_same, _alpha))
    pairs = {value: (right, not_right) for value, (right, not_right) in sorted(counts.items())}
    return StateVerdicts(candidate, protocol, pairs, *same, *alpha, len(named), sum(named))


def _wrong(wrong: Wrong, rating: Rating) -> Sequence[str]:
    return wrong[rating.item][rating.candidate][rating.turn or 0]


def _same(sums: FloatArray) -> FloatArray:
    return percentage(sums[..., 0] + sums[..., 3], sums.sum(axis=-1))


def _alpha(sums: FloatArray) -> FloatArray:
    """Alpha of two raters and two labels, of cells right-right, right-wrong, wrong-right, wrong-wrong."""
    values = 2 * sums.sum(axis=-1)
    rights = 2 * sums[..., 0] + sums[..., 1] + sums[..., 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = 2 * rights * (values - rights) / (values * (values - 1))
        return np.asarray(1 - (sums[..., 1] + sums[..., 2]) / (values / 2) / np.where(expected > 0, expected, np.nan))


def _with_interval(sums: FloatArray, measure: Any, by: Resampling) -> tuple[float | None, float | None, float | None]:
    value = float(measure(sums.sum(axis=0)))
    if not np.isfinite(value):
        return None, None, None
    ends = bootstrap_interval(sums, measure, draws=min(by.draws, 2000), seed=by.seed)
    return value, ends.low, ends.high
