"""A judge against labels that count as right: accuracy, macro F1, and what unread answers could do to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tod_bench.judge.cards.card import Measure, by_item, measured, missing, share
from tod_metrics.base import FloatArray, percentage, ratio
from tod_metrics.judge.alpha import Unit, consensus
from tod_metrics.judge.ratings import EMOTION, EMOTIONS, QUESTION_KEYS, SCALE, WINNER, Rating

Gold = Mapping[Unit, frozenset[int | float | str]]
"""What is right for each unit; a text can have several labels."""

PAIR_VALUES = ("first", "second", "tie")


@dataclass(frozen=True, slots=True)
class _Answers:
    """Answers of one question beside what is right; an answer is None where it was unread."""

    question: str
    pairs: tuple[tuple[str, int | float | str | None, frozenset[int | float | str]], ...]


def gold_of(people: Sequence[Rating]) -> dict[Unit, frozenset[int | float | str]]:
    """What the raters agree on (median point, most frequent label); items without a consensus are not in it."""
    return {
        (one.item, one.question, one.candidate, one.turn): frozenset({one.value})
        for one in consensus(people, "labels")
        if one.value is not None
    }


def gold_measures(judge: Sequence[Rating], gold: Gold) -> list[Measure]:
    """Accuracy and macro F1 of every question that has labels."""
    found = []
    for question in (*QUESTION_KEYS, WINNER, EMOTION):
        answers = _beside(question, judge, gold)
        if answers.pairs:
            found += _of_question(answers)
    if not found:
        why = "no labels were given for these items"
        return [missing("gold", "accuracy", why), missing("gold", "macro F1", why)]
    return found


def _beside(question: str, judge: Sequence[Rating], gold: Gold) -> _Answers:
    """The first answer to each unit that has a label."""
    nameless = any(not key[2] for key in gold)
    seen: dict[Unit, Rating] = {}
    for rating in judge:
        key = (rating.item, rating.question, "" if nameless else rating.candidate, rating.turn)
        if rating.question == question and rating.persona == "own" and rating.repeat == 0 and key in gold:
            seen.setdefault(key, rating)
    return _Answers(question, tuple((key[0], rating.value, gold[key]) for key, rating in seen.items()))


def _of_question(answers: _Answers) -> list[Measure]:
    question, pairs = answers.question, answers.pairs
    unread = sum(value is None for _, value, _ in pairs)
    right = by_item([(item, [value in gold, value is not None, 1.0]) for item, value, gold in pairs])
    totals = right.sum(axis=0)
    bounds = [float(percentage(totals[0] + extra, totals[2])) for extra in (0.0, totals[2] - totals[1])]
    several = sum(len(gold) > 1 for _, _, gold in pairs)
    notes = [f"any of its labels is right for {several} texts that have several"] * (several > 0)
    if unread:
        notes.append(f"{bounds[0]:.1f} to {bounds[1]:.1f} whatever the {unread} unread are")
    note, n = "; ".join(notes), len(pairs) - unread
    accuracy = measured(
        ("gold", "accuracy", question),
        right,
        share,
        n=n,
        of="labelled answers",
        note=note,
    )
    return [accuracy, *_single(answers), _always(answers), _macro_f1(answers, n)]


def _single(answers: _Answers) -> list[Measure]:
    """Accuracy over texts with one label, where some have several."""
    alone = [(item, value, gold) for item, value, gold in answers.pairs if len(gold) == 1 and value is not None]
    if len(alone) == sum(value is not None for _, value, _ in answers.pairs) or not alone:
        return []
    sums = by_item([(item, [value in gold, 1.0]) for item, value, gold in alone])
    where = ("gold", "accuracy, texts with one label", answers.question)
    return [measured(where, sums, share, n=len(alone), of="labelled answers")]


def _always(answers: _Answers) -> Measure:
    """Accuracy of always giving the label that is right most often: the floor to beat."""
    counts = {value: sum(value in gold for _, _, gold in answers.pairs) for value in _values(answers.question)}
    best = max(counts, key=lambda value: counts[value])
    sums = by_item([(item, [best in gold, 1.0]) for item, _, gold in answers.pairs])
    where = ("gold", f"floor: always {best}", answers.question)
    return measured(where, sums, share, n=len(answers.pairs), of="labelled items")


def _macro_f1(answers: _Answers, n: int) -> Measure:
    """Mean F1 over the values that are right at least once; a text of several labels counts for each of them."""
    values = [v for v in _values(answers.question) if any(v in gold for _, _, gold in answers.pairs)]
    rows = []
    for item, given, gold in answers.pairs:
        if given is not None:
            is_given, is_right = (np.array([v == given for v in values]), np.array([v in gold for v in values]))
            rows.append((item, np.concatenate([is_given & is_right, is_given, is_right]).astype(float)))
    where, size = ("gold", "macro F1", answers.question), len(values)

    def mean_f1(sums: FloatArray) -> FloatArray:
        right, given, gold = sums[..., :size], sums[..., size : 2 * size], sums[..., 2 * size :]
        # A value that no draw has neither as an answer nor as a label is left out of that draw's mean.
        there = given + gold > 0
        scores = np.where(there, ratio(2 * right, np.where(there, given + gold, 1.0)), 0.0)
        return np.asarray(100 * scores.sum(axis=-1) / np.maximum(there.sum(axis=-1), 1))

    if not rows:
        return missing(*where[:2], "every answer was unread", answers.question)
    return measured(where, by_item(rows), mean_f1, n=n, of="labelled answers", note=f"{size} values")


def _values(question: str) -> Sequence[int | float | str]:
    return PAIR_VALUES if question == WINNER else EMOTIONS if question == EMOTION else tuple(SCALE)
