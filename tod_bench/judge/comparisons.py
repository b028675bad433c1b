"""Paired tests: between candidates, between ways to ask, and between two judge runs over the same items."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from tod_bench.judge.config import Resampling
from tod_bench.judge.rows import Attributes, JudgeRow
from tod_bench.statistics import approximate_randomization, holm, permutation_test
from tod_metrics.base import FloatArray, ratio
from tod_metrics.judge.ratings import EMOTION, EMOTIONS, QUESTION_KEYS, Rating


@dataclass(frozen=True, slots=True)
class PairedTest:
    """A paired test of one question or metric.

    Attributes:
        question: The question, or the metric.
        a: One side.
        b: The other side.
        effect: Score of a less score of b, over items that both have.
        low: Lower end of its 95% interval.
        high: Upper end.
        p: Two-sided p of approximate randomisation over dialogues.
        p_holm: The same, corrected over the family of tests that it is in.
        items: Items that both sides have.
    """

    question: str
    a: str
    b: str
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    items: int


@dataclass(frozen=True, slots=True)
class EmotionTest:
    """Whether two distributions differ: total variation distance (0 to 1) and its p by permutation of dialogues."""

    a: str
    b: str
    distance: float | None
    p: float | None


def candidate_tests(ratings: Sequence[Rating], by: Resampling) -> list[PairedTest]:
    """Likert tests between every two candidates, question by question; Holm over all of them.

    Where questions were asked both together and apart, those asked together are compared.
    """
    likert = [rating for rating in ratings if rating.persona == "own" and rating.question in QUESTION_KEYS]
    return version_tests(asked_alike(likert), QUESTION_KEYS, by)


def asked_alike(ratings: Sequence[Rating]) -> list[Rating]:
    """Those that were asked together with others, where any were; else all."""
    return [rating for rating in ratings if rating.together] or list(ratings)


def version_tests(ratings: Sequence[Rating], questions: Collection[str], by: Resampling) -> list[PairedTest]:
    """Tests between every two candidates, question by question in their order; Holm over all of them."""
    by_side: dict[tuple[str, str], list[Rating]] = {}
    for rating in ratings:
        by_side.setdefault((rating.candidate, rating.question), []).append(rating)
    candidates = dict.fromkeys(rating.candidate for rating in ratings)
    return corrected(
        [
            paired_test(question, (a, b), by_side[a, question], by_side[b, question], by)
            for a, b in combinations(candidates, 2)
            for question in questions
            if (a, question) in by_side and (b, question) in by_side
        ]
    )


def asking_tests(ratings: Sequence[Rating], by: Resampling) -> list[PairedTest]:
    """Likert tests between asking all questions in one call and one a call; Holm over all of them."""
    tests = []
    for question in QUESTION_KEYS:
        asked = [rating for rating in ratings if rating.persona == "own" and rating.question == question]
        apart = [rating for rating in asked if not rating.together]
        together = [rating for rating in asked if rating.together]
        if apart and together:
            tests.append(paired_test(question, ("together", "apart"), together, apart, by))
    return corrected(tests)


def paired_test(
    question: str, names: tuple[str, str], left: Sequence[Rating], right: Sequence[Rating], by: Resampling
) -> PairedTest:
    """Compares two sets of ratings over the items that have values in both; the item's mean is what is swapped."""
    left_means, right_means = _item_means(left), _item_means(right)
    shared = sorted(left_means.keys() & right_means.keys())
    if not shared:
        return PairedTest(question, *names, None, None, None, None, None, 0)
    a, b = (np.array([[means[name], 1.0] for name in shared]) for means in (left_means, right_means))
    test = approximate_randomization(a, b, lambda sums: ratio(sums[..., 0], sums[..., 1]), draws=by.draws, seed=by.seed)
    low, high = test.interval.low, test.interval.high
    return PairedTest(question, *names, test.effect, low, high, test.p_value, None, len(shared))


def _item_means(ratings: Sequence[Rating]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for rating in ratings:
        if isinstance(rating.value, int | float):
            values.setdefault(rating.item, []).append(rating.value)
    return {name: sum(given) / len(given) for name, given in values.items()}


def corrected(tests: Sequence[PairedTest]) -> list[PairedTest]:
    """The tests with Holm's correction over those that have a p."""
    adjusted = iter(holm([test.p for test in tests if test.p is not None]))
    return [test if test.p is None else replace(test, p_holm=next(adjusted)) for test in tests]


def run_tests(
    first: Sequence[JudgeRow], second: Sequence[JudgeRow], by: Resampling, names: tuple[str, str] = ("first", "second")
) -> list[PairedTest]:
    """Tests of every number that two judge runs share, over the items that both judged; Holm over all of them.

    Two judges of the same candidates are compared by it, or two candidates by the same judge.

    Args:
        first: Rows of one run.
        second: Rows of the other; `effect` is the first's score less this one's.
        by: How intervals are drawn.
        names: What the runs are called.
    """

    def key(row: JudgeRow) -> tuple[object, ...]:
        return (row.metric.name, row.group, row.persona, row.together)

    others = {key(row): row for row in second}
    tests = []
    for row in first:
        other = others.get(key(row))
        shared = [name for name in row.items if other is not None and name in set(other.items)]
        if other is None or not shared:
            continue
        a, b = (side.sums[[side.items.index(name) for name in shared]] for side in (row, other))
        test = approximate_randomization(a, b, row.metric.aggregate, draws=by.draws, seed=by.seed)
        called = row.metric.name if row.score.slice is None else f"{row.metric.name}, {row.score.slice}"
        low, high = test.interval.low, test.interval.high
        tests.append(PairedTest(called, *names, test.effect, low, high, test.p_value, None, len(shared)))
    return corrected(tests)


def emotion_tests(ratings: Sequence[Rating], attributes: Attributes, by: Resampling) -> list[EmotionTest]:
    """Every two candidates (paired by dialogue), and positive against other image emotions within each."""
    labels = [rating for rating in ratings if rating.question == EMOTION and rating.persona == "own"]
    counts: dict[str, dict[str, FloatArray]] = {}
    for rating in labels:
        of_item = counts.setdefault(rating.candidate, {}).setdefault(rating.item, np.zeros(len(EMOTIONS)))
        if rating.value in EMOTIONS:
            of_item[EMOTIONS.index(str(rating.value))] += 1
    tests = []
    for a, b in combinations(counts, 2):
        shared = sorted(counts[a].keys() & counts[b].keys())
        sides = [[counts[candidate][name] for name in shared] for candidate in (a, b)]
        tests.append(_emotion_test((a, b), sides, by, paired=True))
    for candidate, of_candidate in counts.items():
        sides = [[], []]
        for name, table in of_candidate.items():
            emotion = attributes.get(name, {}).get("emotion", "")
            if emotion in ("positive", "neutral", "negative"):
                sides[emotion != "positive"].append(table)
        if all(sides):
            names = (f"{candidate}, positive", f"{candidate}, neutral+negative")
            tests.append(_emotion_test(names, sides, by, paired=False))
    return tests


def _emotion_test(
    names: tuple[str, str], sides: Sequence[Sequence[FloatArray]], by: Resampling, *, paired: bool
) -> EmotionTest:
    left, right = sides
    if not left or not right:
        return EmotionTest(*names, None, None)
    test = permutation_test(np.array(left), np.array(right), paired=paired, draws=min(by.draws, 9999), seed=by.seed)
    return EmotionTest(*names, test.statistic, test.p_value)
