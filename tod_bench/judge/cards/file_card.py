"""The card of a judge that cannot be asked: its answers are in a file, held against people's ratings of the same items.

    judge.csv    item,question,rater,value     one rater, the judge
    people.csv   item,question,rater,value     any number of them

What takes asking (repeats, orders, personas) is `not measured` on such a card, with that reason.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tod_bench.errors import UserError
from tod_bench.files import digest_of_files
from tod_bench.judge.alternative import Replacement, may_replace
from tod_bench.judge.cards.card import JudgeCard, Measure, by_item, measured, missing, share
from tod_bench.judge.cards.conclusions import worth
from tod_bench.judge.open_ratings import Answer, Question, check_shared, read_open_ratings
from tod_bench.provenance import provenance
from tod_bench.statistics import correlation, pair_moments
from tod_metrics.base import FloatArray, ratio

EPSILON = 0.2
"""What the judge's lower price is worth in the alternative annotator test of a card."""

_WHY = "the answers are from a file: the judge was not asked"
_UNASKED = {
    "self": ("equal over repeats", "alpha between repeats"),
    "bias": ("position", "length", "order of the questions", "example"),
    "persona": ("fall under a wrong persona",),
    "roles": ("which of four people said it",),
    "cost": ("tokens an item", "dollars an item", "seconds an item"),
}


def card_of_files(judge: Path, labels: Path, *, command: str = "") -> JudgeCard:
    """The card of a judge's file of answers.

    Args:
        judge: Its answers, see `tod_bench.judge.open_ratings`; one rater.
        labels: People's ratings.
        command: What makes this card, for its reader.

    Raises:
        UserError: A file cannot be read, the judge's has several raters, or the two share no question or item.
    """
    answers, people = read_open_ratings(judge), read_open_ratings(labels)
    shared = [name for name in answers if name in people]
    if not shared:
        raise UserError(f"{judge} and {labels} have no question in common ({', '.join(list(people)[:5])})")
    names = {rater for name in shared for rater in answers[name].answers}
    if len(names) != 1:
        raise UserError(f"{judge} has {len(names)} raters; a judge's file has one, the judge")
    measures: list[Measure] = []
    for name in shared:
        check_shared(people[name], answers[name], (str(labels), str(judge)))
        measures += _of_question(people[name], answers[name])
        measures += _replacing(labels, judge, name)
    measures += [missing(section, name, _WHY) for section, listed in _UNASKED.items() for name in listed]
    raters = len({rater for name in shared for rater in people[name].answers})
    digests = {"judge": digest_of_files([judge])[:12], "labels": digest_of_files([labels])[:12]}
    (model,) = names
    return JudgeCard(
        judge=model,
        returned=model,
        task="ratings",
        config=judge.name,
        about=f"{len({item for name in shared for item in answers[name].dialogues})} items of {judge.name}",
        labels=f"{labels.name}: {raters} rater{'s' if raters > 1 else ''}",
        signature={**digests, "tod_bench": str(provenance()["tod_bench"])},
        measures=tuple(measures),
        conclusions=(*worth(measures), *_numbers_worth(measures), *_replaces(measures)),
        command=command,
        date=datetime.now(UTC).date().isoformat(),
    )


def _numbers_worth(measures: Sequence[Measure]) -> Iterator[str]:
    """Whether numbers follow people's, and come nearer to them than always their mean."""
    values = {(one.name, one.about): one for one in measures}
    for (name, about), one in values.items():
        if name == "correlation, judge and labels":
            follow = "rise and fall" if one.low is not None and one.low > 0 else "are not shown to rise and fall"
            yield f"{about}: the answers {follow} with people's."
        if name == "root mean square difference" and one.value is not None:
            always = values["the same of always the labels' mean", about].value or 0.0
            near, off = "nearer" if one.value < always else "no nearer", f"{one.value:.2f} points off, {always:.2f}"
            yield f"{about}: the answers are {near} to people's than always the mean would be ({off})."


def _replaces(measures: Sequence[Measure]) -> Iterator[str]:
    for one in measures:
        if one.name == "alternative annotator test, omega" and one.value is not None:
            yield f"{one.about}: by the alternative annotator test, {one.note}."


def _of_question(people: Question, judge: Question) -> list[Measure]:
    """Agreement and accuracy on one question, over the items that both have an answer to."""
    given, right, name = judge.merged(), people.merged(), judge.name
    both = [item for item in right if item in given]
    asked = by_item([(judge.dialogues[item], [item not in given, 1.0]) for item in judge.dialogues])
    unread = measured(("unread", "unread", name), asked, share, of="items")
    if (people.level == "nominal") != (judge.level == "nominal"):
        raise UserError(f"{name} is answered with labels on one side and with numbers on the other; write both alike")
    pairs = {item: (given[item], right[item]) for item in both}
    return [*(_labels if people.level == "nominal" else _numbers)(people, pairs), unread]


def _numbers(people: Question, pairs: Mapping[str, tuple[Answer, Answer]]) -> list[Measure]:
    """Of numbers: Krippendorff's alpha (interval) and correlation with people's mean, and how far off the judge is."""
    centre = float(np.mean([float(mean) for _, mean in pairs.values()]))
    rows = []
    for item, (answer, mean) in pairs.items():
        x, y = float(answer) - centre, float(mean) - centre  # the sums of large numbers would lose digits
        rows.append((people.dialogues[item], pair_moments(x, y).tolist()))
    sums, n, name = by_item(rows), len(pairs), people.name
    note = "interval; people's mean of each item is the second rater"
    return [
        measured(("agreement", "alpha, judge and labels", name), sums, _alpha_of_numbers, "alpha", n=n, note=note),
        measured(("agreement", "correlation, judge and labels", name), sums, _rise_and_fall, "", n=n),
        measured(("gold", "judge less labels", name), sums, _mean_difference, "points", n=n),
        measured(("gold", "root mean square difference", name), sums, _distance, "points", n=n),
        measured(("gold", "the same of always the labels' mean", name), sums, _spread, "points", n=n),
    ]


def _alpha_of_numbers(sums: FloatArray) -> FloatArray:
    """1 - observed / expected disagreement of two raters (Krippendorff), from n, x, y, x², y² and xy summed."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    expected = 2 * (2 * n * (xx + yy) - (x + y) ** 2) / (2 * n * (2 * n - 1))
    return 1 - ratio((xx + yy - 2 * xy) / n, expected)


def _rise_and_fall(sums: FloatArray) -> FloatArray:
    return correlation(sums, flat=0.0)  # points may be of any size


def _mean_difference(sums: FloatArray) -> FloatArray:
    return np.asarray((sums[..., 1] - sums[..., 2]) / sums[..., 0])


def _distance(sums: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.maximum(sums[..., 3] + sums[..., 4] - 2 * sums[..., 5], 0.0) / sums[..., 0]))


def _spread(sums: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.maximum(sums[..., 4] / sums[..., 0] - (sums[..., 2] / sums[..., 0]) ** 2, 0.0)))


def _labels(people: Question, pairs: Mapping[str, tuple[Answer, Answer]]) -> list[Measure]:
    """Of labels: Krippendorff's alpha (nominal), accuracy, and that of always giving the commonest label."""
    labels = sorted({str(value) for pair in pairs.values() for value in pair})
    rows, plain, floor = [], [], []
    (most, _), *_ = Counter(str(label) for _, label in pairs.values()).most_common(1)
    for item, (answer, label) in pairs.items():
        where = people.dialogues[item]
        counts = [float((answer == one) + (label == one)) for one in labels]
        rows.append((where, [float(answer != label), *counts]))
        plain.append((where, [float(answer == label), 1.0]))
        floor.append((where, [float(label == most), 1.0]))
    name, n = people.name, len(pairs)
    accuracy = measured(("gold", "accuracy", name), by_item(plain), share, n=n, of="labelled answers")
    return [
        measured(("agreement", "alpha, judge and labels", name), by_item(rows), _alpha_of_labels, "alpha", n=n),
        accuracy,
        measured(("gold", f"floor: always {most}", name), by_item(floor), share, n=n, of="labelled items"),
    ]


def _alpha_of_labels(sums: FloatArray) -> FloatArray:
    """The same of labels: disagreements, then how often each label was given by either."""
    given = sums[..., 1:]
    n = given.sum(axis=-1)
    return 1 - ratio(2 * sums[..., 0] / n, ratio(n * n - (given**2).sum(axis=-1), n * (n - 1)))


def _replacing(labels: Path, judge: Path, question: str) -> list[Measure]:
    """The alternative annotator test, and people's agreement among themselves; or why there is none."""
    try:
        (test,) = may_replace(labels, str(judge), epsilon=EPSILON, question=question)
    except UserError as error:
        names = ("alpha, people", "alternative annotator test, omega", "alternative annotator test, rho")
        return [missing("agreement", name, str(error), question) for name in names]
    return [_alpha_of_people(test), *_omega_and_rho(test)]


def _alpha_of_people(test: Replacement) -> Measure:
    found = test.agreement
    if found.alpha is None:
        return missing("agreement", "alpha, people", "people's answers do not vary", test.question)
    ends = (found.interval.low, found.interval.high)
    return Measure("agreement", "alpha, people", test.question, found.alpha, *ends, "alpha", test.items, "items")


def _omega_and_rho(test: Replacement) -> list[Measure]:
    raters, constant = len(test.test.comparisons), test.constant
    passes = "may replace a rater" if test.test.passes else "may not replace a rater"
    return [
        Measure(
            *("agreement", f"alternative annotator test, {name}", test.question, value),
            n=raters,
            of="raters",
            note=f"epsilon {EPSILON:g}: {passes}; somebody who always gives the same answer has {same:.2f}",
        )
        for name, value, same in (
            ("omega", test.test.omega, constant.omega),
            ("rho", test.test.rho, constant.rho),
        )
    ]
