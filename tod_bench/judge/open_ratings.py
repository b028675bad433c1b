"""Ratings of any question and any scale, as the statistics of judges need them: tables of raters by item.

A file is long, one row a rating: ``item,value`` and, where there are several, ``question``, ``rater``, ``candidate``
and ``turn``. ``dialogue`` says to which dialogue an item belongs; items of one are not independent, and intervals and
tests are then over dialogues. Values are numbers, or labels where a question has none but labels. Whatever else
`tod_bench.judge.ratings_csv` reads (the wide forms of form tools), and the folder of a judge run, are taken as well.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tod_bench.errors import DataError, UserError, did_you_mean
from tod_bench.judge.own_questions import name_of
from tod_bench.judge.ratings_csv import RATERS, read_ratings, read_table
from tod_metrics.base import FloatArray
from tod_metrics.judge.agreement import Level
from tod_metrics.judge.alpha import consensus, most_frequent
from tod_metrics.judge.ratings import EMOTION, QUESTION_KEYS, WINNER, Rating

Answer = float | str


class OpenRating(NamedTuple):
    """One rating: what was rated, who rated, and the answer (None where there is none)."""

    item: str
    question: str
    rater: str
    value: Answer | None
    dialogue: str


@dataclass(frozen=True, slots=True)
class Question:
    """All ratings of one question.

    Attributes:
        name: The question.
        answers: Rater -> item -> answer.
        dialogues: Item -> its dialogue, also of items without any answer.
        level: ``ordinal`` for the Likert scale, ``interval`` for other numbers, ``nominal`` for labels.
    """

    name: str
    answers: Mapping[str, Mapping[str, Answer]]
    dialogues: Mapping[str, str]
    level: Level

    @property
    def several(self) -> bool:
        """Whether a dialogue has several items."""
        return len(set(self.dialogues.values())) < len(self.dialogues)

    def table(self, raters: Sequence[str], items: Sequence[str]) -> list[list[Answer | None]]:
        """The answers of raters to items, a row a rater."""
        return [[self.answers[rater].get(item) for item in items] for rater in raters]

    def merged(self) -> dict[str, Answer]:
        """One answer an item: the raters' mean, or the label that more of them give than any other."""
        by_item: dict[str, list[Answer]] = {}
        for answers in self.answers.values():
            for item, answer in answers.items():
                by_item.setdefault(item, []).append(answer)
        merged = {item: _middle(answers) for item, answers in by_item.items()}
        return {item: answer for item, answer in merged.items() if answer is not None}


def read_open_ratings(path: Path) -> dict[str, Question]:
    """Reads a file of ratings, or the folder of a judge run, by question.

    Raises:
        UserError: It cannot be read, or holds no ratings.
        DataError: A value cannot be used, or a rating is there twice.
    """
    if path.is_dir():
        from tod_bench.judge.run import stored_ratings

        return _questions(_of_ratings(stored_ratings(path)[0], one_rater=True), str(path))
    head, rows = read_table(path)
    columns = {name.lower(): name for name in head}
    asked = {row[columns["question"]].strip() for _, row in rows} if "question" in columns else {"value"}
    known = {*QUESTION_KEYS, WINNER, EMOTION, "factors"}
    if not {"item", "value"} <= columns.keys() or asked <= known:
        return _questions(_of_ratings(read_ratings(path).ratings, one_rater=False), str(path))
    rater = next((columns[name] for name in RATERS if name in columns), None)
    ratings = []
    for line, row in rows:
        cells = {name: row[column].strip() for name, column in columns.items()}
        where = f"{path}, line {line}"
        if not cells["item"]:
            raise DataError("no item is named", file=where)
        about = [cells[name] for name in ("candidate", "turn") if cells.get(name)]
        value = _value(cells["value"], where)
        named = (row[rater].strip() if rater else "") or "1"
        item = "|".join([cells["item"], *about])
        # As in the folder of a judge run: what is rated of a dialogue of one's own questions belongs to it.
        own = name_of(cells.get("question", "")) != cells.get("question", "")
        dialogue = cells.get("dialogue") or (cells["item"] if own else item)
        ratings.append(OpenRating(item, cells.get("question", "value"), named, value, dialogue))
    return _questions(ratings, str(path))


def codes(question: Question, table: Iterable[Sequence[Answer | None]]) -> FloatArray:
    """Answers as numbers, labels as the place of each among the question's labels; NaN where there is none."""
    if question.level != "nominal":
        return np.array([[math.nan if one is None else float(one) for one in row] for row in table])
    rows = list(table)
    places = {one: place for place, one in enumerate(sorted({str(one) for row in rows for one in row}))}
    return np.array([[math.nan if one is None else float(places[str(one)]) for one in row] for row in rows])


def chosen(questions: Mapping[str, Question], name: str | None, where: str) -> dict[str, Question]:
    """All questions, or the one that is named.

    Raises:
        UserError: There is no such question.
    """
    if name is None:
        return dict(questions)
    if name not in questions:
        listed = ", ".join(list(questions)[:10])
        raise UserError(f"{where} has no question {name!r}{did_you_mean(name, questions)}; it has {listed}")
    return {name: questions[name]}


def check_shared(own: Question, other: Question, where: tuple[str, str]) -> None:
    """Checks that two files speak of the same items and dialogues.

    Args:
        own: The side whose dialogues are used.
        other: The other side.
        where: Their files.

    Raises:
        UserError: They share no item, or only the other side says which items are of one dialogue.
    """
    shared = own.dialogues.keys() & other.dialogues.keys()
    if not shared:
        ours, theirs = next(iter(own.dialogues)), next(iter(other.dialogues))
        raise UserError(
            f"{where[0]} and {where[1]} have no item of {own.name} in common (such as {ours!r}, and {theirs!r}); what "
            "stands behind a bar is from the columns candidate and turn, which both need"
        )
    # Where both say the same of every shared item, only one version of each dialogue was rated.
    if other.several and not own.several and any(own.dialogues[item] != other.dialogues[item] for item in shared):
        raise UserError(
            f"{where[1]} has several items of a dialogue, and {where[0]} names none; add a column `dialogue`"
        )


def numbered(names: Iterable[str], numbers: dict[str, int]) -> list[int]:
    """A number for each name, the same for the same name wherever `numbers` is handed on."""
    return [numbers.setdefault(name, len(numbers)) for name in names]


def _value(text: str, where: str) -> Answer | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        raise DataError(f"{text!r} is no rating; leave the cell empty where none was given", file=where)
    return number


def _middle(answers: Sequence[Answer]) -> Answer | None:
    if all(isinstance(one, float) for one in answers):
        return sum(map(float, answers)) / len(answers)
    return most_frequent(answers)


def _of_ratings(ratings: Sequence[Rating], *, one_rater: bool) -> list[OpenRating]:
    """Ratings of our own questions; of a judge, its repeats as one and its unscored ones as missing."""
    own = [rating for rating in ratings if rating.persona == "own"]
    if one_rater:
        agreed = consensus(own, "judge")
        found = {(one.item, one.question, one.candidate, one.turn) for one in agreed}
        unscored = {
            (one.item, one.question, one.candidate, one.turn): Rating(
                one.item, one.question, None, one.candidate, turn=one.turn
            )
            for one in own
            if (one.item, one.question, one.candidate, one.turn) not in found
        }
        own = [*agreed, *unscored.values()]
    several = len({one.candidate for one in own if one.candidate and one.question != WINNER}) > 1
    return [
        OpenRating(
            "|".join(
                [
                    one.item,
                    *([one.candidate] if several or name_of(one.question) != one.question else []),
                    *([] if one.turn is None else [str(one.turn)]),
                ]
            ),
            *(one.question, one.rater, float(one.value) if isinstance(one.value, int) else one.value, one.item),
        )
        for one in own
    ]


def _questions(ratings: Sequence[OpenRating], where: str) -> dict[str, Question]:
    answers: dict[str, dict[str, dict[str, Answer]]] = {}
    dialogues: dict[str, dict[str, str]] = {}
    seen = set()
    for one in ratings:
        if (one.question, one.rater, one.item) in seen:
            raise DataError(f"{one.rater} rates {one.question} of {one.item} twice", file=where)
        seen.add((one.question, one.rater, one.item))
        if dialogues.setdefault(one.question, {}).setdefault(one.item, one.dialogue) != one.dialogue:
            raise DataError(f"{one.item} stands in two dialogues", file=where)
        own = answers.setdefault(one.question, {}).setdefault(one.rater, {})
        if one.value is not None:
            own[one.item] = one.value
    if not any(own for by_rater in answers.values() for own in by_rater.values()):
        raise UserError(f"{where} holds no ratings")
    return {
        name: Question(name, answers[name], dialogues[name], _level(name, answers[name], where)) for name in answers
    }


def _level(name: str, answers: Mapping[str, Mapping[str, Answer]], where: str) -> Level:
    every = [one for own in answers.values() for one in own.values()]
    words = [one for one in every if isinstance(one, str)]
    if words and len(words) < len(every):
        raise DataError(
            f"{name} has numbers and words, such as {words[0]!r}; write all answers as one of them", file=where
        )
    return "nominal" if words else "ordinal" if name in QUESTION_KEYS else "interval"
