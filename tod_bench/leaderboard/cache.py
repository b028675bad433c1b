"""Results kept from one build of a leaderboard to the next, by a digest of everything that they were computed from.

Nothing here needs to be cleared: a changed submission, track, corpus or line of code has another digest. What no build
has asked for in `KEPT_DAYS` is removed.
"""

import gzip
import json
import os
import time
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import tod_bench
import tod_metrics
from tod_bench.files import cache_home, digest_of, digest_of_files
from tod_bench.leaderboard.bounds import opened
from tod_bench.provenance import installed_version

KEPT_DAYS = 90

_COMPUTE = ("numpy", "scipy", "rapidfuzz", "sacrebleu", "nltk", "spacy", "convokit", "textstat")
"""Packages that scores are computed with."""


class Cache:
    """A folder of results; without one, nothing is found and nothing kept.

    Args:
        folder: The folder, made when first written to.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def find(self, key: str) -> Any:
        """The JSON value kept under a key; None where there is none that can be read."""
        if self._folder is None:
            return None
        path = self._path(key)
        try:
            value = json.loads(gzip.decompress(path.read_bytes()))
            os.utime(path)
        except (OSError, EOFError, ValueError):
            return None
        return value

    def keep(self, key: str, value: Any) -> None:
        """Keeps a JSON value; a cache that cannot be written to only makes the next build slower."""
        if self._folder is None:
            return
        path = self._path(key)
        data = gzip.compress(json.dumps(value, separators=(",", ":")).encode(), compresslevel=3, mtime=0)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
                file.write(data)
            Path(file.name).replace(path)
        except OSError:
            return

    def clean(self) -> None:
        """Removes what has not been asked for in `KEPT_DAYS`."""
        if self._folder is None:
            return
        oldest = time.time() - KEPT_DAYS * 86_400
        for path in self._folder.glob("*/*"):
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except OSError:
                continue

    def _path(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / key[:2] / f"{key}.json.gz"


def default_folder() -> Path:
    """Where results are kept if nothing else is said."""
    return cache_home() / "leaderboard"


def key_of(*parts: Any) -> str:
    """The key of a result: a digest of JSON values, and of the code that computes it."""
    return digest_of([code_digest(), *parts])


def content_of(path: Path, most: int) -> str:
    """Digest of a stranger's file.

    Raises:
        UserError: It is no regular file, or too big.
    """
    with opened(path, most):
        return digest_of_files([path])


@cache
def code_digest() -> str:
    """Digest of this package's sources and of the versions of the packages that it computes with."""
    files = [
        path
        for package in (tod_bench, tod_metrics)
        for path in sorted(Path(str(package.__file__)).parent.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    ]
    return digest_of([digest_of_files(files), [installed_version(name) or "" for name in _COMPUTE]])
