"""Studies with people: the same tables as for a judge, and how far people agree with one another and with the judge.

A study may be alone (Tables 3 and 4, Figures 6 and 7 of PicPersona-TOD are such studies) or beside a judge's run over
the same items. Every rating counts once; intervals resample dialogues, so several ratings of one dialogue are not taken
for independent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tod_bench.errors import UserError
from tod_bench.judge.agreement import Agreement, CoveragePoint, agreements, coverage_curve
from tod_bench.judge.comparisons import EmotionTest, PairedTest, candidate_tests, emotion_tests
from tod_bench.judge.config import Resampling
from tod_bench.judge.own_questions import QuestionFile, answers_of
from tod_bench.judge.own_report import own_rows, own_tests
from tod_bench.judge.ratings_csv import read_ratings
from tod_bench.judge.report import factor_table, rows_as_json
from tod_bench.judge.rows import Attributes, JudgeRow, emotion_rows, factor_rows, likert_rows, pair_rows
from tod_bench.scores import Score
from tod_metrics.base import Signature
from tod_metrics.judge.agreement import Level
from tod_metrics.judge.alpha import ALL, AgreementOfRaters, AgreementWithJudge
from tod_metrics.judge.likert import LikertMean
from tod_metrics.judge.own_questions import OwnMetric
from tod_metrics.judge.ratings import WINNER, Rating
from tod_metrics.judge.win_rate import WinRateDecided


@dataclass(frozen=True, slots=True)
class Raters:
    """The people of a study; they sign its scores.

    Attributes:
        count: How many they are.
        pair: The pair's name, where the file of ratings does not say which versions were compared.
    """

    count: int
    pair: str = "first|second"

    protocol = "people"

    def sign(self, row: JudgeRow, n: int) -> Signature:
        """The signature of a row."""
        if isinstance(row.metric, LikertMean | OwnMetric):
            where = {"arm": row.candidate or "-"}
        else:
            where = {"pair": (row.candidate or self.pair).replace("|", "<")}
        return self.signature(row.metric.signature, n, **where)

    def signature(self, metric: Signature, n: int, **where: str) -> Signature:
        """A metric's own options, then what was rated."""
        return Signature(metric.metric, {**metric.options, **where, "n": str(n), "raters": str(self.count)})

    def notes(self, row: JudgeRow) -> tuple[str, ...]:  # noqa: ARG002
        """None: people's values are no defaults, and no protocol bends them."""
        return ()


@dataclass(frozen=True, slots=True)
class Study:
    """What people said, and how far they agree.

    Attributes:
        raters: Raters.
        scores: The main numbers, each with its signature.
        rows: Likert means, answers to own questions and emotion labels with the statistics of each item behind them.
        tests: Tests between candidates of Likert questions and of own questions with points.
        pairs: Win rates and factors of each pair of candidates, ``first|second``.
        emotion_tests: Tests between distributions over labels.
        agreements: Agreement between people, and between judge and people.
        curve: Agreement with the people's consensus by the judge's certainty.
    """

    raters: int
    scores: tuple[Score, ...]
    rows: tuple[JudgeRow, ...]
    tests: tuple[PairedTest, ...]
    pairs: Mapping[str, tuple[JudgeRow, ...]]
    emotion_tests: tuple[EmotionTest, ...]
    agreements: tuple[Agreement, ...]
    curve: tuple[CoveragePoint, ...]

    def to_json(self) -> dict[str, Any]:
        """The study as JSON values, numbers by task."""
        tables = rows_as_json(self.rows)
        return {
            "raters": self.raters,
            "scores": [score.to_json() for score in self.scores],
            "likert": tables["likert"],
            "questions": tables["questions"],
            "tests": [asdict(test) for test in self.tests],
            "pairs": {pair: rows_as_json(rows)["pairs"] for pair, rows in self.pairs.items()},
            "factors": {pair: factor_table(rows) for pair, rows in self.pairs.items()},
            "emotions": tables["emotions"],
            "emotion_tests": [asdict(test) for test in self.emotion_tests],
            "agreements": [asdict(agreement) for agreement in self.agreements],
            "curve": [asdict(point) for point in self.curve],
        }


def read_study(
    path: Path,
    judge: Sequence[Rating] = (),
    *,
    attributes: Attributes | None = None,
    versions: Sequence[str] = (),
    by: Resampling | None = None,
    level: Level | None = None,
    own: QuestionFile | None = None,
) -> Study:
    """Reads people's ratings and computes every number that they give.

    Args:
        path: The CSV, see `tod_bench.judge.ratings_csv`.
        judge: A judge's ratings of the same items, to compare with.
        attributes: Item -> attributes of its user; columns of the CSV are used where None.
        versions: Names of the two versions of a pair.
        by: How intervals are drawn.
        level: Level of measurement of the agreement; by question where None.
        own: The questions of the user's own that are rated.

    Raises:
        UserError: The file cannot be read, or its ratings cannot be matched with the judge's.
    """
    by = by or Resampling()
    read = read_ratings(path, versions, own)
    _check_match(path, read.ratings, judge)
    users = {**read.attributes, **(attributes or {})}
    raters = Raters(len({rating.rater for rating in read.ratings}), "|".join(versions) or "first|second")
    likert = likert_rows(read.ratings, users, by, raters)
    labels = emotion_rows(read.ratings, users, by, raters)
    asked = [rating for rating in read.ratings if answers_of(rating.question) is not None]
    answers = own_rows(own, asked, users, by, raters) if own is not None else []
    pairs: dict[str, tuple[JudgeRow, ...]] = {}
    for candidate in dict.fromkeys(rating.candidate for rating in read.ratings if rating.question == WINNER):
        ratings = [r for r in read.ratings if r.question == WINNER and r.candidate == candidate]
        rows = (*pair_rows(ratings, users, by, raters), *factor_rows(ratings, users, by, raters))
        pairs[candidate or raters.pair] = rows
    agreed = agreements(read.ratings, judge, by, level)
    of_pairs = [row for rows in pairs.values() for row in rows if not isinstance(row.metric, WinRateDecided)]
    of_pairs.sort(key=lambda row: row.metric.name.startswith("factor_"))
    return Study(
        raters.count,
        (*(row.score for row in (*likert, *answers)), *(row.score for row in of_pairs), *_alpha_scores(agreed, raters)),
        (*likert, *answers, *labels),
        (*candidate_tests(read.ratings, by), *(own_tests(own, asked, by) if own is not None else ())),
        pairs,
        tuple(emotion_tests(read.ratings, users, by)),
        tuple(agreed),
        tuple(coverage_curve(judge, read.ratings)),
    )


def _check_match(path: Path, people: Sequence[Rating], judge: Sequence[Rating]) -> None:
    if not judge:
        return
    candidates = {rating.candidate for rating in judge}
    if len(candidates) > 1 and any(not rating.candidate for rating in people):
        raise UserError(
            f"{path} does not say which version was rated, and the judge rated {', '.join(sorted(candidates))}; "
            "add a column `candidate`"
        )
    if not {rating.item for rating in people} & {rating.item for rating in judge}:
        raise UserError(f"{path}: none of its items, such as {people[0].item!r}, is among those that the judge rated")


def _alpha_scores(agreed: Sequence[Agreement], raters: Raters) -> list[Score]:
    """Krippendorff's alpha over all Likert questions: ``alpha`` between people, ``alpha_judge`` of judge and people."""
    metrics = {metric.between: metric for metric in (AgreementOfRaters, AgreementWithJudge)}
    scores = []
    for one in agreed:
        if one.between in metrics and one.question == ALL:
            metric = metrics[one.between](level=one.level)
            signature = Raters(one.raters).signature(metric.signature, one.units)
            value = (metric.name, raters.protocol, one.alpha)
            scores.append(Score(*value, signature, one.units, low=one.low, high=one.high))
    return scores
