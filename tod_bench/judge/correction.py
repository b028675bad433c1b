"""A judge's numbers corrected by people's labels of some of its items, from files of ratings."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tod_bench.errors import UserError
from tod_bench.judge.open_ratings import Answer, Question, check_shared, chosen, numbered, read_open_ratings
from tod_bench.judge.sections import interval, number
from tod_bench.markdown import table
from tod_bench.statistics.corrected import CorrectedMean, corrected_mean, naive_mean
from tod_bench.statistics.label_plan import LabelPlan, plan_labels
from tod_bench.statistics.rogan_gladen import CorrectedRate, corrected_rate
from tod_metrics.base import FloatArray
from tod_metrics.judge.ratings import SCALE, WINNER

_HALF = ("tie", "inconsistent")
"""Outcomes of a pair that are half a win."""


@dataclass(frozen=True, slots=True)
class Sides:
    """One question's answers as numbers.

    Attributes:
        question: The question, with the label whose rate is meant where it has labels.
        rate: Whether the numbers are shares, shown in percent.
        people: Labels, shape (n,): an item's raters as one.
        judge: The judge's answers to the same items, shape (n,).
        unlabelled: Its answers to the others, shape (N,).
        clusters: The dialogues of both kinds of items.
        span: Distance between the ends of the scale; None where it is not known.
        notes: What a reader must know.
    """

    question: str
    rate: bool
    people: FloatArray
    judge: FloatArray
    unlabelled: FloatArray
    clusters: tuple[FloatArray, FloatArray]
    span: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """What the labels make of a judge's number.

    Attributes:
        question: The question, with the label whose rate is meant.
        rate: Whether the numbers are shares.
        naive: The judge's own mean, as if its answers were true.
        labels: The mean of the labels alone.
        plain: Prediction-powered inference with weight 1.
        tuned: The same with the tuned weight: the corrected score.
        rogan_gladen: The rate by sensitivity and specificity; None for means.
        notes: What a reader must know.
    """

    question: str
    rate: bool
    naive: CorrectedMean
    labels: CorrectedMean
    plain: CorrectedMean
    tuned: CorrectedMean
    rogan_gladen: CorrectedRate | None
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The correction as JSON values."""
        return asdict(self)


def correct(judged: Path, labels: Path, *, question: str | None = None, label: str | None = None) -> list[Correction]:
    """Corrects a judge's means and rates.

    Args:
        judged: The judge's ratings of all items: a file, or the folder of its run.
        labels: People's ratings of some of them; several raters of an item count as their mean, or most frequent label.
        question: The question; all that both have where None.
        label: For questions with labels: whose rate is corrected. For pairs ``second`` by default, ties half.

    Raises:
        UserError: The files share no item, or a question with labels needs `label`.
    """
    return [_correction(sides) for sides in read_sides(judged, labels, question=question, label=label)]


def plan(
    judged: Path, labels: Path, width: float, *, question: str | None = None, label: str | None = None
) -> list[tuple[Sides, LabelPlan]]:
    """How many labels narrow each corrected mean to a width (of a rate: from 0 to 1); arguments as of `correct`.

    Raises:
        UserError: As of `correct`, or a question has fewer than five labels.
    """
    plans = []
    for sides in read_sides(judged, labels, question=question, label=label):
        if len(sides.people) < 5:
            raise UserError(f"{labels}: {sides.question} has {len(sides.people)} labels; a plan needs at least five")
        own = (sides.people, sides.judge, sides.unlabelled)
        plans.append((sides, plan_labels(*own, width, clusters=_dialogues(sides))))
    return plans


def read_sides(judged: Path, labels: Path, *, question: str | None, label: str | None) -> list[Sides]:
    """The answers of both files, question by question; arguments and errors as of `correct`."""
    theirs, people = read_open_ratings(judged), read_open_ratings(labels)
    shared = [name for name in chosen(theirs, question, str(judged)) if name in people]
    if not shared:
        raise UserError(f"{judged} and {labels} have no question in common ({', '.join(list(theirs)[:5])})")
    return [_sides(theirs[name], people[name], label, (str(judged), str(labels))) for name in shared]


def _sides(judge: Question, people: Question, label: str | None, where: tuple[str, str]) -> Sides:
    answers, labelled = judge.merged(), people.merged()
    check_shared(judge, people, where)
    both = [item for item in answers if item in labelled]
    if not both:
        raise UserError(f"{where[1]}: no item of {judge.name} has both a label and an answer of {where[0]}")
    rest = [item for item in answers if item not in labelled]
    if judge.level != people.level and "nominal" in (judge.level, people.level):
        raise UserError(f"{where[1]}: one side answers {judge.name} with labels, and the other with numbers")
    value = _value_of(judge, people, label, where)
    unread = len(judge.dialogues) - len(answers)
    unknown = [item for item in labelled if item not in judge.dialogues]
    unsettled = {item for own in people.answers.values() for item in own} - labelled.keys()
    notes = []
    if len(judge.answers) > 1:
        notes.append(f"the judge is {len(judge.answers)} raters, whose mean (or most frequent label) counts")
    if unread:
        notes.append(
            f"{unread} of {len(judge.dialogues)} items have no answer of the judge; nothing here speaks for them"
        )
    if unknown:
        notes.append(f"{len(unknown)} labelled items were not judged and do not count")
    if unsettled:
        notes.append(
            f"{len(unsettled)} labelled items have no label that more raters give than any other; they do not count"
        )
    numbers: dict[str, int] = {}
    clusters = tuple(np.array(numbered((judge.dialogues[item] for item in part), numbers)) for part in (both, rest))
    rate = judge.level == "nominal"
    span = 1.0 if rate else float(max(SCALE) - min(SCALE)) if judge.level == "ordinal" else None
    return Sides(
        f"{judge.name}: {label or 'second'}" if rate else judge.name,
        rate,
        np.array([value(labelled[item]) for item in both]),
        np.array([value(answers[item]) for item in both]),
        np.array([value(answers[item]) for item in rest]),
        (clusters[0], clusters[1]),
        span,
        tuple(notes),
    )


def _value_of(judge: Question, people: Question, label: str | None, where: tuple[str, str]) -> Any:
    if judge.level != "nominal":
        return float
    known = {str(one) for side in (judge, people) for own in side.answers.values() for one in own.values()}
    if label is None and judge.name != WINNER:
        listed = ", ".join(sorted(known)[:8])
        raise UserError(f"{where[0]}: {judge.name} has labels; say with --label whose rate is meant ({listed})")
    if label is not None and label not in known:
        raise UserError(f"neither {where[0]} nor {where[1]} has the label {label!r} for {judge.name}")
    wanted = label or "second"
    half = _HALF if judge.name == WINNER and wanted in ("first", "second") else ()

    def value(answer: Answer) -> float:
        return 1.0 if answer == wanted else 0.5 if answer in half else 0.0

    return value


def _dialogues(sides: Sides) -> tuple[Any, Any] | None:
    """The dialogues, or None where each has one item."""
    every = np.concatenate(sides.clusters)
    return sides.clusters if len(np.unique(every)) < len(every) else None


def _correction(sides: Sides) -> Correction:
    clusters = _dialogues(sides)
    own = (sides.people, sides.judge, sides.unlabelled)
    every = np.concatenate([sides.judge, sides.unlabelled])
    how: dict[str, Any] = {"clusters": clusters, "span": sides.span}
    binary = sides.rate and np.isin(np.concatenate(own), (0.0, 1.0)).all() and len(sides.unlabelled) > 0
    return Correction(
        sides.question,
        sides.rate,
        naive_mean(every, None if clusters is None else np.concatenate(clusters)),
        corrected_mean(*own[:2], (), weight=0.0, span=sides.span, clusters=_labelled_alone(clusters)),
        corrected_mean(*own, weight=1.0, **how),
        corrected_mean(*own, **how),
        corrected_rate(*own, clusters=clusters) if binary else None,
        (*sides.notes, *_drawn_notes(sides)),
    )


def _labelled_alone(clusters: tuple[Any, Any] | None) -> tuple[Any, Any] | None:
    return None if clusters is None else (clusters[0], np.zeros(0, dtype=np.int64))


def _drawn_notes(sides: Sides) -> list[str]:
    """Whether the labelled items look like a random draw, as the judge sees them."""
    if not len(sides.unlabelled):
        return ["every judged item has a label, so the corrected score is the mean of the labels"]
    sizes = (len(sides.judge), len(sides.unlabelled))
    if min(sizes) < 10:
        return []
    gap = float(sides.judge.mean() - sides.unlabelled.mean())
    error = float(np.sqrt(sides.judge.var(ddof=1) / sizes[0] + sides.unlabelled.var(ddof=1) / sizes[1]))
    if abs(gap) <= 3 * error:
        return []
    return [
        "the judge answers the labelled items otherwise than the rest (by more than three standard errors): they do "
        "not look like a random draw, and without one the corrected mean means nothing"
    ]


def correction_markdown(found: list[Correction]) -> str:
    """Corrections as Markdown; rates in percent."""
    head = ["question", "estimate", "value", "lambda", "n labelled", "N unlabelled"]
    rows: list[list[object]] = []
    for one in found:
        n, rest = one.tuned.labelled, one.tuned.unlabelled
        named: Mapping[str, tuple[CorrectedMean, str]] = {
            "judge, uncorrected": (one.naive, "-"),
            "labels alone": (one.labels, "-"),
            "corrected, weight 1 (PPI)": (one.plain, "1"),
            "corrected, weight tuned (PPI++)": (one.tuned, number(one.tuned.weight)),
        }
        for name, (mean, weight) in named.items():
            shown = _shown(mean.value, mean.low, mean.high, rate=one.rate)
            counted = ("0", n + rest) if mean is one.naive else (n, 0 if mean is one.labels else rest)
            rows.append([one.question, name, shown, weight, *counted])
        if one.rogan_gladen is not None:
            rate = one.rogan_gladen
            shown = _shown(rate.value, rate.low, rate.high, rate=True)
            rows.append([one.question, "corrected by sensitivity and specificity (Rogan-Gladen)", shown, "-", n, rest])
    notes = [f"- {one.question}: {note}" for one in found for note in _notes(one)]
    sections = ["# Corrected scores", "95% intervals; rates in percent.", table(head, rows, left=2)]
    return "\n\n".join([*sections, *(["\n".join(notes)] if notes else [])]) + "\n"


def plan_markdown(plans: list[tuple[Sides, LabelPlan]]) -> str:
    """Plans as Markdown; rates in percent."""
    head = ["question", "width wanted", "width now", "labels now", "labels needed", "5% to 95%", "without the judge"]
    rows, notes = [], []
    for sides, one in plans:
        scale = 100.0 if sides.rate else 1.0
        most = f"more than {one.items}"
        needed, low, high, alone = (
            most if count is None else str(count) for count in (one.labels, one.low, one.high, one.alone)
        )
        widths = (number(scale * one.width), number(None if one.now is None else scale * one.now), one.labelled)
        rows.append([sides.question, *widths, needed, f"{low} to {high}", alone])
        if one.labels is None:
            narrow = number(scale * one.narrowest)
            notes.append(f"- {sides.question}: with a label for all {one.items} items the interval is {narrow} wide.")
        elif one.labels <= one.labelled:
            notes.append(f"- {sides.question}: the labels at hand are enough.")
        else:
            notes.append(f"- {sides.question}: {one.labels - one.labelled} more labels, drawn at random from the rest.")
    return "\n\n".join(["# Labels for a width", table(head, rows), "\n".join(notes)]) + "\n"


def _shown(value: float | None, low: float | None, high: float | None, *, rate: bool) -> str:
    scale, digits = (100.0, 1) if rate else (1.0, 3)
    ends = [None if end is None else scale * (min(max(end, 0.0), 1.0) if rate else end) for end in (low, high)]
    if value is None and None not in ends:
        return f"- [{number(ends[0], digits)}, {number(ends[1], digits)}]"
    return interval(None if value is None else scale * value, ends[0], ends[1], digits)


def _notes(one: Correction) -> list[str]:
    found = [*one.notes, *(mean.note for mean in (one.labels, one.tuned) if mean.note)]
    if one.tuned.labelled < 30:
        found.append(f"{one.tuned.labelled} labels are few: intervals of fewer than 30 are rough")
    rate = one.rogan_gladen
    if rate is not None:
        sides = (("sensitivity", rate.sensitivity, rate.positives), ("specificity", rate.specificity, rate.negatives))
        listed = " and ".join(
            f"{name} {number(None if v is None else 100 * v, 1)} (of {count})" for name, v, count in sides
        )
        found.append(f"{listed}{'; ' + rate.note if rate.note else ''}")
    return list(dict.fromkeys(found))
