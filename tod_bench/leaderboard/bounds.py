"""Reading files of strangers: regular files alone, and no more of them, no deeper and no longer than is allowed.

Bounds are checked before a parser sees a byte, so that a small file cannot make it work or remember without end.
"""

import gzip
import io
import json
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import yaml

from tod_bench.errors import UserError
from tod_bench.inputs import depth, finite, unique

LONGEST_LINE = 1 << 18
"""Bytes of one line of a prediction file."""

DEEPEST = 8
"""Levels of brackets in a file."""

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")


@contextmanager
def opened(path: Path, most: int) -> Iterator[IO[bytes]]:
    """Opens a regular file of at most `most` bytes; links, devices and pipes are refused.

    Raises:
        UserError: There is no such file, it is not a regular file, or it is too big.
    """
    refuse_links = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | refuse_links))  # noqa: SIM115
    except OSError as error:
        reason = "it is a link" if path.is_symlink() else error.strerror
        raise UserError(f"{path.name} cannot be opened: {reason}") from None
    with file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise UserError(f"{path.name} is not a regular file")
        if about.st_size > most:
            raise UserError(f"{path.name} has {about.st_size:,} bytes; at most {most:,} are accepted")
        yield file


def read_text(path: Path, most: int) -> str:
    """The text of a small file.

    Raises:
        UserError: As in `opened`, or the file is not UTF-8.
    """
    with opened(path, most) as file:
        data = file.read(most + 1)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8 text: {error}") from None


def read_lines(path: Path, most: int, *, longest: int = LONGEST_LINE) -> Iterator[tuple[int, bytes]]:
    """Streams the lines of a file, also of a gzipped one (``.gz``), with their numbers.

    Args:
        path: The file.
        most: Bytes that the file may have, and what is packed into it.
        longest: Bytes that a line may have.

    Raises:
        UserError: As in `opened`; the archive is damaged or unpacks to too much; a line is too long.
    """
    with opened(path, most) as file:
        unpacked: IO[bytes] = io.BufferedReader(gzip.GzipFile(fileobj=file)) if path.suffix == ".gz" else file
        total = 0
        try:
            for number, line in enumerate(iter(lambda: unpacked.readline(longest + 1), b""), start=1):
                total += len(line)
                if len(line) > longest:
                    raise UserError(f"{path.name}, line {number}: longer than {longest:,} bytes")
                if total > most:
                    raise UserError(f"{path.name} unpacks to more than {most:,} bytes")
                yield number, line
        except (EOFError, OSError, zlib.error) as error:
            raise UserError(f"{path.name} is a damaged gzip file: {error}") from None


def parse_json(data: str | bytes, place: str, *, deepest: int = DEEPEST) -> Any:
    """A JSON value, read strictly: no key twice, no NaN, not nested beyond `deepest`.

    Raises:
        UserError: It is not such a value.
    """
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        if depth(text) > deepest:
            raise UserError(f"{place}: nested more than {deepest} levels deep")
        return json.loads(text, parse_constant=_no_constant, parse_float=finite, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: not JSON as it is accepted here: {error}") from None


def parse_yaml(text: str, place: str) -> Any:
    """A YAML value of plain data: text, numbers, true, false, null, lists and mappings with names for keys.

    Tags (``!!timestamp``), anchors and aliases are refused, as is a key given twice. What YAML would guess from the
    look of a text stays text: dates, ``yes`` and ``no``, and numbers that would not be written back as they are
    (``1.10``).

    Raises:
        UserError: It is not such a value, or it is nested beyond `DEEPEST`.
    """
    try:
        _check_events(text, place)
        return _plain_value(yaml.compose(text, Loader=yaml.SafeLoader), place)
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{place}: not YAML as it is accepted here: {' '.join(str(error).split())}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _check_events(text: str, place: str) -> None:
    """Refuses tags, anchors, aliases and deep nesting before any value is made."""
    level = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = _line(place, event.start_mark)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UserError(f"{line}: anchors (&) and aliases (*) are not accepted; write the value out")
        if getattr(event, "tag", None) is not None:
            raise UserError(f"{line}: tags (!) are not accepted; write the value as plain text")
        level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if level > DEEPEST:
            raise UserError(f"{line}: nested more than {DEEPEST} levels deep")


def _plain_value(node: yaml.Node | None, place: str) -> Any:
    """The value of a node; only plain scalars can be anything but text."""
    if isinstance(node, yaml.SequenceNode):
        return [_plain_value(child, place) for child in node.value]
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            line = _line(place, key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                raise UserError(f"{line}: a key must be a name, not a list or a mapping")
            if key.value in mapping:
                raise UserError(f"{line}: the key {key.value[:80]!r} is given twice")
            mapping[key.value] = _plain_value(value, place)
        return mapping
    if not isinstance(node, yaml.ScalarNode):
        return None
    return node.value if node.style else _plain_scalar(node.value)


def _line(place: str, mark: Any) -> str:
    return f"{place}, line {mark.line + 1}"


def _plain_scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    # `1.10` is a version, not 1.1: a number is what comes out as it went in.
    if _DECIMAL.fullmatch(text) and repr(float(text)) == text:
        return float(text)
    return text
