"""Published human ratings as files of ratings: the Stanford Politeness Corpus and FED.

Both have five ratings an item. Stanford's name their raters; FED's do not, so that its "raters" are the places in a
list, and the same place of two items may be two people: agreement can be computed from it, a leave-one-out over people
cannot.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tod_bench.csv_files import csv_text
from tod_bench.errors import DataError, UserError
from tod_bench.files import write_text
from tod_bench.inputs import read_text

COLUMNS = ("item", "question", "rater", "value", "dialogue")
"""Columns of the files that are written."""

Row = tuple[str, str, str, int, str]


def stanford_politeness(path: Path) -> Iterator[Row]:
    """The ratings of a file of the Stanford Politeness Corpus, 1 to 25, under the question ``politeness``.

    A row has as many scores as raters, mostly five; 81 of the published rows have four, nine or ten of each, so that
    they are longer or shorter than the header. All their ratings are read.

    Raises:
        DataError: A row has not as many scores as raters, or a score is none.
    """
    seen: dict[str, int] = {}
    for line, row in enumerate(csv.reader(io.StringIO(read_text(path))), 1):
        if line == 1:
            if row[:3] != ["Community", "Id", "Request"]:
                raise DataError(
                    "this is no file of the Stanford Politeness Corpus (Community, Id, Request, ...)", file=str(path)
                )
            continue
        half = (len(row) - 4) // 2
        scores, raters = row[3 : 3 + half], row[3 + half : 3 + 2 * half]
        if len(row) < 8 or len(row) % 2 or not all(score.isdecimal() and 1 <= int(score) <= 25 for score in scores):
            raise DataError("not as many scores from 1 to 25 as raters", file=f"{path}, row {line}")
        item = f"{row[0]}|{row[1]}"
        seen[item] = seen.get(item, 0) + 1
        # Stack Exchange numbers posts, and a post may hold several requests.
        item = item if seen[item] == 1 else f"{item}|{seen[item]}"
        for rater, score in zip(raters, scores, strict=True):
            yield item, "politeness", rater, int(score), f"{row[0]}|{row[1]}"


def fed(path: Path) -> Iterator[Row]:
    """The ratings of FED's ``fed_data.json``, the qualities as questions; of turns 0 to 2, ``Overall`` 0 to 4.

    Answers such as ``N/A (no errors)`` are no ratings and are left out. A turn belongs to the dialogue
    that begins as it does.

    Raises:
        DataError: The file is not FED's.
    """
    try:
        items = json.loads(read_text(path))
        whole = [item["context"] for item in items if "response" not in item]
        for place, item in enumerate(items):
            kind = "turn" if "response" in item else "dialogue"
            dialogue = next((one for one in whole if one.startswith(item["context"])), item["context"])
            for quality, values in item["annotations"].items():
                for rater, value in enumerate(values, 1):
                    if isinstance(value, int):
                        yield f"fed-{place:03}", f"{quality} ({kind})", f"place {rater}", value, dialogue
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"this is not FED's fed_data.json ({type(error).__name__})", file=str(path)) from None


READERS: Mapping[str, Callable[[Path], Iterator[Row]]] = {"stanford_politeness": stanford_politeness, "fed": fed}
"""Published sets by name."""


def import_ratings(name: str, paths: tuple[Path, ...], output: Path) -> int:
    """Writes a published set as a CSV of ratings; returns how many there are.

    Dialogues are numbered in the order in which they occur: the file holds no text of the set.

    Raises:
        UserError: A file cannot be read, or is not the set's.
    """
    rows: list[tuple[Any, ...]] = []
    dialogues: dict[str, int] = {}
    for path in paths:
        for *rating, dialogue in READERS[name](path):
            rows.append((*rating, f"d{dialogues.setdefault(dialogue, len(dialogues))}"))
    if not rows:
        raise UserError(f"{paths[0]} holds no ratings")
    write_text(output, csv_text(COLUMNS, rows))
    return len(rows)
