"""Agreement: between people, between judge and people, of the judge with itself, and by the judge's stated certainty.

Krippendorff's alpha per question and over all Likert questions together, with an interval by resampling items. Judge
and people are compared in three ways: the judge against the people's consensus (median point, most frequent label), the
judge as one more rater among them, and the judge against each person.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

from tod_bench.judge.config import Resampling
from tod_bench.judge.own_questions import answers_of
from tod_bench.statistics import bootstrap_interval
from tod_metrics.judge.agreement import Alpha, Level, NoAlpha, alpha, alpha_of_counts, count_ratings
from tod_metrics.judge.alpha import ALL, AgreementOfRaters, consensus, level_of, rating_table
from tod_metrics.judge.ratings import EMOTION, QUESTION_KEYS, WINNER, Rating, judged_items


@dataclass(frozen=True, slots=True)
class Agreement:
    """Alpha between two or more raters on one question.

    Attributes:
        between: ``people``, ``judge and consensus``, ``judge among people``, or ``judge and NAME``.
        question: The question; ``all`` for the Likert questions together.
        level: Level of measurement.
        alpha: Krippendorff's alpha; None where it does not exist.
        low: Lower end of its 95% interval, over items.
        high: Upper end.
        raters: Raters.
        units: Units with two ratings or more.
        same: Share of pairs of ratings that are equal, 0 to 100.
        note: Why there is no alpha; mostly empty.
    """

    between: str
    question: str
    level: Level
    alpha: float | None
    low: float | None
    high: float | None
    raters: int
    units: int
    same: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """How often the judge agrees when only its more certain verdicts are kept.

    Attributes:
        certainty: Least certainty that is kept, 0 to 100.
        coverage: Share of verdicts kept, 0 to 100.
        agreement: Share of those that agree with the consensus, 0 to 100.
    """

    certainty: int
    coverage: float
    agreement: float


@dataclass(frozen=True, slots=True)
class Stability:
    """How stable a judge is over repeats.

    Attributes:
        question: The question; ``all`` for the Likert questions together.
        units: What was rated at least twice.
        flip_rate: Chance that two repeats of one unit differ, 0 to 1 (mean over units).
        alpha: Krippendorff's alpha between repeats; None where it does not exist.
        note: Why there is no alpha; mostly empty.
    """

    question: str
    units: int
    flip_rate: float | None
    alpha: float | None
    note: str = ""


def agreements(
    people: Sequence[Rating], judge: Sequence[Rating], by: Resampling, level: Level | None = None
) -> list[Agreement]:
    """Every agreement that the ratings give, question by question, then over the Likert questions together.

    Args:
        people: Ratings by people.
        judge: Ratings by the judge (its repeats count as their median, or most frequent label); may be empty.
        by: How intervals are drawn.
        level: Level of measurement; by question where None.
    """
    of_judge, of_people = consensus(judge, "judge"), consensus(people, "consensus")
    raters = sorted({rating.rater for rating in people})
    order = [*QUESTION_KEYS, WINNER, EMOTION]
    asked = {rating.question for rating in people}
    questions = [*(name for name in order if name in asked), *sorted(asked.difference(order))]
    if sum(name in QUESTION_KEYS for name in questions) > 1:
        questions.append(ALL)
    found = []
    for question in questions:
        metric = _metric(question, level)
        theirs = _on(question, people)
        judged = _on(question, of_judge)
        compared = [("people", theirs)] if len(raters) > 1 else []
        if judged:
            compared.append(("judge and consensus", [*judged, *_on(question, of_people)]))
            compared.append(("judge among people", [*judged, *theirs]))
            if len(raters) > 1:
                for rater in raters:
                    by_rater = [rating for rating in theirs if rating.rater == rater]
                    compared.append((f"judge and {rater}", [*judged, *by_rater]))
        found += [_agreement(between, metric, ratings, by) for between, ratings in compared]
    return found


def _metric(question: str, level: Level | None) -> AgreementOfRaters:
    """Alpha of a question; points of the user's own questions are ordinal, as those of the Likert questions are."""
    values = answers_of(question)
    if values is None:
        return AgreementOfRaters(question, level)
    points = all(isinstance(value, int) for value in values)
    return AgreementOfRaters(
        question, level or ("ordinal" if points else "nominal"), sorted(values) if points else values
    )


def _on(question: str, ratings: Sequence[Rating]) -> list[Rating]:
    chosen = QUESTION_KEYS if question == ALL else (question,)
    return [rating for rating in ratings if rating.question in chosen]


def _agreement(between: str, metric: AgreementOfRaters, ratings: Sequence[Rating], by: Resampling) -> Agreement:
    _, table = rating_table(ratings)
    raters, same = len(table), _equal_pairs(table)
    counted = count_ratings(table, metric.level, metric.values)
    if isinstance(counted, NoAlpha):
        return Agreement(between, metric.question, metric.level, None, None, None, raters, 0, same, counted.reason)
    given = sorted((rating for rating in ratings if rating.value is not None), key=lambda rating: rating.item)
    sums = metric.statistics(judged_items(given))
    interval = bootstrap_interval(sums, metric.aggregate, draws=min(by.draws, 2000), seed=by.seed)
    exact = alpha_of_counts(counted)
    ends = (interval.low, interval.high)
    return Agreement(between, metric.question, metric.level, exact.value, *ends, raters, exact.units, same)


def _equal_pairs(table: Sequence[Sequence[int | float | str | None]]) -> float | None:
    """Share of pairs of ratings of one unit that are equal, 0 to 100."""
    equal = total = 0
    for unit in zip(*table, strict=True):
        counts = Counter(value for value in unit if value is not None)
        given = sum(counts.values())
        equal += sum(count * (count - 1) for count in counts.values())
        total += given * (given - 1)
    return 100 * equal / total if total else None


def coverage_curve(judge: Sequence[Rating], people: Sequence[Rating]) -> list[CoveragePoint]:
    """Agreement with the people's consensus when only verdicts of at least some certainty are kept.

    One point for every certainty that was stated, the whole set first; empty where none was stated.
    """
    agreed = {(r.item, r.question, r.turn): r.value for r in consensus(people, "consensus")}
    pairs = [
        (rating.certainty, rating.value == agreed[rating.item, rating.question, rating.turn])
        for rating in judge
        if rating.certainty is not None
        and rating.value is not None
        and rating.persona == "own"
        and (rating.item, rating.question, rating.turn) in agreed
    ]
    points = []
    for least in sorted({certainty for certainty, _ in pairs}):
        kept = [same for certainty, same in pairs if certainty >= least]
        points.append(CoveragePoint(least, 100 * len(kept) / len(pairs), 100 * sum(kept) / len(kept)))
    return points


def stability(ratings: Sequence[Rating]) -> list[Stability]:
    """Stability of a judge over repeats, by question; empty where nothing was asked twice."""
    own = [rating for rating in ratings if rating.persona == "own"]
    if len({rating.repeat for rating in own}) < 2:
        return []
    questions = list(dict.fromkeys(rating.question for rating in own))
    if sum(question in QUESTION_KEYS for question in questions) > 1:
        questions.append(ALL)
    return [_stability(question, _on(question, own)) for question in questions]


def _stability(question: str, ratings: Sequence[Rating]) -> Stability:
    units: dict[Hashable, dict[int, int | float | str]] = defaultdict(dict)
    for rating in ratings:
        if rating.value is not None:
            unit = (rating.item, rating.question, rating.candidate, rating.together, rating.turn)
            units[unit][rating.repeat] = rating.value
    flips = []
    for values in units.values():
        pairs = list(combinations(values.values(), 2))
        if pairs:
            flips.append(sum(a != b for a, b in pairs) / len(pairs))
    rate = sum(flips) / len(flips) if flips else None
    repeats = sorted({repeat for values in units.values() for repeat in values})
    table = [[values.get(repeat) for values in units.values()] for repeat in repeats]
    between_repeats = alpha(table, level_of(question)) if table else NoAlpha("nothing was rated")
    if isinstance(between_repeats, Alpha):
        return Stability(question, len(flips), rate, between_repeats.value)
    return Stability(question, len(flips), rate, None, between_repeats.reason)
