"""The report of a run: every number that the judged items give; `tod_bench.judge.markdown` lays it out for reading."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tod_bench.display import ScoreTable
from tod_bench.judge.agreement import Stability, stability
from tod_bench.judge.comparisons import EmotionTest, PairedTest, asking_tests, candidate_tests, emotion_tests
from tod_bench.judge.config import JudgeConfig, Resampling
from tod_bench.judge.facts import Facts
from tod_bench.judge.own_report import StateVerdicts, Wrong, own_rows, own_tests, state_verdicts
from tod_bench.judge.rows import (
    Attributes,
    JudgeRow,
    emotion_rows,
    factor_rows,
    likert_rows,
    pair_rows,
    position_rows,
    scores_of,
)
from tod_bench.judge.validity import AblationRow, LengthControl, Words, ablation_rows, length_of_pairs
from tod_bench.scores import Score
from tod_metrics.judge.emotions import EmotionLabelShare
from tod_metrics.judge.factors import FactorShare
from tod_metrics.judge.likert import LikertExpected, LikertMean
from tod_metrics.judge.own_questions import OwnExpected, OwnExpectedShare, OwnMetric
from tod_metrics.judge.position import PositionConsistency
from tod_metrics.judge.ratings import OUTCOMES, SCALE, WINNER, Rating
from tod_metrics.judge.win_rate import WinRate


@dataclass(frozen=True, slots=True)
class JudgeReport(ScoreTable):
    """Everything a run found.

    Attributes:
        title: What was judged.
        scores: Its main numbers, each with its signature.
        rows: The same with the statistics of each item behind them.
        pair: The two candidates of the pairs, first and second.
        candidate_tests: Likert: tests between candidates.
        asking_tests: Likert: asked together against asked apart.
        length: What length explains of pairs.
        emotion_tests: Tests between distributions over labels.
        stability: Agreement of the judge with itself over repeats.
        ablation: Scores under wrong personas.
        unscored_rate: Share of queries without a verdict, 0 to 1.
        max_unscored: The share that the config allows.
        provenance: Where the numbers came from.
        resampling: How intervals were drawn.
        published: Name of the published values to print beside; empty for none.
        notes: What must be known of all of them.
        states: Verdicts on belief states beside exact match.
    """

    title: str
    scores: tuple[Score, ...]
    rows: tuple[JudgeRow, ...]
    pair: tuple[str, ...]
    candidate_tests: tuple[PairedTest, ...]
    asking_tests: tuple[PairedTest, ...]
    length: LengthControl | None
    emotion_tests: tuple[EmotionTest, ...]
    stability: tuple[Stability, ...]
    ablation: tuple[AblationRow, ...]
    unscored_rate: float
    max_unscored: float
    provenance: Mapping[str, Any]
    resampling: Resampling
    published: str = ""
    notes: tuple[str, ...] = ()
    states: tuple[StateVerdicts, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether no more was unscored than the config allows."""
        return self.unscored_rate <= self.max_unscored

    def row(self, metric: str, group: str = "all", persona: str = "own") -> JudgeRow:
        """The first row of a metric in a group of users.

        Raises:
            KeyError: There is none.
        """
        for row in self.rows:
            if (row.metric.name, row.group, row.persona) == (metric, group, persona):
                return row
        raise KeyError(f"{metric}, {group}, {persona} persona")

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values, numbers by task."""
        return {
            "title": self.title,
            "scores": [score.to_json() for score in self.scores],
            **rows_as_json(self.rows),
            "pair": self.pair,
            "arm_tests": [asdict(test) for test in self.candidate_tests],
            "asking_tests": [asdict(test) for test in self.asking_tests],
            "position": _position_as_json(self.rows),
            "length": asdict(self.length) if self.length else None,
            "emotion_tests": [asdict(test) for test in self.emotion_tests],
            "stability": [asdict(one) for one in self.stability],
            "audit": [asdict(row) for row in self.ablation],
            "unscored_rate": self.unscored_rate,
            "max_unscored": self.max_unscored,
            "provenance": self.provenance,
            "published": self.published,
            "notes": self.notes,
            "states": [one.to_json() for one in self.states],
            "trusted": self.trusted,
        }


def make_report(
    config: JudgeConfig,
    ratings: Sequence[Rating],
    facts: Facts,
    *,
    attributes: Attributes,
    words: Words,
    provenance: Mapping[str, Any],
    wrong: Wrong | None = None,
    exact_match: str = "",
    notes: tuple[str, ...] = (),
) -> JudgeReport:
    """Computes every number of a run.

    Args:
        config: The judge config.
        ratings: What the judge said.
        facts: Who judged, with which prompt.
        attributes: Item -> attributes of its user.
        words: Item -> candidate -> words, for the length control; empty where not known.
        provenance: Where the numbers came from.
        wrong: Item -> version -> slots of each turn's state that exact match calls wrong, where states are judged.
        exact_match: The protocol of exact match.
        notes: What must be known besides.
    """
    by, file = config.bootstrap, config.question_file
    pairs = [rating for rating in ratings if rating.question == WINNER]
    length = length_of_pairs(pairs, words, by) if pairs else None
    of_ratings = [
        *likert_rows(ratings, attributes, by, facts),
        *pair_rows(pairs, attributes, by, facts),
        *factor_rows(pairs, attributes, by, facts),
        *position_rows(pairs, by, facts),
        *(own_rows(file, ratings, attributes, by, facts) if file else []),
    ]
    of_labels = emotion_rows(ratings, attributes, by, facts)
    controlled = [facts.length_score(length, len(words))] if length and length.win_rate is not None else []
    return JudgeReport(
        title=config.title or config.name,
        scores=(*scores_of(of_ratings), *controlled, *scores_of(of_labels)),
        rows=(*of_ratings, *of_labels),
        pair=config.candidates if pairs else (),
        candidate_tests=tuple(own_tests(file, ratings, by) if file else candidate_tests(ratings, by)),
        asking_tests=tuple(asking_tests(ratings, by)),
        length=length,
        emotion_tests=tuple(emotion_tests(ratings, attributes, by)),
        stability=tuple(stability(ratings)),
        ablation=tuple(ablation_rows(ratings, by)),
        unscored_rate=facts.unscored_rate,
        max_unscored=config.max_unscored,
        provenance={**provenance, **facts.to_json()},
        resampling=by,
        published=config.published or "",
        notes=(*facts.protocol_notes, *notes),
        states=tuple(state_verdicts(file, ratings, wrong or {}, exact_match, by) if file else ()),
    )


def rows_as_json(rows: Sequence[JudgeRow]) -> dict[str, Any]:
    """Likert means, pairs, factors and emotions as JSON values, with everything that their tables print."""
    return {
        "likert": [_likert_as_json(row) for row in rows if isinstance(row.metric, LikertMean)],
        "expected": [_expected_as_json(row) for row in rows if isinstance(row.metric, LikertExpected)],
        "pairs": [_pair_as_json(row, rows) for row in rows if isinstance(row.metric, WinRate)],
        "factors": factor_table(rows),
        "emotions": [_emotions_as_json(found) for found in emotion_columns(rows)],
        "questions": [_own_as_json(row) for row in rows if isinstance(row.metric, OwnMetric)],
    }


def _rate(row: JudgeRow) -> dict[str, float | None]:
    return {"value": row.score.value, "low": row.score.low, "high": row.score.high}


def _question_of(row: JudgeRow) -> dict[str, Any]:
    """What a Likert number is of."""
    return {
        "candidate": row.candidate,
        "question": row.metric.signature.options["question"],
        "group": row.group,
        "together": row.together,
        "persona": row.persona,
    }


def _likert_as_json(row: JudgeRow) -> dict[str, Any]:
    worst, best = row.metric.bounds(row.totals) or (None, None)
    return {
        **_question_of(row),
        "items": len(row.items),
        "ratings": row.score.n,
        "unscored": row.count("unscored"),
        "defaulted": row.count("defaulted"),
        "mean": row.score.value,
        "low": row.score.low,
        "high": row.score.high,
        "worst": worst,
        "best": best,
        "distribution": [row.count(f"rated {point}") for point in SCALE],
    }


def _expected_as_json(row: JudgeRow) -> dict[str, Any]:
    return {
        **_question_of(row),
        "ratings": row.score.n,
        "without": row.count("unscored"),
        **_rate(row),
    }


def _own_as_json(row: JudgeRow) -> dict[str, Any]:
    worst, best = row.metric.bounds(row.totals) or (None, None)
    return {
        "question": getattr(row.metric, "key", ""),
        "label": getattr(row.metric, "label", None),
        "expected": isinstance(row.metric, OwnExpected | OwnExpectedShare),
        "candidate": row.candidate,
        "group": row.group,
        "together": row.together,
        "items": len(row.items),
        "n": row.score.n,
        "unscored": row.count("unscored"),
        **_rate(row),
        "worst": worst,
        "best": best,
        "distribution": {
            name.removeprefix("rated "): row.count(name) for name in row.metric.columns if name.startswith("rated ")
        },
    }


def _pair_as_json(row: JudgeRow, rows: Sequence[JudgeRow]) -> dict[str, Any]:
    same = (row.candidate, row.group, row.persona)
    beside = {other.metric.name: other for other in rows if (other.candidate, other.group, other.persona) == same}
    worst, best = row.metric.bounds(row.totals) or (None, None)
    return {
        "group": row.group,
        "persona": row.persona,
        "items": len(row.items),
        "counts": {outcome: row.count(outcome) for outcome in OUTCOMES},
        "ties_half": _rate(row),
        "ties_dropped": _rate(beside["win_rate_decided"]),
        "shares": {name: _rate(beside[f"{name}_share"]) for name in ("win", "tie", "loss")},
        "worst": worst,
        "best": best,
        "p": row.p,
        "p_holm": row.p_holm,
        "defaulted": row.count("defaulted"),
    }


def factor_table(rows: Sequence[JudgeRow]) -> dict[str, dict[str, float | int | None]]:
    """Group -> factor -> share; and ``named``, how many were."""
    table: dict[str, dict[str, float | int | None]] = {}
    for row in rows:
        if isinstance(row.metric, FactorShare):
            table.setdefault(row.group, {"named": row.score.n})[row.metric.factor] = row.score.value
    return table


def emotion_columns(rows: Sequence[JudgeRow]) -> list[list[JudgeRow]]:
    """The rows of labels, a list for every candidate and group."""
    columns: dict[tuple[str, str], list[JudgeRow]] = {}
    for row in rows:
        if isinstance(row.metric, EmotionLabelShare):
            columns.setdefault((row.candidate, row.group), []).append(row)
    return list(columns.values())


def _emotions_as_json(column: Sequence[JudgeRow]) -> dict[str, Any]:
    first = column[0]
    shares = [
        {
            "label": row.metric.signature.options["label"],
            "count": row.count("this label"),
            "share": row.score.value,
            "low": row.score.low,
            "high": row.score.high,
        }
        for row in column
        if row.count("this label")
    ]
    return {
        "candidate": first.candidate,
        "group": first.group,
        "items": len(first.items),
        "labelled": first.score.n,
        "unscored": first.count("unscored"),
        "shares": shares,
    }


def _position_as_json(rows: Sequence[JudgeRow]) -> dict[str, Any] | None:
    found = {row.metric.name: row for row in rows}
    if PositionConsistency.name not in found:
        return None
    consistency, first = found["position_consistency"], found["first_seat_preference"]
    return {"consistency": _rate(consistency), "first_seat": _rate(first), "pairs": consistency.score.n}
