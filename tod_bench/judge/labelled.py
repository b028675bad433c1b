"""Texts with gold emotion labels: GoEmotions as it was released, or a CSV of your own.

I'm really sorry about your situation	25	eecwqtt        GoEmotions: text, places of its labels, id; tabs, no header
item,text,label                                          a CSV; several labels of a text are parted by semicolons
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from pathlib import Path

from tod_bench.corpora.places import data_roots, find_corpus
from tod_bench.errors import DataError, MissingError, UserError
from tod_bench.inputs import read_text
from tod_metrics.judge.ratings import EMOTIONS
from tod_metrics.style.emotions import goemotions_label

GOEMOTIONS = "goemotions"
"""What stands for the files of GoEmotions where a file of labelled texts is asked for: ``goemotions:dev``, say."""

PARTS = ("train", "dev", "test")
"""The files of GoEmotions, ``train.tsv`` and so on."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its gold labels.

    Attributes:
        id: Its id.
        text: The text.
        labels: Its labels, at least one; 16% of GoEmotions' texts have several.
    """

    id: str
    text: str
    labels: frozenset[str]


def labelled_file(given: str, part: str) -> Path:
    """The file of labelled texts that is meant: a path, ``goemotions``, or ``goemotions:PART``.

    Args:
        given: What was given.
        part: The part of GoEmotions where none is named.

    Raises:
        UserError: GoEmotions has no such part.
        MissingError: GoEmotions, or the file, is not there.
    """
    name, _, named = given.partition(":")
    if name == GOEMOTIONS:
        if named and named not in PARTS:
            raise UserError(f"GoEmotions has no part {named!r}; its parts are {', '.join(PARTS)}")
        return goemotions_folder() / f"{named or part}.tsv"
    if not Path(given).is_file():
        raise MissingError(f"there is no file {given}; give a file of labelled texts, or `{GOEMOTIONS}`")
    return Path(given)


def goemotions_folder() -> Path:
    """The folder of GoEmotions' tsv files below TOD_BENCH_DATA.

    Raises:
        MissingError: It is not there.
    """
    try:
        return find_corpus("goemotions", lambda folder: _size(folder / "train.tsv"))
    except MissingError:
        where = " or ".join(map(str, data_roots())) or "TOD_BENCH_DATA, which is unset"
        raise MissingError(
            f"GoEmotions (train.tsv, dev.tsv, test.tsv) was not found below {where}; download the three files of "
            "google-research/goemotions, and set TOD_BENCH_DATA to a folder above them"
        ) from None


def _size(path: Path) -> int:
    try:
        if not path.is_file():
            return 0
        with path.open(encoding="utf-8") as file:
            first = file.readline()
    except (OSError, UnicodeError):
        return 0
    return path.stat().st_size if _labels_of(first.rstrip("\n").split("\t")) else 0


def read_labelled(path: Path) -> list[Labelled]:
    """Reads a file of labelled texts, in either form.

    Raises:
        UserError: It cannot be read, or is of neither form.
        DataError: A line has no text or a label that there is not, or two lines have one id.
    """
    text = read_text(path)
    head = text.partition("\n")[0].split(",")
    read = _from_csv(path, text) if {"text", "label"} <= set(head) else _from_tsv(path, text)
    twice = _repeated(one.id for one in read)
    if twice is not None:
        raise DataError(f"two texts have the id {twice!r}; give each its own", file=str(path))
    if not read:
        raise UserError(f"{path} holds no labelled texts")
    return read


def has_texts(path: Path) -> bool:
    """Whether a file of labels brings its own texts, instead of being about the items of a corpus."""
    first = read_text(path).partition("\n")[0]
    return {"text", "label"} <= set(first.split(",")) or bool(_labels_of(first.split("\t")))


def _from_tsv(path: Path, text: str) -> list[Labelled]:
    read = []
    # Not splitlines: comments hold characters that it takes for ends of lines.
    for number, line in enumerate(text.rstrip("\n").split("\n"), start=1):
        cells = line.rstrip("\r").split("\t")
        labels = _labels_of(cells)
        if not labels:
            form = "a line is text, places of its labels (0 to 27, parted by commas) and id, with tabs between them"
            raise DataError(form, file=f"{path}, line {number}")
        read.append(Labelled(cells[2], cells[0], labels))
    return read


def _labels_of(cells: Sequence[str]) -> frozenset[str]:
    """The labels of a line's cells; empty where it is no line of GoEmotions."""
    places = cells[1].split(",") if len(cells) == 3 else []
    if not places or not all(place.isdecimal() and int(place) < len(EMOTIONS) for place in places):
        return frozenset()
    return frozenset(EMOTIONS[int(place)] for place in places)


def _from_csv(path: Path, text: str) -> list[Labelled]:
    read = []
    reader = csv.DictReader(StringIO(text, newline=""))
    try:
        for number, row in enumerate(reader, start=1):
            where = f"{path}, line {reader.line_num}"
            try:
                labels = frozenset(goemotions_label(name) for name in (row["label"] or "").split(";"))
            except ValueError as error:
                raise DataError(str(error), file=where) from None
            if not row["text"]:
                raise DataError("the text is missing", file=where)
            read.append(Labelled(row.get("item") or str(number), row["text"], labels))
    except csv.Error as error:
        raise DataError(f"this is not CSV ({error})", file=str(path)) from None
    return read


def _repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


@lru_cache(maxsize=2)
def training_texts(path: Path) -> tuple[Labelled, ...]:
    """The texts of a file, read once a process."""
    return tuple(read_labelled(path))
