"""A corpus that is read from files: what every reader shares, from finding a split's files to caching its dialogues.

open_corpus("sgd") ─▶ SGD(FileCorpus).dialogues("dev") ─▶ the cache, or SGD._read("dev") over the raw files
"""

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.base import Corpus
from tod_bench.corpora.cache import FORMAT, CacheWriter, read_cache
from tod_bench.corpora.jsonstream import RawFile
from tod_bench.corpora.reading import Warn
from tod_bench.digests import digests
from tod_bench.errors import DataError, UserError
from tod_bench.files import cache_home, digest_of
from tod_bench.records import Dialogue


class FileCorpus(Corpus):
    """What every corpus that is read from files has in common.

    A reader's constructor sets `name` and `root` and calls `_set_files`; `_read` reads a split. What the corpus does
    not annotate at all, a reader says in `unannotated`: annotation -> why. A reader that knows the official files lists
    in `unofficial` those that are not, and ends `name` in ``-unofficial`` if there are any.

    Beside options of its own, every reader takes

    - ``skip_invalid``: leave out unusable dialogues and list them in `skipped` instead of raising;
    - ``cache``: cache what was read, where pyarrow (the extra ``train``) is installed.

    and raises a `UserError` where the files that it needs are not found.

    Attributes:
        root: Folder or archive that the files are in.
        unannotated: What the corpus does not annotate -> why.
    """

    root: Path
    unannotated: ClassVar[Mapping[Annotation, str]] = {}

    @abstractmethod
    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        """Reads a split from its raw files, in file order, with an error in the place of what cannot be used.

        Args:
            split: The split.
            warn: Takes what is odd, though usable.
        """

    def _set_files(
        self, files: Mapping[str, tuple[RawFile, ...]], options: Mapping[str, Any], *, skip_invalid: bool, cache: bool
    ) -> None:
        """Says what the dialogues of each split are made of.

        Args:
            files: Split -> every raw file that decides its dialogues; only their names below `root` and their content
                count for the fingerprint.
            options: Options of the reader that decide the dialogues, and its version.
            skip_invalid: Whether unusable records are left out and listed instead of raised.
            cache: Whether to cache what was read.
        """
        self._sources, self._source_options = files, dict(options)
        self._skip_invalid, self._cached = skip_invalid, cache and find_spec("pyarrow") is not None
        self._skipped: dict[str, DataError] = {}
        self._warnings: dict[str, DataError] = {}

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that are there, in the order train, dev, test and any further ones."""
        return tuple(self._sources)

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of the raw files of every split, the reader's version and its options."""
        return digest_of({split: self._split_fingerprint(split) for split in self.splits})

    @property
    def skipped(self) -> tuple[DataError, ...]:
        """What ``skip_invalid`` has left out so far."""
        return tuple(self._skipped.values())

    @property
    def warnings(self) -> tuple[DataError, ...]:
        """What was found odd, though usable, in the raw files read so far."""
        return tuple(self._warnings.values())

    def missing_annotations(self, split: str) -> Mapping[Annotation, str]:  # noqa: ARG002
        """What the layout tells to be missing in a split: annotation -> why, as a clause of a sentence."""
        return self.unannotated

    def dialogues(self, split: str) -> Iterator[Dialogue]:
        """Streams a split in file order.

        Raises:
            UserError: There is no such split.
            DataError: A record is unusable, and ``skip_invalid`` was not set.
        """
        if split not in self.splits:
            there = ", ".join(self.splits) or "none"
            raise UserError(f"{self.name} has no split {split!r} here; it has {there}")
        path = self.cache_file(split) if self._cached else None
        return read_cache(path) if path and path.exists() else self._from_raw_files(split, path)

    def cache_file(self, split: str) -> Path:
        """The Arrow file that caches a split; it need not be there yet."""
        return cache_home() / "arrow" / f"{self.name}-{split}-{self._split_fingerprint(split)[:20]}.{FORMAT}.arrow"

    def _split_fingerprint(self, split: str) -> str:
        files = self._sources[split]
        contents = digests(file.path for file in files)
        # A moved corpus keeps its fingerprint, so a file counts by its name below the root.
        paths = [os.path.relpath(file.path, self.root) for file in files]
        names = [f"{path}/{file.member}" if file.member else path for path, file in zip(paths, files, strict=True)]
        listed = [[name, contents[file.path]] for name, file in zip(names, files, strict=True)]
        return digest_of({"corpus": self.name, "split": split, "files": listed, "options": self._source_options})

    def _from_raw_files(self, split: str, cache: Path | None) -> Iterator[Dialogue]:
        writer, whole = CacheWriter(cache) if cache else None, True
        try:
            for read in self._read(split, lambda warning: self._warnings.update({str(warning): warning})):
                if isinstance(read, DataError):
                    if not self._skip_invalid:
                        raise read
                    whole = False
                    self._skipped[str(read)] = read
                    continue
                if writer:
                    writer.add(read)
                yield read
            # A cache would have to list what was left out; such a split is read anew each time instead.
            if writer and whole:
                writer.commit()
        finally:
            if writer:
                writer.close()
