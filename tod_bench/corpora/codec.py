"""Dialogues as MessagePack and back: the form in which a corpus is cached."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from msgspec import msgpack

from tod_bench.files import digest_of
from tod_bench.records import Dialogue


def _layout(record: type, seen: set[type]) -> Iterator[list[Any]]:
    """The fields of a record and of every record inside it."""
    seen.add(record)
    hints = get_type_hints(record)
    yield [record.__name__, [field.name for field in fields(record)]]
    for hint in hints.values():
        for inner in _records_in(hint):
            if inner not in seen:
                yield from _layout(inner, seen)


def _records_in(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for part in get_args(hint):
        yield from _records_in(part)


FORMAT = f"msgpack1-{digest_of(list(_layout(Dialogue, set())))[:8]}"
"""Part of a cache file's name: what wrote other fields is not looked at, so a new field is never read as empty."""

encode = msgpack.Encoder().encode
"""The dialogue as bytes."""

decode = msgpack.Decoder(Dialogue).decode
"""The dialogue of bytes that `encode` wrote; raises a ``MsgspecError`` where they are others."""
