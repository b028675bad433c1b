"""Ratings by people, from CSV, in the form that our annotation page writes or in those that form tools export.

Long, one row a rating:

    item,question,rater,value
    dlg_7,Q1,anna,3
    dlg_7,winner,anna,second

Wide, one row a rater (or a rater and an item), questions in the columns. A column names its item before the question or
in brackets after it, or there is a column ``item``:

    rater,dlg_7 Q1,dlg_7 Q2        Name,Q1 [dlg_7],Q2 [dlg_7]        item,rater,Q1,Q2

Values are points (``3``), the scale's words (``somewhat``) or both (``3 - somewhat``); for pairs ``first``, ``second``
(or ``A``, ``B``) and ``tie``, by version and not by position; for factors names with semicolons between them. An empty
cell is a rating that was not given. Further columns say what was rated and by whom: ``candidate`` (``arm`` in files of
version 0.1), ``turn``, and attributes of the user.

Questions of the user's own have the names that their file gives them; values are the answers of their scales.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from tod_bench.errors import DataError, UserError, did_you_mean
from tod_bench.inputs import read_text
from tod_bench.judge.own_questions import QuestionFile, answers_of, name_of
from tod_bench.judge.questions import EMOTION, EMOTIONS, FACTORS, QUESTIONS, SCALE, WINNER, attributes_of
from tod_metrics.judge.ratings import Rating

FACTORS_QUESTION = "factors"
"""The question under which the factors of a preference stand."""

_ASKED = {name.lower(): name for name in (*QUESTIONS, WINNER, EMOTION, FACTORS_QUESTION)}
_NAMES = "|".join(sorted(_ASKED, key=len, reverse=True))
_BEFORE = re.compile(rf"(?P<item>.+?)[\s/:|_.\-]+(?P<question>{_NAMES})", re.IGNORECASE)
_BRACKETS = re.compile(rf"(?P<question>{_NAMES})\b[^\[]*\[(?P<item>[^\]]+)\]", re.IGNORECASE)
RATERS = ("rater", "annotator", "worker", "participant", "respondent", "name", "email", "email address")
"""Columns that may name the rater, in lower case."""
_SIDES = {"a": "first", "1": "first", "first": "first", "b": "second", "2": "second", "second": "second", "tie": "tie"}
_ATTRIBUTES = tuple(attributes_of(None))


@dataclass(frozen=True, slots=True)
class HumanRatings:
    """Ratings by people.

    Attributes:
        ratings: The ratings, in file order; factors stand with the preference that they explain.
        attributes: Item -> attributes of its user, as far as the file has them.
    """

    ratings: tuple[Rating, ...]
    attributes: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Cell:
    """One answer of a file: which line it is in, what it is about, and the line's further columns."""

    line: int
    item: str
    question: str
    rater: str
    value: str
    beside: Mapping[str, str]


def read_ratings(path: Path, versions: Sequence[str] = (), own: QuestionFile | None = None) -> HumanRatings:
    """Reads a file of ratings, whatever its form.

    Args:
        path: The CSV (commas, semicolons or tabs; UTF-8, with or without a byte order mark).
        versions: Names of the two versions of a pair, which then also count as values, first and second.
        own: The questions of the user's own that are rated.

    Raises:
        UserError: The file cannot be read or has no column that names a question.
        DataError: A question or value is none that there is, or a rating is in the file twice.
    """
    sides = {**_SIDES, **{name.lower(): side for name, side in zip(versions, ("first", "second"), strict=False)}}
    ratings: dict[tuple[str, str, str, str, str], Rating] = {}
    factors: dict[tuple[str, str, str], tuple[str, ...]] = {}
    attributes: dict[str, dict[str, str]] = {}
    for cell in _cells(path, _ASKED if own is None else _ASKED | _names_of(own)):
        where = f"{path}, line {cell.line}"
        candidate = cell.beside.get("candidate", cell.beside.get("arm", ""))
        turn = cell.beside.get("turn", "")
        stated = {name: cell.beside[name].strip().lower() for name in _ATTRIBUTES if cell.beside.get(name, "").strip()}
        attributes.setdefault(cell.item, {}).update(stated)
        if cell.question == FACTORS_QUESTION:
            factors[cell.item, candidate, cell.rater] = _factors(cell.value, where)
            continue
        key = (cell.item, cell.question, candidate, turn, cell.rater)
        if key in ratings:
            raise DataError(f"{cell.rater} rates {cell.question} of {cell.item} twice", file=where)
        value = _value(cell.question, cell.value.strip(), sides, where)
        ratings[key] = Rating(
            cell.item,
            cell.question,
            value,
            candidate,
            cell.rater,
            turn=int(turn) if turn.isdecimal() and len(turn) < 10 else None,
            problem="" if value is not None else "not given",
        )
    if not ratings:
        raise UserError(f"{path} holds no ratings")
    explained = (
        replace(rating, factors=factors.get((rating.item, rating.candidate, rating.rater), ()))
        if rating.question == WINNER
        else rating
        for rating in ratings.values()
    )
    return HumanRatings(tuple(explained), attributes)


def _value(question: str, text: str, sides: Mapping[str, str], where: str) -> int | str | None:
    if not text:
        return None
    word = text.lower()
    value: int | str | None
    if question == WINNER:
        value, offered = sides.get(word), "first, second or tie"
    elif (answers := answers_of(question)) is not None:
        value = next((answer for answer in answers if str(answer) == word), None)
        offered = f"one of {', '.join(map(str, answers))}"
    elif question == EMOTION:
        value, offered = word if word in EMOTIONS else None, "one of GoEmotions' labels"
    else:
        value, offered = _point(word), f"a whole number from {min(SCALE)} to {max(SCALE)}, or the scale's words"
    if value is None:
        raise DataError(f"{text!r} is no answer to {question}; it should be {offered}", file=where)
    return value


def _point(word: str) -> int | None:
    """A point of the scale: ``3``, ``3.0``, ``somewhat``, ``3 - somewhat`` or ``3 (somewhat)``."""
    if match := re.fullmatch(r"([1-4])(?:\.0+)?(?:\s*[-:=.(]\s*(.*?)\)?)?", word):
        point = int(match[1])
        return point if not match[2] or match[2].strip() == SCALE[point] else None
    return next((point for point, name in SCALE.items() if name == word), None)


def _factors(text: str, where: str) -> tuple[str, ...]:
    names = [name.strip().lower() for name in re.split(r"[;,]", text) if name.strip()]
    for name in names:
        if name not in FACTORS:
            raise DataError(f"there is no factor {name!r}{did_you_mean(name, FACTORS)}", file=where)
    return tuple(dict.fromkeys(names))


def _names_of(own: QuestionFile) -> dict[str, str]:
    """Questions as files of ratings name them -> as queries do, with the digest of their words or without."""
    asked = own.asked()
    return {**dict(zip(asked, asked, strict=True)), **{name_of(name): name for name in asked}}


def _cells(path: Path, known: Mapping[str, str]) -> Iterator[_Cell]:
    """The answers of a file, by the form that its columns show; `known` has the questions by their names there."""
    head, rows = read_table(path)
    columns = {name.lower(): name for name in head}
    rater = next((columns[name] for name in RATERS if name in columns), None)
    questions = {name: known[name.lower()] for name in head if name.lower() in known}
    is_long, by_item = {"item", "question", "value"} <= columns.keys(), "item" in columns and questions
    in_columns = {name: match for name in head if (match := _BRACKETS.match(name) or _BEFORE.fullmatch(name))}
    if not is_long and not by_item and not in_columns:
        raise UserError(
            f"{path}: no column names a question; it needs the columns item, question, rater and value, or columns "
            "such as 'dlg_7 Q1' or 'Q1 [dlg_7]'"
        )
    for number, (line, row) in enumerate(rows, start=1):
        named = row[rater].strip() if rater else ""
        beside = {name: row[column] for name, column in columns.items()}
        if is_long:
            asked = beside["question"].strip()
            if asked.lower() not in known:
                raise DataError(_unknown(asked, known), file=f"{path}, line {line}")
            question = known[asked.lower()]
            yield _Cell(line, beside["item"].strip(), question, named or "1", beside["value"], beside)
        elif by_item:
            for column, question in questions.items():
                yield _Cell(line, beside["item"].strip(), question, named or "1", row[column], beside)
        else:
            for column, match in in_columns.items():
                question = _ASKED[match["question"].lower()]
                yield _Cell(line, match["item"].strip(), question, named or str(number), row[column], {})


def _unknown(asked: str, known: Mapping[str, str]) -> str:
    """What is said of a question that is not known: one of the user's own has a digest of its words in its name."""
    if name_of(asked) == asked:
        return f"there is no question {asked!r}{did_you_mean(asked, known)}"
    if name_of(asked) in known:
        return f"{asked!r} was asked in other words than the file of questions has now"
    return (
        f"{asked!r} is a question of your own: give its file with --questions, or the folder of a judge run that asked "
        "it with --run"
    )


def read_table(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Names of a CSV's columns, and the rows that are not empty, each with its line.

    Raises:
        UserError: A column is given twice, or the file cannot be read.
        DataError: It is not CSV, or a row has more or fewer cells than there are columns.
    """
    text = read_text(path)
    first = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    rows = []
    try:
        head = [name.strip() for name in next(reader, [])]
        twice = next((name for name in head if head.count(name) > 1), None)
        if twice is not None:
            raise UserError(f"{path}: the column {twice!r} is given twice")
        for row in reader:
            if any(cell.strip() for cell in row):
                if len(row) != len(head):
                    where = f"{path}, line {reader.line_num}"
                    raise DataError(f"{len(row)} cells below {len(head)} column names", file=where)
                rows.append((reader.line_num, dict(zip(head, row, strict=True))))
    except csv.Error as error:
        raise DataError(f"this is not CSV ({error})", file=f"{path}, line {reader.line_num}") from None
    return head, rows
