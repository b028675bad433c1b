"""Writing files so that a kill leaves either the old file or the new one, telling a full disk, hashing, the cache."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from gzip import GzipFile
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, BinaryIO

from tod_bench.errors import UserError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = ("No space left on device", "Disk quota exceeded", "File too large")
_NOTHING_FREE = 1 << 20
"""Bytes below which a disk counts as full when a library has failed without saying why."""


def cache_home() -> Path:
    """The folder for fetched corpora and caches: TOD_BENCH_CACHE, or ``~/.cache/tod-bench``."""
    chosen = os.environ.get("TOD_BENCH_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "tod-bench"


@contextmanager
def atomic_writer(path: Path) -> Iterator[IO[str]]:
    """Opens a text file that takes the place of `path` when the block ends without an error; ``.gz`` is gzipped.

    Raises:
        UserError: The file cannot be written (no space, no permission); nothing of it is left behind.
    """
    with _replacement(path) as raw:
        if path.suffix == ".gz":
            # Without a time in it, the same content gives the same bytes.
            packed = GzipFile("", "wb", fileobj=raw, mtime=0)
            with packed, TextIOWrapper(packed, "utf-8", newline="\n") as text:
                yield text
            return
        file = TextIOWrapper(raw, "utf-8", newline="\n")
        try:
            yield file
        finally:
            file.detach()


@contextmanager
def _replacement(path: Path) -> Iterator[BinaryIO]:
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(_mode_of_new_files())
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        remedy = f"make room in {path.parent}" if error.errno in _FULL else f"see that {path.parent} can be written to"
        raise UserError(
            f"{path} could not be written: {error.strerror or error}; {remedy} and run the same command again, "
            "what was finished is kept"
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def full_disk_explained(folder: Path) -> Iterator[None]:
    """Turns what a full disk makes any library raise inside of the block into one sentence.

    Args:
        folder: Where the block writes.

    Raises:
        UserError: The disk is full, or a quota or a limit on the size of files is reached.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if not (_names_a_full_disk(error) or shutil.disk_usage(folder).free < _NOTHING_FREE):
            raise
        reason = str(error).partition("\n")[0]
        raise UserError(
            f"the disk of {folder} is full ({reason}); make room there and run the same command again, "
            "what was finished is kept"
        ) from error


@contextmanager
def replaced_folder(folder: Path, *, replaceable: Collection[str] = ()) -> Iterator[Path]:
    """A folder to fill, which takes the place of `folder` when the block ends without an error.

    Args:
        folder: The folder; what it holds stays as it is if anything goes wrong.
        replaceable: Names of files that it may hold already, and that go with it; any other file is in the way.

    Raises:
        UserError: The folder cannot be written, the disk is full, or something else is there already.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UserError(f"{folder} is there already, and is not a folder; remove it, or name another folder")
    others = sorted(path.name for path in folder.iterdir() if path.name not in replaceable) if folder.exists() else []
    if others:
        raise UserError(f"{folder} is there already, and holds {others[0]!r}; remove it, or name another folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # On the same disk, so that putting it in place is a rename; hidden, so that nobody takes it for a result.
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name[:40]}.") as work:
            draft, old = Path(work) / folder.name, Path(work) / ".old"
            draft.mkdir()
            with full_disk_explained(draft):
                yield draft
            if folder.exists():
                folder.rename(old)
            try:
                draft.rename(folder)
            except OSError:
                if old.exists():
                    old.rename(folder)
                raise
    except OSError as error:
        raise UserError(f"{folder} could not be written: {error.strerror or error}; name another folder") from error


def _names_a_full_disk(error: BaseException | None) -> bool:
    # Libraries written in Rust and C++ raise no OSError, only its words.
    while error is not None:
        if getattr(error, "errno", None) in _FULL or any(words in str(error) for words in _FULL_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False


def _mode_of_new_files() -> int:
    # The temporary file is its owner's alone, and a page on a web server must be read by others.
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically."""
    with atomic_writer(path) as file:
        file.write(text)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes bytes atomically, as `atomic_writer` does a text."""
    with _replacement(path) as file:
        file.write(content)


def whole_lines(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """The lines of a file to which lines are appended: number from 1, where it starts, and the line.

    Args:
        file: The file, at its beginning and open for writing: a last line that a kill cut off is taken away.
    """
    start = 0
    for number, line in enumerate(file, 1):
        if not line.endswith(b"\n"):
            file.truncate(start)
            return
        yield number, start, line
        start += len(line)


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file atomically: indented, in the order given, no NaN."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def digest_of(value: Any) -> str:
    """Hex SHA-256 of a JSON value, whatever the order of its keys."""
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def digest_of_files(paths: Iterable[Path]) -> str:
    """Hex SHA-256 over the content of files, in the order given."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
