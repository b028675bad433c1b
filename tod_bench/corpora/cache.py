"""The cache of a corpus's dialogues: an Arrow stream a split, which ``datasets.Dataset.from_file`` opens, too.

A cache file is named after a digest of what decides the dialogues (see `FileCorpus.cache_file`); a changed raw file or
option is another cache. It is written while the split is first read to its end, into a file of its own that then takes
the final name, so that two processes cannot disturb each other and a kill leaves nothing half-written.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from msgspec import MsgspecError, msgpack

from tod_bench.errors import UserError
from tod_bench.files import digest_of
from tod_bench.records import Dialogue

_BATCH = 256


def layout(record: type) -> dict[str, list[str]]:
    """The fields of a record and of every record inside it, by the record's name."""
    records: dict[str, list[str]] = {}
    waiting: list[Any] = [record]
    while waiting:
        hint = waiting.pop(0)
        waiting += get_args(hint)
        if isinstance(hint, type) and is_dataclass(hint) and hint.__name__ not in records:
            records[hint.__name__] = [field.name for field in fields(hint)]
            waiting += get_type_hints(hint).values()
    return records


FORMAT = f"msgpack1-{digest_of(layout(Dialogue))[:8]}"
"""Names the form of cached records, so that records with other fields are another cache."""

encode = msgpack.Encoder().encode
"""The dialogue as bytes (MessagePack)."""

decode = msgpack.Decoder(Dialogue).decode
"""The dialogue of bytes that `encode` wrote; raises a ``MsgspecError`` where they are others."""


def read_cache(path: Path) -> Iterator[Dialogue]:
    """Streams the dialogues of a cached split.

    Raises:
        UserError: The file is damaged.
    """
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as stream:
            for batch in stream:
                yield from map(decode, batch.column("record").to_pylist())
    except (ValueError, OSError, MsgspecError) as error:  # Arrow's complaints about a file are ValueErrors.
        raise UserError(f"the cache {path} is damaged ({error}); delete it, and the corpus is read anew") from None


class CacheWriter:
    """Writes a cache file that appears under its name only when it is whole.

    A cache only saves time: where it cannot be written (no space, no permission), the writer gives up quietly.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self._schema = pa.schema(
            [("id", pa.string()), ("services", pa.list_(pa.string())), ("turns", pa.int32()), ("record", pa.binary())]
        )
        self._path, self._rows, self._part, self._stream = path, list[dict[str, Any]](), "", None
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, self._part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
            os.close(handle)
            self._stream = pa.ipc.new_stream(self._part, self._schema)

    def add(self, dialogue: Dialogue) -> None:
        """Adds a dialogue."""
        if self._stream is not None:
            row = {"id": dialogue.id, "services": dialogue.services, "turns": len(dialogue.turns)}
            self._rows.append({**row, "record": encode(dialogue)})
            if len(self._rows) == _BATCH:
                self._flush()

    def commit(self) -> None:
        """Gives the file its name."""
        self._flush()
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
                Path(self._part).replace(self._path)
            self._stream = None

    def close(self) -> None:
        """Removes what was not committed."""
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
            self._stream = None
        if self._part:
            Path(self._part).unlink(missing_ok=True)

    def _flush(self) -> None:
        import pyarrow as pa

        if self._stream is not None:
            try:
                self._stream.write_batch(pa.RecordBatch.from_pylist(self._rows, self._schema))
            except OSError:
                self.close()
        self._rows = []
