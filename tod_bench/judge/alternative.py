"""May a judge take a person's place? The alternative annotator test over files of ratings, question by question."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tod_bench.errors import UserError
from tod_bench.judge.open_ratings import Answer, Question, check_shared, chosen, codes, numbered, read_open_ratings
from tod_bench.judge.sections import interval, number, p_value
from tod_bench.markdown import table
from tod_bench.statistics import Agreement, agreement
from tod_bench.statistics.alternative import T_TEST_FROM, AlternativeTest, alternative_test, corrected_together
from tod_metrics.base import FloatArray
from tod_metrics.judge.agreement import Level

_SHOWN = 20
"""Raters of a question whom the page lists; the JSON has all."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """Whether a judge may replace a rater on one question.

    Attributes:
        question: The question.
        level: Level of measurement: labels are compared by equality, all else by the root mean square difference.
        raters: The people, in the order of the test's places.
        items: Items that the judge and at least two people answered.
        test: The test.
        constant: The test of somebody who always gives the same answer: the most frequent, or the mean.
        agreement: Krippendorff's alpha between the people, without which epsilon cannot be judged.
        notes: What a reader must know.
    """

    question: str
    level: Level
    raters: tuple[str, ...]
    items: int
    test: AlternativeTest
    constant: AlternativeTest
    agreement: Agreement
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values, raters by name."""
        test = self.test
        return {
            **{"question": self.question, "level": self.level, "raters": len(self.raters), "items": self.items},
            **{"epsilon": test.epsilon, "false_discovery_rate": test.level},
            **{"omega": test.omega, "rho": test.rho, "passes": test.passes, "omega_exact": test.omega_exact},
            **{"omega_constant": self.constant.omega, "rho_constant": self.constant.rho},
            **{"alpha": self.agreement.alpha, "alpha_low": self.agreement.interval.low},
            **{"alpha_high": self.agreement.interval.high},
            "comparisons": [{**asdict(one), "rater": self.raters[one.rater]} for one in test.comparisons],
            "left_out": {self.raters[rater]: items for rater, items in test.left_out},
            "notes": list(self.notes),
        }


def may_replace(
    ratings: Path,
    judge: str,
    *,
    epsilon: float = 0.2,
    question: str | None = None,
    level: Level | None = None,
    least_items: int = T_TEST_FROM,
    standardised: bool = False,
    draws: int = 1000,
) -> list[Replacement]:
    """Tests a judge against the raters of a file.

    Args:
        ratings: The people's ratings, see `tod_bench.judge.open_ratings`.
        judge: A file of its ratings, the folder of its run, or the name of a rater of `ratings`.
        epsilon: What the judge's lower price is worth.
        question: The question; all that judge and people share where None, with one correction over all of them.
        level: Level of measurement; by question where None.
        least_items: Raters with fewer items are not compared.
        standardised: Numbers only: each rater's answers less their mean, over their standard deviation; for raters (or
            a judge) who use the scale differently.
        draws: Bootstrap draws of alpha's interval.

    Raises:
        UserError: There are fewer than three people, nobody has enough items, or judge and people share nothing.
    """
    people = read_open_ratings(ratings)
    name = None if Path(judge).exists() else judge
    verdicts = _taken_out(people, judge, ratings) if name else _of_judge(people, Path(judge), ratings)
    shared = {key: one for key, one in chosen(people, question, str(ratings)).items() if key in verdicts}
    if not shared:
        raise UserError(f"{ratings} and {judge} have no question in common ({', '.join(list(verdicts)[:5])})")
    found = [
        _replacement(one, verdicts[key], (name, str(ratings)), (epsilon, level, least_items, standardised, draws))
        for key, one in shared.items()
    ]
    tests = corrected_together([one.test for one in found])
    constants = corrected_together([one.constant for one in found])
    return [
        replace(one, test=test, constant=constant, notes=(*one.notes, *_notes(test, constant)))
        for one, test, constant in zip(found, tests, constants, strict=True)
    ]


def _taken_out(people: Mapping[str, Question], judge: str, ratings: Path) -> dict[str, Mapping[str, Answer]]:
    found = {name: question.answers[judge] for name, question in people.items() if judge in question.answers}
    if not found:
        raise UserError(f"{judge} is neither a file, nor the folder of a judge run, nor a rater of {ratings}")
    return found


def _of_judge(people: Mapping[str, Question], judge: Path, ratings: Path) -> dict[str, Mapping[str, Answer]]:
    questions = read_open_ratings(judge)
    for name, question in questions.items():
        if len(question.answers) > 1:
            raise UserError(f"{judge} has ratings of {name} by {len(question.answers)} raters; a judge's file has one")
        if name in people:
            check_shared(people[name], question, (str(ratings), str(judge)))
    return {name: next(iter(question.answers.values())) for name, question in questions.items()}


def _replacement(
    question: Question,
    judge: Mapping[str, Answer],
    named: tuple[str | None, str],
    how: tuple[float, Level | None, int, bool, int],
) -> Replacement:
    (name, where), (epsilon, stated, least, standardised, draws) = named, how
    raters = [rater for rater, own in question.answers.items() if rater != name and own]
    if len(raters) < 3:
        raise UserError(f"{where}: {question.name} has {len(raters)} raters besides the judge; the test needs three")
    items = [item for item in question.dialogues if any(item in question.answers[rater] for rater in raters)]
    judged = [judge.get(item) for item in items]
    answers = question.table(raters, items)
    _check_kind(question, judged, where)
    level = stated or question.level
    if question.level == "nominal" and level != "nominal":
        raise UserError(f"{where}: {question.name} has labels, so its level of measurement is nominal, not {level}")
    if standardised and level == "nominal":
        raise UserError(f"{where}: answers to {question.name} are compared as labels, which cannot be standardised")
    numbers = codes(question, [*answers, judged])
    if standardised:
        numbers = _standardised(numbers)
    dialogues = numbered((question.dialogues[item] for item in items), {})
    how_tested: dict[str, Any] = {
        **{"alignment": "accuracy" if level == "nominal" else "rmse", "epsilon": epsilon},
        **{"clusters": dialogues, "least_items": least},
    }
    test = alternative_test(numbers[:-1], numbers[-1], **how_tested)
    if not test.comparisons:
        most = max(count for _, count in test.left_out)
        raise UserError(
            f"{where}: no rater of {question.name} has {least} items that the judge and another rater answered "
            f"(at most {most}); --min-items sets a smaller number"
        )
    agreed = agreement(answers, level, items=dialogues, draws=draws, question=question.name)
    rated = np.isfinite(numbers[-1]) & (np.isfinite(numbers[:-1]).sum(axis=0) >= 2)
    without = sum(one is None for one in judged)
    notes = (f"{without} of {len(items)} items have no answer of the judge and do not count",) if without else ()
    constants = [
        alternative_test(numbers[:-1], np.where(np.isfinite(numbers[-1]), always, np.nan), **how_tested, exactly=False)
        for always in _usual(numbers[:-1], level)
    ]
    constant = max(constants, key=lambda one: (one.omega or 0.0, one.rho or 0.0))
    return Replacement(question.name, level, tuple(raters), int(rated.sum()), test, constant, agreed, notes)


def _usual(numbers: FloatArray, level: Level) -> list[float]:
    """What somebody says who always gives the same answer: the most frequent one, and of numbers also the mean."""
    given = numbers[np.isfinite(numbers)]
    values, counts = np.unique(given, return_counts=True)
    most = float(values[counts.argmax()])
    return [most] if level == "nominal" else [most, float(given.mean())]


def _check_kind(question: Question, judged: list[Answer | None], where: str) -> None:
    odd = next(
        (one for one in judged if isinstance(one, str) != (question.level == "nominal") and one is not None), None
    )
    if odd is not None:
        kinds = ("labels", "numbers") if question.level == "nominal" else ("numbers", "labels")
        raise UserError(
            f"{where}: people answer {question.name} with {kinds[0]}, and the judge with {kinds[1]} ({odd!r})"
        )


def _standardised(numbers: FloatArray) -> FloatArray:
    given = np.isfinite(numbers)
    counts = np.maximum(given.sum(axis=1, keepdims=True), 1)
    centred = numbers - np.where(given, numbers, 0).sum(axis=1, keepdims=True) / counts
    spread = np.sqrt(np.where(given, centred**2, 0).sum(axis=1, keepdims=True) / counts)
    return np.asarray(np.divide(centred, spread, out=np.where(given, 0.0, np.nan), where=given & (spread > 1e-12)))


def _notes(test: AlternativeTest, constant: AlternativeTest) -> list[str]:
    compared, notes = test.comparisons, []
    if constant.passes:
        notes.append(
            f"somebody who always gives the same answer passes as well (omega {number(constant.omega)}, rho "
            f"{number(constant.rho)}): passing shows nothing here"
        )
    if test.left_out:
        notes.append(f"{len(test.left_out)} raters have too few items and are not compared")
    if len(compared) < 3:
        notes.append(f"only {len(compared)} of the raters could be compared; omega wants at least three")
    fewest = min(one.units for one in compared)
    if fewest < 50:
        notes.append(
            f"one rater has {fewest} items or dialogues; the authors advise 50 to 100; with few, a good judge may fail"
        )
    if any(one.test == "wilcoxon" for one in compared):
        notes.append(
            f"below {T_TEST_FROM} items p is Wilcoxon's, as in the paper; on differences that are mostly 0 it finds "
            "a judge good too readily, so go by the exact p"
        )
    exact = test.omega_exact
    if exact is not None and (exact >= 0.5) != test.passes:
        notes.append(f"by exact tests omega is {exact:.2f}, and the verdict is the other one")
    if any(one.units < one.items for one in compared):
        notes.append("dialogues have several items: standard errors are over dialogues, and there is no exact p")
    return notes


def replacement_markdown(found: list[Replacement], judge: str) -> str:
    """The tests as Markdown."""
    head = ["question", "raters compared", "items", "alpha of people", "omega", "rho"]
    head += ["omega, rho of a constant answer", "judge may replace a rater"]
    rows = [
        [
            *(one.question, len(one.test.comparisons), one.items),
            interval(one.agreement.alpha, one.agreement.interval.low, one.agreement.interval.high),
            *(number(one.test.omega), number(one.test.rho)),
            f"{number(one.constant.omega)}, {number(one.constant.rho)}",
            "no" if not one.test.passes else "yes" if not one.constant.passes else "yes, as may a constant",
        ]
        for one in found
    ]
    first = found[0].test
    about = (
        f"Epsilon {first.epsilon:g}; the judge beats a rater where p < {first.level:g} after Benjamini and Yekutieli's "
        f"correction over all {sum(len(one.test.comparisons) for one in found)} comparisons, and passes with omega "
        "of 0.5. Beside it: somebody who always gives the same answer, the most frequent one or the mean of all."
    )
    sections = [f"# Alternative annotator test: {judge}", about, table(head, rows), *map(_section, found)]
    return "\n\n".join(sections) + "\n"


def _section(one: Replacement) -> str:
    shown = one.test.comparisons[:_SHOWN]
    head = ["rater", "items", "judge at least as near", "rater at least as near", "test", "p", "corrected", "exact p"]
    rows = [
        [
            *(one.raters[row.rater], row.items, number(row.judge), number(row.person), row.test),
            *(p_value(row.p), p_value(row.corrected), p_value(row.exact)),
        ]
        for row in shown
    ]
    more = len(one.test.comparisons) - len(shown)
    notes = [*one.notes, *([f"{more} more raters are in the JSON (--output)"] if more else [])]
    listed = "".join(f"\n- {note}" for note in notes)
    return f"## {one.question}\n\n{table(head, rows)}" + (f"\n{listed}" if notes else "")
