"""Reading the members of one big JSON array or object one by one, from a file or from inside a zip.

Only one member is in memory at a time, and a file that breaks off yields everything before the break. Each member is
decoded by the decoder that `tod_bench.inputs` uses for whole files, so both are equally strict (see the design note,
``docs/design/corpora.md``, for why this is not ``ijson``).
"""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from tod_bench.errors import DataError
from tod_bench.inputs import (
    STRICT,
    JsonFaultError,
    decoded,
    json_fault,
    lone_surrogate,
    open_binary,
    open_text,
    parse_json,
)

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, order=True)
class RawFile:
    """A raw file of a corpus.

    Attributes:
        path: The file, or the zip it is in.
        member: Its name inside the zip; empty for a plain file.
    """

    path: Path
    member: str = ""

    def __str__(self) -> str:
        return f"{self.path}/{self.member}" if self.member else str(self.path)

    @contextmanager
    def open(self) -> Iterator[IO[str]]:
        """Opens it as UTF-8 text.

        Raises:
            DataError: It is missing, unreadable, or not a zip.
        """
        if not self.member:
            with open_text(self.path) as text:
                yield text
            return
        try:
            with (
                open_binary(self.path) as packed,
                ZipFile(packed) as archive,
                archive.open(self.member) as raw,
                decoded(raw, str(self)) as text,
            ):
                yield text
        except (BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
            raise DataError(f"the zip is damaged or incomplete ({error}); fetch it again", file=str(self)) from None
        except OSError as error:
            raise DataError(f"the file cannot be read ({error.strerror or error})", file=str(self)) from None


def load_json(file: RawFile) -> Any:
    """The whole of a JSON file.

    Raises:
        DataError: The file cannot be read, or is not JSON.
    """
    with file.open() as text:
        return parse_json(text.read(), str(file))


def array_items(file: RawFile) -> Iterator[Any]:
    """Streams the items of a JSON array, or of a JSON Lines file (``.jsonl``, ``.jsonl.gz``) an item a line.

    Raises:
        DataError: The file cannot be read, is neither, or breaks off (raised after the last whole item).
    """
    if not (file.member or file.path.name).removesuffix(".gz").endswith(".jsonl"):
        yield from (value for _, value in _members(file, "[]"))
        return
    with file.open() as text:
        for number, line in enumerate(text, start=1):
            if line.strip():
                yield parse_json(line, f"{file}, line {number}", "the line")


def object_members(file: RawFile) -> Iterator[tuple[str, Any]]:
    """Streams the (key, value) pairs of a JSON object; a key that is there twice is yielded twice.

    Raises:
        DataError: As for `array_items`.
    """
    return _members(file, "{}")


def _members(file: RawFile, brackets: str) -> Iterator[tuple[str, Any]]:
    opening, closing = brackets[0], brackets[1]
    count = 0
    with file.open() as text:
        window = _Window(text)
        try:
            window.skip(opening)
            more = window.next() != closing
            while more:
                key = ""
                if opening == "{":
                    if window.next() != '"':
                        raise json.JSONDecodeError("a key expected", "", 0)
                    key = window.value()
                    window.skip(":")
                value = window.value()
                count += 1
                yield key, value
                more = window.next() != closing
                if more:
                    window.skip(",")
            window.skip(closing)
            if window.next():
                raise json.JSONDecodeError("text after the end", "", 0)
        except UnicodeDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            if window.is_cut_off(error):
                reason = f"breaks off after {count} records; is it complete?"
            else:
                reason = f"is not valid JSON ({json_fault(error).partition(': line')[0]}) after {count} records"
            raise DataError(f"the file {reason}", file=str(file)) from None


class _Window:
    """The part of a text that has been read and not yet used; it grows until it holds a whole value."""

    def __init__(self, text: IO[str]) -> None:
        self._text, self._part, self._at = text, "", 0

    def next(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            while self._at < len(self._part):
                if self._part[self._at] not in " \t\n\r":
                    return self._part[self._at]
                self._at += 1
            if not self._grow():
                return ""

    def skip(self, character: str) -> None:
        """Steps over a character that must come next."""
        if self.next() != character:
            raise json.JSONDecodeError(f"{character!r} expected", "", 0)
        self._at += 1

    def value(self) -> Any:
        """Steps over a value of any size."""
        self.next()
        while True:
            try:
                value, end = STRICT.raw_decode(self._part, self._at)
            except json.JSONDecodeError:
                if not self._grow():
                    raise
                continue
            # A number that touches the end of the window may go on in the next chunk.
            if end < len(self._part) or not self._grow():
                if lone_surrogate(self._part[self._at : end], value):
                    raise JsonFaultError("half of a surrogate pair, such as \\ud83d")
                self._at = end
                return value

    def is_cut_off(self, error: Exception) -> bool:
        """Whether the text's end caused an error: nothing is left, or what is left breaks off."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        unfinished = error.pos >= len(self._part.rstrip()) > 0 or error.msg.startswith("Unterminated string")
        return unfinished or not self.next()

    def _grow(self) -> bool:
        rest = self._part[self._at :]
        chunk = self._text.read(max(_CHUNK, len(rest)))
        if chunk:
            self._part, self._at = rest + chunk, 0
        return bool(chunk)
