"""Digests of raw files, remembered by path, size, inode and times of change, so that the second time costs nothing."""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from tod_bench.errors import DataError, UserError
from tod_bench.files import cache_home, digest_of, write_text

Kind = Literal["sha256", "git"]
"""``sha256`` of the bytes, or ``git``: the SHA-1 that git gives a file's blob, by which a repository's files are
known."""

_SETTLED = 2.0
"""Seconds after which a file's time of change tells one content from the next on every file system."""


def digests(paths: Iterable[Path], kind: Kind = "sha256") -> dict[Path, str]:
    """Hex digests of files.

    Raises:
        DataError: A file is missing or cannot be read.
    """
    wanted = list(dict.fromkeys(paths))
    memory = _recall()
    digest_of_path: dict[Path, str] = {}
    # Before the bytes are read: a file that changes meanwhile has another stamp the next time.
    began, stamps = time.time_ns(), {path: _stamp(path) for path in wanted}
    for path in wanted:
        known = memory.get(str(path.absolute()))
        if known and known["stamp"] == stamps[path] and kind in known:
            digest_of_path[path] = known[kind]
    fresh = [path for path in wanted if path not in digest_of_path]
    with ThreadPoolExecutor() as pool:
        digest_of_path.update(zip(fresh, pool.map(lambda path: _digest(path, kind), fresh), strict=True))
    if fresh:
        # A file that had only just changed may have changed again within the same tick of its clock.
        settled = [path for path in fresh if began - max(stamps[path][1], stamps[path][3]) > _SETTLED * 1e9]
        _remember({path: (digest_of_path[path], stamps[path]) for path in settled}, kind)
    return digest_of_path


def digest_within(folder: Path, files: Iterable[Path]) -> str:
    """Hex digest of the names that files have below a folder, and of their content, in whatever order they come.

    Raises:
        DataError: A file is missing or cannot be read.
    """
    paths = sorted(files)
    by_path = digests(paths)
    return digest_of([[path.relative_to(folder).as_posix(), by_path[path]] for path in paths])


def _digest(path: Path, kind: Kind) -> str:
    try:
        digest = hashlib.sha256() if kind == "sha256" else hashlib.sha1(usedforsecurity=False)
        if kind == "git":
            digest.update(b"blob %d\0" % path.stat().st_size)
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()
    except FileNotFoundError:
        raise DataError("the file is missing", file=str(path)) from None
    except OSError as error:
        raise DataError(f"the file cannot be read ({error.strerror or error})", file=str(path)) from None


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError:
        raise DataError("the file is missing", file=str(path)) from None
    # A copy can keep a file's size and time of change; its inode, or the time when its inode changed, tells it.
    return [status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns]


def _memory_file() -> Path:
    return cache_home() / "digests.json"


def _recall() -> Mapping[str, Mapping[str, Any]]:
    try:
        status = _memory_file().stat()
        return _read_memory(str(_memory_file().absolute()), status.st_size, status.st_mtime_ns, status.st_ino)
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=1)
def _read_memory(file: str, *_state: int) -> Mapping[str, Mapping[str, Any]]:
    """The memory in a file, which may be megabytes: read again only in another state of the file."""
    memory = json.loads(Path(file).read_text(encoding="utf-8"))
    return memory if isinstance(memory, dict) else {}


def _remember(fresh: Mapping[Path, tuple[str, list[int]]], kind: Kind) -> None:
    """Remembers digests, each with the stamp that its file had before it was read."""
    memory = dict(_recall())
    for path, (digest, stamp) in fresh.items():
        known = memory.get(str(path.absolute()), {})
        other_kind = known if known.get("stamp") == stamp else {}
        memory[str(path.absolute())] = {**other_kind, "stamp": stamp, kind: digest}
    try:
        write_text(_memory_file(), json.dumps(memory))
    except UserError:
        return  # The memory only saves time: without a writable cache folder files are hashed each time.
