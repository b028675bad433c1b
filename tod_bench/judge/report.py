"""The report of a run: every number that the judged items give, as records; `markdown` lays it out for reading."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tod_bench.display import ScoreTable
from tod_bench.judge.audit import AuditRow, audit_rows
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.emotions import EmotionRow, EmotionTest, emotion_rows, emotion_tests
from tod_bench.judge.factors import factor_shares, factor_table
from tod_bench.judge.facts import Facts
from tod_bench.judge.length import LengthControl, length_control
from tod_bench.judge.likert import Attributes, LikertRow, LikertTest, arm_tests, asking_tests, likert_rows
from tod_bench.judge.pairwise import PairRow, Position, outcome_counts, pair_rows, position, ties_half
from tod_bench.judge.picpersona import NOTES
from tod_bench.judge.questions import EMOTION, WINNER
from tod_bench.judge.ratings import Rating
from tod_bench.judge.repeats import Stability, stability
from tod_bench.judge.scores import emotion_scores, factor_scores, length_scores, likert_scores, pair_scores, seat_scores
from tod_bench.scores import Score

Words = Mapping[str, Mapping[str, int]]
"""Item -> version -> words that the system says."""


@dataclass(frozen=True, slots=True)
class JudgeReport(ScoreTable):
    """Everything a run found.

    Attributes:
        title: What was judged.
        scores: Its main numbers, each with its signature.
        likert: Likert means.
        arm_tests: Likert: tests between versions.
        asking_tests: Likert: asked together against asked apart.
        pairs: Pairwise outcomes by group.
        pair: The two versions of the pairs, first and second.
        position: How far seats decide.
        length: What length explains.
        factors: Group -> factor -> share.
        emotions: Distributions over labels.
        emotion_tests: Tests between them.
        stability: Agreement of the judge with itself over repeats.
        audit: Scores under wrong personas.
        unscored_rate: Share of asks without a verdict, 0 to 1.
        max_unscored: The share that the config allows.
        provenance: Where the numbers came from.
        published: Name of the published values to print beside; empty for none.
        notes: What must be known of all of them.
    """

    title: str
    scores: tuple[Score, ...]
    likert: tuple[LikertRow, ...]
    arm_tests: tuple[LikertTest, ...]
    asking_tests: tuple[LikertTest, ...]
    pairs: tuple[PairRow, ...]
    pair: tuple[str, ...]
    position: Position | None
    length: LengthControl | None
    factors: Mapping[str, Mapping[str, float | int]]
    emotions: tuple[EmotionRow, ...]
    emotion_tests: tuple[EmotionTest, ...]
    stability: tuple[Stability, ...]
    audit: tuple[AuditRow, ...]
    unscored_rate: float
    max_unscored: float
    provenance: Mapping[str, Any]
    published: str = ""
    notes: tuple[str, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether no more was unscored than the config allows."""
        return self.unscored_rate <= self.max_unscored

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {**asdict(self), "scores": [score.to_json() for score in self.scores], "trusted": self.trusted}


def make_report(
    config: JudgeConfig,
    ratings: Sequence[Rating],
    facts: Facts,
    *,
    attributes: Attributes,
    words: Words,
    provenance: Mapping[str, Any],
) -> JudgeReport:
    """Computes every number of a run.

    Args:
        config: The judge config.
        ratings: What the judge said.
        facts: Who judged, with which prompt.
        attributes: Item -> attributes of its user.
        words: Item -> version -> words, for the length control; empty where not known.
        provenance: Where the numbers came from.
    """
    by = config.bootstrap
    likert = likert_rows(ratings, attributes, by)
    pairs = [rating for rating in ratings if rating.question == WINNER]
    labels = [rating for rating in ratings if rating.question == EMOTION and rating.persona == "own"]
    rows = pair_rows(pairs, attributes, by)
    seats = position(pairs, by) if pairs else None
    length = _length(config, pairs, words) if pairs else None
    factors = factor_shares(pairs, attributes, by)
    emotions = emotion_rows(labels, attributes, by)
    notes = tuple(NOTES.get(config.task, ())) if config.protocol == "picpersona" else ()
    report = JudgeReport(
        title=config.title or config.name,
        scores=(),
        likert=tuple(likert),
        arm_tests=tuple(arm_tests(ratings, by)),
        asking_tests=tuple(asking_tests(ratings, by)),
        pairs=tuple(rows),
        pair=config.arms if pairs else (),
        position=seats,
        length=length,
        factors=factor_table(factors),
        emotions=tuple(emotions),
        emotion_tests=tuple(emotion_tests(labels, attributes, by)),
        stability=tuple(stability(ratings)),
        audit=tuple(audit_rows(ratings, by)),
        unscored_rate=facts.unscored_rate,
        max_unscored=config.max_unscored,
        provenance={**provenance, **facts.to_json()},
        published=config.published or "",
        notes=notes,
    )
    scores = [
        *likert_scores(report.likert, facts, notes),
        *pair_scores(report.pairs, facts, notes),
        *factor_scores(factors, facts, notes),
        *seat_scores(seats, facts),
        *length_scores(length, len(words), facts, notes),
        *emotion_scores(report.emotions, facts),
    ]
    return replace(report, scores=tuple(scores))


def _length(config: JudgeConfig, pairs: Sequence[Rating], words: Words) -> LengthControl | None:
    own = [rating for rating in pairs if rating.persona == "own"]
    names = sorted({rating.item for rating in own})
    wins = ties_half(outcome_counts(own)) / 100
    kept = [index for index, name in enumerate(names) if np.isfinite(wins[index]) and name in words]
    if not kept:
        return None
    first, second = (np.array([float(words[names[index]][arm]) for index in kept]) for arm in config.arms)
    return length_control(
        wins[kept], first, second, draws=min(config.bootstrap.draws, 1000), seed=config.bootstrap.seed
    )
