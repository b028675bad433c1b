"""Files that users give, opened and parsed so that whatever is wrong with one is a sentence with its place.

Only regular files are read: a pipe without a writer would wait for ever, and a device has no end. A gzipped file is
known by its first bytes, whatever its name, so ``.jsonl.gz`` is read wherever ``.jsonl`` is.
"""

import gzip
import json
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import IO, Any

import yaml

from tod_bench.errors import DataError

DEEPEST = 100
"""Levels of brackets in a JSON value; more would exhaust the stack of whatever walks it."""

_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NEVER_BLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@contextmanager
def open_binary(path: Path) -> Iterator[IO[bytes]]:
    """Opens a regular file, unpacked where it is gzipped.

    Raises:
        DataError: There is no such file, it is not a regular file, or it cannot be read to its end.
    """
    try:
        with _regular(path) as file:
            if file.peek(2)[:2] != _GZIP:
                yield file
                return
            with BufferedReader(gzip.GzipFile(fileobj=file)) as unpacked:
                yield unpacked
    except FileNotFoundError:
        raise DataError("there is no such file", file=str(path)) from None
    except IsADirectoryError:
        raise DataError("this is a folder; name a file in it", file=str(path)) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"the gzip file is damaged or incomplete ({error})", file=str(path)) from None
    except OSError as error:
        raise DataError(f"the file cannot be read ({error.strerror or error})", file=str(path)) from None


def _regular(path: Path) -> BufferedReader:
    try:
        file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NEVER_BLOCK))  # noqa: SIM115
    except ValueError as error:  # a NUL in the name
        raise DataError(f"no file can have this name ({error})", file=str(path)) from None
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise DataError("this is a pipe or a device, not a file; save its content to a file", file=str(path))


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """Opens a UTF-8 text file (with or without a byte order mark), unpacked where it is gzipped.

    Raises:
        DataError: As in `open_binary`, or it is not UTF-8 text.
    """
    with open_binary(path) as file, decoded(file, str(path)) as text:
        yield text


@contextmanager
def decoded(file: IO[bytes], name: str) -> Iterator[IO[str]]:
    """The text of an open file.

    Args:
        file: The file.
        name: Its name, for messages.

    Raises:
        DataError: It is not UTF-8 text.
    """
    peek = getattr(file, "peek", None)
    if peek and peek(2)[:2] in _UTF_16:
        raise DataError("the file is UTF-16 text; save it as UTF-8", file=name)
    try:
        yield TextIOWrapper(file, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"the file is not UTF-8 text ({error.reason}); save it as UTF-8", file=name) from None


def read_text(path: Path) -> str:
    """The text of a file; errors as in `open_text`."""
    with open_text(path) as file:
        return file.read()


def read_lines(path: Path, longest: int) -> Iterator[tuple[int, str]]:
    """Streams the lines of a file that are not blank, each with its number from 1.

    Args:
        path: The file.
        longest: Characters that a line must stay below, lest a file without line ends fill the memory.

    Raises:
        DataError: As in `open_text`, or a line is too long.
    """
    with open_text(path) as file:
        for number, line in enumerate(iter(lambda: file.readline(longest), ""), start=1):
            if len(line) == longest:
                raise DataError(f"the line is longer than {longest:,} characters", file=f"{path}, line {number}")
            if line.strip():
                yield number, line


def read_json(path: Path) -> Any:
    """The value of a JSON file.

    Raises:
        DataError: As in `open_text` and `parse_json`.
    """
    return parse_json(read_text(path), str(path))


def parse_json(text: str, place: str, what: str = "the file", *, halves: bool = False) -> Any:
    """A JSON value, read strictly: no key twice, no NaN, no half of a surrogate pair, not deeper than `DEEPEST`.

    Args:
        text: The text.
        place: Where it stands, for messages.
        what: What the text is, for messages.
        halves: Whether halves of surrogate pairs are kept, see `without_halves`.

    Raises:
        DataError: It is not such a value.
    """
    try:
        if text.count("[") + text.count("{") > DEEPEST and depth(text) > DEEPEST:
            raise DataError(f"nested more than {DEEPEST} levels deep", file=place)
        value = STRICT.decode(text)
    except JsonFaultError as error:
        raise DataError(str(error), file=place) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what} is not JSON ({json_fault(error)})", file=place) from None
    if not halves and lone_surrogate(text, value):
        raise DataError(f"{what} has half of a surrogate pair (such as \\ud83d), which is no character", file=place)
    return value


def json_fault(error: Exception) -> str:
    """What a decoder found wrong, in a few words."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    if isinstance(error, json.JSONDecodeError | JsonFaultError):
        return str(error)
    # Python refuses to convert them, because the time grows with the square of the digits.
    return "a whole number has thousands of digits"


def lone_surrogate(text: str, value: Any) -> bool:
    """Whether a value has half of a surrogate pair, which JSON can spell and no text file can hold.

    Args:
        text: The JSON text of the value.
        value: The value.
    """
    if "\\u" not in text or not _SURROGATE.search(text):
        return False
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def without_halves(value: Any) -> Any:
    """A JSON value whose halves of surrogate pairs are replacement characters (U+FFFD), as a decoder writes them."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [without_halves(part) for part in value]
    if isinstance(value, dict):
        return {without_halves(key): without_halves(part) for key, part in value.items()}
    return value


def depth(text: str) -> int:
    """The deepest level of brackets outside of strings, in one pass whatever the text."""
    level = deepest = 0
    for character in re.findall(r"[\[{\]}]", _STRING.sub("", text)):
        level += 1 if character in "[{" else -1
        deepest = max(deepest, level)
    return deepest


def parse_yaml(text: str, place: str, loader: Callable[[str], Any] = yaml.safe_load) -> Any:
    """A YAML value.

    Args:
        text: The text.
        place: Where it stands, for messages.
        loader: What loads it.

    Raises:
        DataError: It is not YAML, or has a value that cannot be (a date such as 2026-99-99).
    """
    try:
        return loader(text)
    except RecursionError:
        raise DataError("nested too deep", file=place) from None
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, AttributeError, KeyError) as error:
        # PyYAML lets a value that its tag does not fit (`!!timestamp soon`, `!!bool perhaps`) end in any of these.
        known = isinstance(error, yaml.YAMLError | ValueError)
        reason = " ".join(str(error).split()) if known else "a value does not fit its tag"
        raise DataError(f"this is not YAML ({reason})", file=place) from None


class JsonFaultError(ValueError):
    """What the decoder's hooks refuse."""


def unique(pairs: list[tuple[str, Any]], *, said: str = "is given twice") -> dict[str, Any]:
    """A JSON object's pairs as a dict, for a decoder's ``object_pairs_hook``.

    Args:
        pairs: The pairs.
        said: What is said of a key that is given twice.

    Raises:
        JsonFaultError: A key is given twice.
    """
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise JsonFaultError(f"the key {repeated[:80]!r} {said}")
    return members


def _no_constant(name: str) -> Any:
    raise JsonFaultError(f"{name} is not JSON; write the value as text")


def finite(text: str) -> float:
    """A JSON number with a fraction or exponent, for a decoder's ``parse_float``.

    Raises:
        JsonFaultError: It is beyond every float.
    """
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise JsonFaultError(f"the number {text[:40]} is too big")
    return value


STRICT = json.JSONDecoder(object_pairs_hook=unique, parse_constant=_no_constant, parse_float=finite)
"""A decoder that raises ValueError at a key that is given twice, at NaN and at numbers beyond every float."""
