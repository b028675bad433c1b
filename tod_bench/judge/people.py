"""Studies with people: the same tables as for a judge, and how far people agree with one another and with the judge.

A study may stand alone (Tables 3 and 4, Figures 6 and 7 of the paper are such studies) or beside a judge's run over the
same items. Every rating counts once; intervals resample dialogues, so several ratings of one dialogue are not taken for
independent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tod_bench.errors import UserError
from tod_bench.judge.agreement import Agreement, CoveragePoint, agreements, coverage_curve
from tod_bench.judge.config import Resampling
from tod_bench.judge.emotions import EmotionRow, EmotionTest, emotion_rows, emotion_tests
from tod_bench.judge.factors import FactorShare, factor_shares, factor_table
from tod_bench.judge.groups import slice_of
from tod_bench.judge.likert import Attributes, LikertRow, LikertTest, arm_tests, likert_rows
from tod_bench.judge.pairwise import PairRow, pair_rows
from tod_bench.judge.questions import EMOTION, QUESTIONS, WINNER
from tod_bench.judge.ratings import Rating
from tod_bench.judge.ratings_csv import read_ratings
from tod_bench.judge.sections import (
    emotion_section,
    factor_section,
    interval,
    likert_section,
    likert_test_section,
    number,
    pair_section,
    table,
)
from tod_bench.scores import Score
from tod_metrics.base import Signature
from tod_metrics.judge.agreement import Level


@dataclass(frozen=True, slots=True)
class Study:
    """What people said, and how far they agree.

    Attributes:
        raters: Raters.
        scores: The main numbers, each with its signature.
        likert: Likert means by group.
        tests: Tests between versions.
        pairs: Pairwise outcomes by group, for each pair of versions.
        factors: Factors named, for each pair of versions: group -> factor -> share.
        emotions: Distributions over labels.
        emotion_tests: Tests between them.
        agreements: Agreement between people, and between judge and people.
        curve: Agreement with the people's consensus by the judge's certainty.
    """

    raters: int
    scores: tuple[Score, ...]
    likert: tuple[LikertRow, ...]
    tests: tuple[LikertTest, ...]
    pairs: Mapping[str, tuple[PairRow, ...]]
    factors: Mapping[str, Mapping[str, Mapping[str, float | int]]]
    emotions: tuple[EmotionRow, ...]
    emotion_tests: tuple[EmotionTest, ...]
    agreements: tuple[Agreement, ...]
    curve: tuple[CoveragePoint, ...]

    def to_json(self) -> dict[str, Any]:
        """The study as JSON values."""
        return {**asdict(self), "scores": [score.to_json() for score in self.scores]}


def read_study(
    path: Path,
    judge: Sequence[Rating] = (),
    *,
    attributes: Attributes | None = None,
    versions: Sequence[str] = (),
    by: Resampling | None = None,
    level: Level | None = None,
) -> Study:
    """Reads people's ratings and computes every number that they give.

    Args:
        path: The CSV, see `tod_bench.judge.ratings_csv`.
        judge: A judge's ratings of the same items, to compare with.
        attributes: Item -> attributes of its user; columns of the CSV are used where None.
        versions: Names of the two versions of a pair.
        by: How intervals are drawn.
        level: Level of measurement of the agreement; by question where None.

    Raises:
        UserError: The file cannot be read, or its ratings cannot be matched with the judge's.
    """
    resampling = by or Resampling()
    read = read_ratings(path, versions)
    _check_match(path, read.ratings, judge)
    known = {**read.attributes, **(attributes or {})}
    pairs = [rating for rating in read.ratings if rating.question == WINNER]
    labels = [rating for rating in read.ratings if rating.question == EMOTION]
    arms = dict.fromkeys(rating.arm for rating in pairs)
    name = {arm: arm or "|".join(versions) or "first|second" for arm in arms}
    likert = likert_rows(read.ratings, known, resampling)
    by_arm = {arm: [rating for rating in pairs if rating.arm == arm] for arm in arms}
    rows = {name[arm]: tuple(pair_rows(own, known, resampling)) for arm, own in by_arm.items()}
    factors = {name[arm]: factor_shares(own, known, resampling) for arm, own in by_arm.items()}
    agreed = agreements(read.ratings, judge, resampling, level)
    raters = len({rating.rater for rating in read.ratings})
    return Study(
        raters,
        (
            *_likert_scores(likert, raters),
            *_pair_scores(rows, raters),
            *_factor_scores(factors, raters),
            *_alpha_scores(agreed),
        ),
        tuple(likert),
        tuple(arm_tests(read.ratings, resampling)),
        rows,
        {pair: factor_table(shares) for pair, shares in factors.items()},
        tuple(emotion_rows(labels, known, resampling)),
        tuple(emotion_tests(labels, known, resampling)),
        tuple(agreed),
        tuple(coverage_curve(judge, read.ratings)),
    )


def _check_match(path: Path, people: Sequence[Rating], judge: Sequence[Rating]) -> None:
    if not judge:
        return
    arms = {rating.arm for rating in judge}
    if len(arms) > 1 and any(not rating.arm for rating in people):
        raise UserError(
            f"{path} does not say which version was rated, and the judge rated {', '.join(sorted(arms))}; "
            "add a column `arm`"
        )
    if not {rating.item for rating in people} & {rating.item for rating in judge}:
        raise UserError(f"{path}: none of its items, such as {people[0].item!r}, is among those that the judge rated")


def _likert_scores(rows: Sequence[LikertRow], raters: int) -> list[Score]:
    return [
        replace(
            _score(f"likert_{QUESTIONS[row.question].key}", row.group, row.mean, row.low, row.high, row.ratings),
            signature=_signature("likert", raters, question=row.question, arm=row.arm or "-", n=row.ratings),
            coverage=1 - row.unscored_rate,
        )
        for row in rows
    ]


def _pair_scores(rows: Mapping[str, Sequence[PairRow]], raters: int) -> list[Score]:
    return [
        replace(
            _score(metric, row.group, rate.value, rate.low, rate.high, row.ratings),
            signature=_signature(metric, raters, **ties, pair=pair.replace("|", "<"), n=row.ratings),
            coverage=1 - row.unscored_rate,
        )
        for pair, own in rows.items()
        for row in own
        for metric, rate, ties in (
            ("win_rate", row.ties_half, {"ties": "half"}),
            *((f"{name}_share", share, {}) for name, share in row.shares.items()),
        )
    ]


def _factor_scores(shares: Mapping[str, Sequence[FactorShare]], raters: int) -> list[Score]:
    return [
        replace(
            _score(f"factor_{one.factor}", one.group, one.share, one.low, one.high, one.named),
            signature=_signature("factor_share", raters, factor=one.factor, pair=pair.replace("|", "<"), n=one.named),
        )
        for pair, own in shares.items()
        for one in own
    ]


_ALPHAS = {"people": "alpha", "judge and consensus": "alpha_judge"}


def _alpha_scores(found: Sequence[Agreement]) -> list[Score]:
    """Krippendorff's alpha over all Likert questions: ``alpha`` between people, ``alpha_judge`` of judge and people."""
    return [
        replace(
            _score(_ALPHAS[one.between], "all", one.alpha, one.low, one.high, one.units),
            signature=_signature("krippendorff_alpha", one.raters, between=one.between, level=one.level, n=one.units),
        )
        for one in found
        if one.between in _ALPHAS and one.question == "all"
    ]


def _score(metric: str, group: str, value: float | None, low: float | None, high: float | None, n: int) -> Score:
    """A score that has yet to get its signature."""
    return Score(metric, "people", value, Signature(metric), n, slice_of(group), low, high)


def _signature(metric: str, raters: int, **own: str | int) -> Signature:
    return Signature(metric, {**{key: str(value) for key, value in own.items()}, "raters": str(raters)})


def study_markdown(study: Study, title: str) -> str:
    """The study as Markdown."""
    parts = [
        f"# {title}",
        f"- {study.raters} raters",
        likert_section(study.likert),
        likert_test_section("Differences between versions", study.tests),
        *(pair_section(rows, pair.split("|", 1)) for pair, rows in study.pairs.items()),
        *(factor_section(factors) for factors in study.factors.values()),
        emotion_section(study.emotions, study.emotion_tests),
        _agreement_section(study.agreements),
        _curve_section(study.curve),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _agreement_section(found: Sequence[Agreement]) -> str:
    if not found:
        return ""
    rows = [
        [
            *(one.between, one.question, one.level, str(one.raters), str(one.units)),
            one.note if one.alpha is None else interval(one.alpha, one.low, one.high),
            number(one.same, 1),
        ]
        for one in found
    ]
    head = ["between", "question", "level", "raters", "units", "alpha [95% CI]", "equal pairs %"]
    return "## Agreement (Krippendorff's alpha)\n\n" + table(head, rows)


def _curve_section(points: Sequence[CoveragePoint]) -> str:
    if not points:
        return ""
    rows = [[str(p.certainty), number(p.coverage, 1), number(p.agreement, 1)] for p in points]
    head = ["certainty at least", "coverage %", "agreement with the consensus %"]
    return "## Agreement by stated certainty\n\n" + table(head, rows)
