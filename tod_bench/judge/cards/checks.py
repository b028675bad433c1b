"""What a card says of a judge without labels: its agreement with itself, its biases, its use of the persona."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np

from tod_bench.judge.agreement import agreements
from tod_bench.judge.cards.card import DRAWS, Measure, by_item, exact_ends, measured, missing, share
from tod_bench.judge.config import Resampling
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.store import Judged
from tod_bench.judge.validity import AblationRow, Words
from tod_bench.judge.verdicts import Verdict
from tod_bench.statistics import correlation, pair_moments
from tod_metrics.base import ratio
from tod_metrics.judge.ratings import QUESTION_KEYS, Rating

RESAMPLING = Resampling(draws=DRAWS)


def consistency(ratings: Sequence[Rating]) -> list[Measure]:
    """How often repeats agree, by question, and alpha between them."""
    own = [rating for rating in ratings if rating.persona == "own"]
    questions = list(dict.fromkeys(rating.question for rating in own))
    if len({rating.repeat for rating in own}) < 2:
        return [missing("self", "equal answers over repeats", "nothing was asked twice")]
    as_raters = [
        Rating(r.item, r.question, r.value, r.candidate, f"repeat {r.repeat}", together=r.together, turn=r.turn)
        for r in own
    ]
    alphas = {one.question: one for one in agreements(as_raters, [], RESAMPLING)}
    found = []
    for question in questions:
        rows = _equal_pairs([rating for rating in own if rating.question == question])
        where, pairs = ("self", "equal answers over repeats", question), sum(row[1] for _, row in rows)
        found.append(measured(where, by_item(rows), share, of="pairs of repeats", n=pairs))
        one = alphas[question]
        section, name = "self", "alpha over repeats"
        if one.alpha is None:
            found.append(missing(section, name, one.note, question))
        else:
            found.append(Measure(section, name, question, one.alpha, one.low, one.high, "alpha", one.units, "units"))
    return found


def _equal_pairs(ratings: Sequence[Rating]) -> list[tuple[str, list[int]]]:
    """Of each unit: its item, and how many pairs of repeats are equal, and how many there are."""
    units: dict[tuple[object, ...], list[int | float | str]] = {}
    for r in ratings:
        if r.value is not None:
            units.setdefault((r.item, r.candidate, r.together, r.turn), []).append(r.value)
    found = []
    for unit, values in units.items():
        pairs = list(combinations(values, 2))
        found.append((str(unit[0]), [sum(a == b for a, b in pairs), len(pairs)]))
    return found


def pair_bias(report: JudgeReport) -> list[Measure]:
    """Position and length in pairs, from the report of a run in both orders."""
    found = []
    for metric, name, note in (
        ("position_consistency", "position: both orders agree", ""),
        ("first_seat_preference", "position: verdicts for the first seat", "50 without a bias"),
        ("win_rate", "length: win rate", f"of {report.pair[1]}, ties half" if report.pair else ""),
        ("win_rate_length_controlled", "length: win rate at equal length", "see docs/judge.md, Length"),
    ):
        score = next((s for s in report.scores if s.metric == metric and s.slice is None), None)
        if score is None or score.value is None:
            found.append(missing("bias", name, "no pair was judged in both orders, or all have one length gap"))
        else:
            notes = "; ".join([note, *score.notes]).strip("; ")
            certain = score.value in (0.0, 100.0)
            ends = exact_ends(score.value, score.n) if certain else (score.low, score.high)
            found.append(Measure("bias", name, "", score.value, *ends, "%", score.n, "pairs", notes))
    return found


def length_and_score(ratings: Sequence[Rating], words: Words, reference: str) -> list[Measure]:
    """Correlation of a Likert score with how much longer the rated version is than the reference."""
    found = []
    for question in QUESTION_KEYS:
        rows: list[tuple[str, list[float]]] = []
        for r in ratings:
            own = words.get(r.item, {})
            if r.question == question and r.persona == "own" and isinstance(r.value, int) and r.candidate in own:
                longer = float(np.log2((own[r.candidate] + 1) / (own.get(reference, 0) + 1)))
                rows.append((r.item, pair_moments(longer, r.value).tolist()))
        if rows:
            name, note = "length: correlation of score and length", "a longer answer may be better: no bias by itself"
            found.append(measured(("bias", name, question), by_item(rows), correlation, "", of="ratings", note=note))
    return found or [missing("bias", "length: correlation of score and length", "no scores to correlate")]


def question_order(judged: Iterable[Judged]) -> list[Measure]:
    """Points that a score changes by for each place further down the list at which its question stands."""
    given: dict[str, list[tuple[str, int, int]]] = {}
    for one in judged:
        if isinstance(one.outcome, Verdict) and len(one.query.questions) > 1 and one.query.persona == "own":
            for place, question in enumerate(one.query.questions):
                given.setdefault(question, []).append((one.query.item, place, int(one.outcome.values[question])))
    moved: list[tuple[str, list[float]]] = []
    for rows in given.values():
        mean_score, mean_place = float(np.mean([row[2] for row in rows])), float(np.mean([row[1] for row in rows]))
        for item, place, score in rows:
            # Around each question's own means, so that questions of unlike level can be taken together.
            x, y = place - mean_place, score - mean_score
            moved.append((item, [x * y, x * x]))
    name = "order: change of a score a place down the list"
    if not moved:
        return [missing("bias", name, "questions were not asked several in a call")]
    return [measured(("bias", name, ""), by_item(moved), lambda s: ratio(s[..., 0], s[..., 1]), "points", of="items")]


def asking(report: JudgeReport) -> list[Measure]:
    """Likert scores when all questions are asked in one call, less those when each is asked alone."""
    name = "order: asked together less asked alone"
    if not report.asking_tests:
        return [missing("bias", name, "questions were not asked both ways")]
    return [
        Measure("bias", name, t.question, t.effect, t.low, t.high, "points", t.items, "items", _tested(t.p_holm))
        for t in report.asking_tests
    ]


def persona_use(rows: Sequence[AblationRow]) -> list[Measure]:
    """How far scores fall under another user's persona, and under none."""
    if not rows:
        return [
            missing(
                "persona", "fall under a wrong persona", "the task shows no persona, or all items have the same one"
            )
        ]
    return [
        Measure(
            *("persona", f"fall under a {row.persona} persona", row.test.question),
            *(row.test.effect, row.test.low, row.test.high),
            *("points", row.test.items, "items"),
            _tested(row.test.p_holm) + ("" if row.depends else "; need not fall"),
        )
        for row in rows
    ]


def _tested(p: float | None) -> str:
    return "not tested" if p is None else f"p {'<0.001' if p < 0.001 else f'{p:.3f}'} (Holm)"
