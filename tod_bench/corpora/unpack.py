"""Unpacking archives that came from elsewhere: nothing outside the target, no links, limited in size and number."""

import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from tod_bench.errors import UserError
from tod_bench.files import full_disk_explained

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may unpack to.

    Attributes:
        size: Bytes in all.
        files: Number of files.
    """

    size: int = 4 << 30
    files: int = 50_000


@dataclass(slots=True)
class _Member:
    """A regular file of an archive, and a way to read it."""

    name: str
    source: IO[bytes]


def unpack(archive: Path, target: Path, limits: Limits | None = None) -> list[str]:
    """Unpacks a zip or tar archive (of any compression) into a folder, which it replaces as a whole.

    Sizes are counted while bytes are written, whatever the archive says of itself.

    Returns:
        Names of the files, sorted.

    Raises:
        UserError: The archive is damaged, too big, or has a member that is a link, a device, or outside of the target,
            or the disk is full; nothing of it is left behind.
    """
    limits = limits or Limits()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as work:
        folder = Path(work) / "unpacked"
        folder.mkdir()
        try:
            with full_disk_explained(target.parent):
                names = _write_all(archive, folder, limits)
        except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise UserError(f"{archive} cannot be unpacked ({error}); fetch it again") from None
        if target.exists():
            target.rename(Path(work) / "replaced")
        folder.rename(target)
    return sorted(names)


def _write_all(archive: Path, folder: Path, limits: Limits) -> list[str]:
    names: list[str] = []
    left = limits.size
    for member in _members(archive):
        path = folder.joinpath(*_safe(archive, member.name).parts)
        names.append(str(path.relative_to(folder)))
        if len(names) > limits.files:
            raise UserError(f"{archive} has more than {limits.files} files; it was not unpacked")
        if path.exists():
            raise UserError(f"{archive} has {member.name!r} twice; it was not unpacked")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            while chunk := member.source.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise UserError(f"{archive} unpacks to more than {limits.size:,} bytes; it was not unpacked")
                file.write(chunk)
    return names


def _members(archive: Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(archive):
        return _zip_members(archive)
    return _tar_members(archive)


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise UserError(f"{archive} has {info.filename!r}, which is a link or device; it was not unpacked")
            if info.is_dir():
                _safe(archive, info.filename)
                continue
            with opened.open(info) as source:
                yield _Member(info.filename, source)


def _tar_members(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive, "r:*") as opened:
        for info in opened:
            if not (info.isreg() or info.isdir()):
                raise UserError(f"{archive} has {info.name!r}, which is a link or device; it was not unpacked")
            source = opened.extractfile(info) if info.isreg() else None
            if source is None:
                _safe(archive, info.name)
            else:
                yield _Member(info.name, source)


def _safe(archive: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    odd = "\\" in name or "\0" in name or (name[1:2] == ":" and name[:1].isalpha())
    if odd or path.is_absolute() or ".." in path.parts or not path.parts:
        raise UserError(f"{archive} has {name!r}, which would leave its folder; it was not unpacked")
    return path
