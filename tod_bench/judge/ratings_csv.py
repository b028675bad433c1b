"""Ratings by people, from CSV, in the form that our rating form writes or in those that form tools export.

Long, one row a rating:

    item,question,rater,value
    dlg_7,Q1,anna,3
    dlg_7,winner,anna,second

Wide, one row a rater (or a rater and an item), questions in the columns. A column names its item before the question or
in brackets after it, or there is a column ``item``:

    rater,dlg_7 Q1,dlg_7 Q2        Name,Q1 [dlg_7],Q2 [dlg_7]        item,rater,Q1,Q2

Values are points (``3``), the scale's words (``somewhat``) or both (``3 - somewhat``); for pairs ``first``, ``second``
(or ``A``, ``B``) and ``tie``, by version and not by seat; for factors names with semicolons between them. An empty cell
is a rating that was not given.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tod_bench.errors import DataError, UserError, did_you_mean
from tod_bench.inputs import read_text
from tod_bench.judge.groups import attributes_of
from tod_bench.judge.questions import EMOTION, EMOTIONS, FACTORS, QUESTIONS, SCALE, WINNER
from tod_bench.judge.ratings import Rating

FACTORS_QUESTION = "factors"
"""The question under which the factors of a preference stand."""

_ASKED = {name.lower(): name for name in (*QUESTIONS, WINNER, EMOTION, FACTORS_QUESTION)}
_NAMES = "|".join(sorted(_ASKED, key=len, reverse=True))
_BEFORE = re.compile(rf"(?P<item>.+?)[\s/:|_.\-]+(?P<question>{_NAMES})", re.IGNORECASE)
_BRACKETS = re.compile(rf"(?P<question>{_NAMES})\b[^\[]*\[(?P<item>[^\]]+)\]", re.IGNORECASE)
_RATERS = ("rater", "annotator", "worker", "participant", "respondent", "name", "email", "email address")
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
    line: int
    item: str
    question: str
    rater: str
    value: str
    row: Mapping[str, str]


def read_ratings(path: Path, versions: Sequence[str] = ()) -> HumanRatings:
    """Reads a file of ratings, whatever its form.

    Args:
        path: The CSV (commas, semicolons or tabs; UTF-8, with or without a byte order mark).
        versions: Names of the two versions of a pair, which then also count as values, first and second.

    Raises:
        UserError: The file cannot be read or has no column that names a question.
        DataError: A question or value is none that there is, or a rating stands twice.
    """
    sides = {**_SIDES, **{name.lower(): side for name, side in zip(versions, ("first", "second"), strict=False)}}
    head, rows = _table(path)
    ratings: dict[tuple[str, str, str, str, str], Rating] = {}
    factors: dict[tuple[str, str, str], tuple[str, ...]] = {}
    attributes: dict[str, dict[str, str]] = {}
    for cell in _cells(path, head)(rows):
        place = f"{path}, line {cell.line}"
        arm, turn = cell.row.get("arm", ""), cell.row.get("turn", "")
        known = {name: cell.row[name].strip().lower() for name in _ATTRIBUTES if cell.row.get(name, "").strip()}
        attributes.setdefault(cell.item, {}).update(known)
        if cell.question == FACTORS_QUESTION:
            factors[cell.item, arm, cell.rater] = _factors(cell.value, place)
            continue
        key = (cell.item, cell.question, arm, turn, cell.rater)
        if key in ratings:
            raise DataError(f"{cell.rater} rates {cell.question} of {cell.item} twice", file=place)
        ratings[key] = _rating(cell, arm, turn, sides, place)
    named = [
        replace(one, factors=factors.get((one.item, one.arm, one.rater), ())) if one.question == WINNER else one
        for one in ratings.values()
    ]
    if not named:
        raise UserError(f"{path} holds no ratings")
    return HumanRatings(tuple(named), attributes)


def _rating(cell: _Cell, arm: str, turn: str, sides: Mapping[str, str], place: str) -> Rating:
    value = _value(cell.question, cell.value.strip(), sides, place)
    return Rating(
        cell.item,
        cell.question,
        value,
        arm,
        cell.rater,
        turn=int(turn) if turn.isdecimal() and len(turn) < 10 else None,
        problem="" if value is not None else "not given",
    )


def _value(question: str, text: str, sides: Mapping[str, str], place: str) -> int | str | None:
    if not text:
        return None
    word = text.lower()
    if question == WINNER:
        found: int | str | None = sides.get(word)
        offered = "first, second or tie"
    elif question == EMOTION:
        found, offered = word if word in EMOTIONS else None, "one of GoEmotions' labels"
    else:
        found, offered = _point(word), f"a whole number from {min(SCALE)} to {max(SCALE)}, or the scale's words"
    if found is None:
        raise DataError(f"{text!r} is no answer to {question}; it should be {offered}", file=place)
    return found


def _point(word: str) -> int | None:
    """A point of the scale: ``3``, ``3.0``, ``somewhat``, ``3 - somewhat`` or ``3 (somewhat)``."""
    if match := re.fullmatch(r"([1-4])(?:\.0+)?(?:\s*[-:=.(]\s*(.*?)\)?)?", word):
        point = int(match[1])
        return point if not match[2] or match[2].strip() == SCALE[point] else None
    return next((point for point, name in SCALE.items() if name == word), None)


def _factors(text: str, place: str) -> tuple[str, ...]:
    names = [name.strip().lower() for name in re.split(r"[;,]", text) if name.strip()]
    for name in names:
        if name not in FACTORS:
            raise DataError(f"there is no factor {name!r}{did_you_mean(name, FACTORS)}", file=place)
    return tuple(dict.fromkeys(names))


def _table(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    text = read_text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    head = [name.strip() for name in next(_read(reader, path), [])]
    if len(set(head)) < len(head):
        twice = next(name for name in head if head.count(name) > 1)
        raise UserError(f"{path}: the column {twice!r} stands twice")
    rows = []
    for row in _read(reader, path):
        if any(cell.strip() for cell in row):
            if len(row) != len(head):
                raise DataError(
                    f"{len(row)} cells below {len(head)} column names", file=f"{path}, line {reader.line_num}"
                )
            rows.append((reader.line_num, dict(zip(head, row, strict=True))))
    return head, rows


def _read(reader: Any, path: Path) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise DataError(f"this is not CSV ({error})", file=f"{path}, line {reader.line_num}") from None


_Rows = Sequence[tuple[int, dict[str, str]]]


def _cells(path: Path, head: Sequence[str]) -> Callable[[_Rows], Iterator[_Cell]]:
    """How the cells of this file's form are read."""
    lower = {name.lower(): name for name in head}
    rater = next((lower[name] for name in _RATERS if name in lower), None)
    if {"item", "question", "value"} <= lower.keys():
        return lambda rows: _long(path, rows, lower, rater)
    questions = {name: _ASKED[name.lower()] for name in head if name.lower() in _ASKED}
    if "item" in lower and questions:
        return lambda rows: _by_item(rows, lower["item"], rater, questions)
    placed = {name: found for name in head if (found := _placed(name)) is not None}
    if placed:
        return lambda rows: _by_rater(rows, rater, placed)
    raise UserError(
        f"{path}: no column names a question; it needs the columns item, question, rater and value, or columns such as "
        "'dlg_7 Q1' or 'Q1 [dlg_7]'"
    )


def _long(path: Path, rows: _Rows, lower: Mapping[str, str], rater: str | None) -> Iterator[_Cell]:
    for line, row in rows:
        named = row[lower["question"]].strip()
        if named.lower() not in _ASKED:
            near = did_you_mean(named, _ASKED.values())
            raise DataError(f"there is no question {named!r}{near}", file=f"{path}, line {line}")
        own = {name: row[column] for name, column in lower.items()}
        item, question = row[lower["item"]].strip(), _ASKED[named.lower()]
        yield _Cell(line, item, question, _rater(row, rater, "1"), row[lower["value"]], own)


def _by_item(rows: _Rows, item: str, rater: str | None, questions: Mapping[str, str]) -> Iterator[_Cell]:
    for line, row in rows:
        own = {name.lower(): cell for name, cell in row.items()}
        for column, question in questions.items():
            yield _Cell(line, row[item].strip(), question, _rater(row, rater, "1"), row[column], own)


def _by_rater(rows: _Rows, rater: str | None, placed: Mapping[str, tuple[str, str]]) -> Iterator[_Cell]:
    for number, (line, row) in enumerate(rows, start=1):
        for column, (item, question) in placed.items():
            yield _Cell(line, item, question, _rater(row, rater, str(number)), row[column], {})


def _placed(column: str) -> tuple[str, str] | None:
    """The item and question that a column is about."""
    match = _BRACKETS.match(column) or _BEFORE.fullmatch(column)
    return (match["item"].strip(), _ASKED[match["question"].lower()]) if match else None


def _rater(row: Mapping[str, str], column: str | None, default: str) -> str:
    return (row[column].strip() if column else "") or default
