"""The shelf: hands out a corpus's dialogues split by split, from the raw files or from a cache of them.

The cache is an Arrow stream a split (``datasets.Dataset.from_file`` opens it, too), named after a digest of the raw
files, the reader's version and its options; a changed file or option is another cache. It is written while the split is
first read to its end, into a file of its own that then takes the final name, so that two processes cannot disturb each
other and a kill leaves nothing half-written. Without pyarrow (the extra ``train``) every pass reads the raw files.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from msgspec import MsgspecError

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.codec import FORMAT, decode, encode
from tod_bench.corpora.digests import digests
from tod_bench.corpora.jsonstream import RawFile
from tod_bench.corpora.methods import CorpusMethods
from tod_bench.corpora.official import Completeness
from tod_bench.corpora.places import cache_home
from tod_bench.corpora.reading import Note
from tod_bench.errors import DataError, UserError
from tod_bench.files import digest_of
from tod_bench.records import Database, Dialogue

Read = Callable[[str, Note], Iterator[Dialogue | DataError]]
"""Reads a split from its raw files, in file order, with an error in the place of what cannot be used."""

_BATCH = 256


class CachedReader:
    """Hands out the dialogues of a corpus.

    Args:
        corpus: Name of the corpus.
        files: Split -> every raw file that decides its dialogues.
        root: Folder or archive that the files are in; only their names below it are part of the fingerprint.
        read: Reads a split.
        options: Options of the reader that decide the dialogues, and its version.
        skip_invalid: Whether unusable records are left out and listed instead of raised.
        cache: Whether to cache what was read.
    """

    def __init__(
        self,
        corpus: str,
        files: Mapping[str, tuple[RawFile, ...]],
        root: Path,
        read: Read,
        *,
        options: Mapping[str, Any],
        skip_invalid: bool,
        cache: bool,
    ) -> None:
        self.splits = tuple(files)
        self._corpus, self._files, self._root, self._read = corpus, files, root, read
        self._options, self._skip_invalid = options, skip_invalid
        self._cache = cache and find_spec("pyarrow") is not None
        self._skipped: dict[str, DataError] = {}
        self._oddities: dict[str, DataError] = {}

    @property
    def skipped(self) -> tuple[DataError, ...]:
        """What was left out so far."""
        return tuple(self._skipped.values())

    @property
    def oddities(self) -> tuple[DataError, ...]:
        """What was found odd, though usable, in the raw files read so far."""
        return tuple(self._oddities.values())

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of the raw files of every split, the reader's version and its options."""
        return digest_of({split: self._fingerprint(split) for split in self.splits})

    def dialogues(self, split: str) -> Iterator[Dialogue]:
        """Streams a split in file order.

        Raises:
            UserError: The split is not at hand.
            DataError: A record is unusable, and `skip_invalid` was not set.
        """
        if split not in self.splits:
            raise UserError(f"{self._corpus} has no split {split!r} here; at hand: {', '.join(self.splits) or 'none'}")
        if not self._cache:
            return self._raw(split)
        path = self.cache_file(split)
        return read_cache(path) if path.exists() else self._raw(split, path)

    def cache_file(self, split: str) -> Path:
        """The Arrow file that caches a split; it need not be there yet."""
        return cache_home() / "arrow" / f"{self._corpus}-{split}-{self._fingerprint(split)[:20]}.{FORMAT}.arrow"

    def _fingerprint(self, split: str) -> str:
        files = self._files[split]
        found = digests(file.path for file in files)
        names = [[_name(file, self._root), found[file.path]] for file in files]
        return digest_of({"corpus": self._corpus, "split": split, "files": names, "options": dict(self._options)})

    def _raw(self, split: str, cache: Path | None = None) -> Iterator[Dialogue]:
        writer, whole = CacheWriter(cache) if cache else None, True
        try:
            for found in self._read(split, self._note):
                if isinstance(found, Dialogue):
                    if writer:
                        writer.add(found)
                    yield found
                elif self._skip_invalid:
                    whole = False
                    self._skipped[str(found)] = found
                else:
                    raise found
            # A cache would have to list what was left out; such a split is read anew each time instead.
            if writer and whole:
                writer.commit()
        finally:
            if writer:
                writer.close()

    def _note(self, oddity: DataError) -> None:
        self._oddities[str(oddity)] = oddity


class FileCorpus(CorpusMethods):
    """What every corpus that is read from files has in common; a reader sets `name` and `root`, and calls `_shelve`.

    What the corpus does not annotate at all, a reader says in `unannotated`: annotation -> why. A reader that knows the
    official files lists in `unofficial` those that are not, and ends `name` in ``-unofficial`` if there are any.

    Beside options of its own, every reader takes

    - ``skip_invalid``: leave out unusable dialogues and list them in `skipped` instead of raising;
    - ``cache``: cache what was read, where pyarrow is installed.

    and raises a `UserError` where the files that it needs are not found.
    """

    name: str
    root: Path
    unannotated: ClassVar[Mapping[Annotation, str]] = {}
    unofficial: tuple[str, ...] = ()
    _read: Read
    _shelf: CachedReader

    def _shelve(
        self,
        files: Mapping[str, tuple[RawFile, ...]],
        options: Mapping[str, Any],
        *,
        skip_invalid: bool,
        cache: bool,
    ) -> None:
        """Puts the files of each split on the shelf; the arguments are those of `CachedReader`."""
        self._shelf = CachedReader(
            self.name, files, self.root, self._read, options=options, skip_invalid=skip_invalid, cache=cache
        )

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits at hand, in the order train, dev, test and any further ones."""
        return self._shelf.splits

    @property
    def fingerprint(self) -> str:
        """Hex digest of the raw files, the reader's version and its options."""
        return self._shelf.fingerprint

    @property
    def database(self) -> Database | None:
        """The corpus's database; None where it has none."""
        return None

    def missing_annotations(self, split: str) -> Mapping[Annotation, str]:  # noqa: ARG002
        """What the layout tells to be missing in a split: annotation -> why, as a clause of a sentence."""
        return self.unannotated

    def completeness(self, split: str) -> Completeness | None:  # noqa: ARG002
        """How many of a split's official files are there; None where all are, or where nothing is known of them."""
        return None

    @property
    def skipped(self) -> tuple[DataError, ...]:
        """What ``skip_invalid`` has left out so far."""
        return self._shelf.skipped

    @property
    def oddities(self) -> tuple[DataError, ...]:
        """What was found odd, though usable, in the raw files read so far."""
        return self._shelf.oddities

    def dialogues(self, split: str) -> Iterator[Dialogue]:
        """Streams a split in file order.

        Raises:
            UserError: There is no such split.
            DataError: A record is unusable, and ``skip_invalid`` was not set.
        """
        return self._shelf.dialogues(split)


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
        if self._part:
            Path(self._part).unlink(missing_ok=True)

    def _flush(self) -> None:
        import pyarrow as pa

        if self._stream is None:
            return
        try:
            self._stream.write_batch(pa.RecordBatch.from_pylist(self._rows, self._schema))
        except OSError:
            self.close()
            self._stream = None
        self._rows = []


def _name(file: RawFile, root: Path) -> str:
    """The file's name below the corpus's folder, so that a moved corpus keeps its fingerprint."""
    relative = os.path.relpath(file.path, root)
    return f"{relative}/{file.member}" if file.member else relative
