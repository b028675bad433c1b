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

LONGEST_LINE = 1 << 18
"""Bytes of one line of a prediction file."""

DEEPEST = 8
"""Levels of brackets in a file."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(r"[\[{]|[\]}]")


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


def read_lines(path: Path, most: int) -> Iterator[tuple[int, bytes]]:
    """Streams the lines of a file, also of a gzipped one (``.gz``), with their numbers.

    Args:
        path: The file.
        most: Bytes that the file may have, and what is packed into it.

    Raises:
        UserError: As in `opened`; the archive is damaged or unpacks to too much; a line is too long.
    """
    with opened(path, most) as file:
        unpacked: IO[bytes] = io.BufferedReader(gzip.GzipFile(fileobj=file)) if path.suffix == ".gz" else file
        total = 0
        try:
            for number, line in enumerate(iter(lambda: unpacked.readline(LONGEST_LINE + 1), b""), start=1):
                total += len(line)
                if len(line) > LONGEST_LINE:
                    raise UserError(f"{path.name}, line {number}: longer than {LONGEST_LINE:,} bytes")
                if total > most:
                    raise UserError(f"{path.name} unpacks to more than {most:,} bytes")
                yield number, line
        except (EOFError, OSError, zlib.error) as error:
            raise UserError(f"{path.name} is a damaged gzip file: {error}") from None


def parse_json(data: str | bytes, place: str) -> Any:
    """A JSON value, read strictly: no key twice, no NaN, not nested beyond `DEEPEST`.

    Raises:
        UserError: It is not such a value.
    """
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        if _depth(text) > DEEPEST:
            raise UserError(f"{place}: nested more than {DEEPEST} levels deep")
        return json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: not JSON as it is accepted here: {error}") from None


def parse_yaml(text: str, place: str) -> Any:
    """A YAML value, read strictly: plain data alone, no aliases, no key twice, not nested beyond `DEEPEST`.

    Raises:
        UserError: It is not such a value.
    """
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise UserError(f"{place}: aliases (*{event.anchor}) are not accepted; write the value out")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise UserError(f"{place}: nested more than {DEEPEST} levels deep")
        _check_keys(yaml.compose(text, Loader=yaml.SafeLoader), place)
        return yaml.safe_load(text)
    except (AttributeError, KeyError, TypeError, OverflowError):
        raise UserError(f"{place}: not YAML as it is accepted here: a value does not fit its tag (!!)") from None
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{place}: not YAML as it is accepted here: {' '.join(str(error).split())}") from None


def _depth(text: str) -> int:
    """The deepest level of brackets outside of strings, in one pass whatever the text."""
    level = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        level += 1 if bracket in "[{" else -1
        deepest = max(deepest, level)
    return deepest


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:40]} is too big")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:80]!r} stands twice")
    return found


def _check_keys(node: yaml.Node | None, place: str) -> None:
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"{place}: the key {name[:80]!r} stands twice")
    if isinstance(node, yaml.CollectionNode):
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                _check_keys(part, place)
