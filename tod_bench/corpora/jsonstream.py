"""Reading the members of one big JSON array or object one by one, from a file or from inside a zip.

Only one member is in memory at a time, and a file that breaks off yields everything before the break.
"""

import json
import re
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
_WHITE = re.compile(r"[ \t\n\r]*")


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
    if (file.member or file.path.name).removesuffix(".gz").endswith(".jsonl"):
        yield from _lines(file)
        return
    for _, value in _stream(file, "["):
        yield value


def _lines(file: RawFile) -> Iterator[Any]:
    with file.open() as text:
        for number, line in enumerate(text, start=1):
            if line.strip():
                yield parse_json(line, f"{file}, line {number}", "the line")


def object_members(file: RawFile) -> Iterator[tuple[str, Any]]:
    """Streams the (key, value) pairs of a JSON object; a key that comes twice is yielded twice.

    Raises:
        DataError: As for `array_items`.
    """
    return _stream(file, "{")


def _stream(file: RawFile, bracket: str) -> Iterator[tuple[str, Any]]:
    count = 0
    with file.open() as text:
        scanner = _Scanner(text)
        try:
            scanner.expect(bracket)
            closing = "]" if bracket == "[" else "}"
            if scanner.peek() == closing:
                scanner.finish(closing)
                return
            while True:
                key = scanner.key() if bracket == "{" else ""
                value = scanner.value()
                count += 1
                yield key, value
                if scanner.peek() == closing:
                    scanner.finish(closing)
                    return
                scanner.expect(",")
        except UnicodeDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            if isinstance(error, json.JSONDecodeError) and scanner.at_end(error):
                reason = f"breaks off after {count} records; is it complete?"
            else:
                reason = f"is not valid JSON ({json_fault(error).partition(': line')[0]}) after {count} records"
            raise DataError(f"the file {reason}", file=str(file)) from None


class _Scanner:
    """A position in a text that is read chunk by chunk."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            match = _WHITE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def at_end(self, error: Exception) -> bool:
        """Whether an error came of the text's end: nothing is left, or what is left is cut off."""
        cut = isinstance(error, json.JSONDecodeError) and (
            error.pos >= len(self._buffer.rstrip()) > 0 or error.msg.startswith("Unterminated string")
        )
        return cut or not self.peek()

    def expect(self, character: str) -> None:
        """Steps over a character that must come next."""
        if self.peek() != character:
            raise json.JSONDecodeError(f"{character!r} expected", "", 0)
        self._at += 1

    def finish(self, closing: str) -> None:
        """Steps over the closing bracket, after which nothing may come."""
        self.expect(closing)
        if self.peek():
            raise json.JSONDecodeError("text after the end", "", 0)

    def key(self) -> str:
        """Steps over a key and its colon."""
        if self.peek() != '"':
            raise json.JSONDecodeError("a key expected", "", 0)
        key = self.value()
        self.expect(":")
        return str(key)

    def value(self) -> Any:
        """Steps over a value of any size."""
        self.peek()
        while True:
            try:
                value, end = STRICT.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise
                continue
            # A number that touches the end of the buffer may go on in the next chunk.
            if end < len(self._buffer) or not self._more():
                if lone_surrogate(self._buffer[self._at : end], value):
                    raise JsonFaultError("half of a surrogate pair, such as \\ud83d")
                self._at = end
                return value

    def _more(self) -> bool:
        rest = self._buffer[self._at :]
        chunk = self._text.read(max(_CHUNK, len(rest)))
        if chunk:
            self._buffer, self._at = rest + chunk, 0
        return bool(chunk)
