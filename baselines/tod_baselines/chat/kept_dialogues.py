"""Dialogues in a file of a system's own, one JSON line each, as the records have them."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from tod_bench.errors import DataError
from tod_bench.files import atomic_writer
from tod_bench.inputs import open_text
from tod_bench.records import Dialogue


def write_dialogues(path: Path, dialogues: Iterable[Dialogue]) -> None:
    """Writes dialogues; gzipped where the name ends in ``.gz``."""
    encoder = msgspec.json.Encoder()
    with atomic_writer(path) as file:
        for dialogue in dialogues:
            file.write(encoder.encode(dialogue).decode() + "\n")


def read_dialogues(path: Path) -> list[Dialogue]:
    """Dialogues that `write_dialogues` wrote.

    Raises:
        DataError: The file is not there, or has something else in it.
    """
    decoder = msgspec.json.Decoder(Dialogue)
    with open_text(path) as file:
        try:
            return [decoder.decode(line) for line in file]
        except msgspec.DecodeError as error:
            raise DataError(f"no dialogue that a pool of examples wrote: {error}", file=str(path)) from None
