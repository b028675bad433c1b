"""Whether the files of a corpus are the official ones, and all of them: what its numbers may be signed as.

    official, complete      sgd-accumulated | split:test
    official, incomplete    sgd-accumulated | split:test(31 of 34 files)
    anything else           sgd-accumulated-unofficial | split:test

Files are official where their git blob ids are those of the registry. Of a release that is known by its archive alone,
an unpacked file is official where the archive is beside it and holds the same bytes.
"""

import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tod_bench.corpora.jsonstream import RawFile
from tod_bench.corpora.release import OfficialFile, Release, release
from tod_bench.digests import digests

UNOFFICIAL = "-unofficial"
"""Ends the name of a corpus whose files are not, or cannot be shown to be, the official ones."""

_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of a split is there.

    Attributes:
        present: Official files of the split that are there.
        official: Official files that the split has.
        missing: Those that are not there, as far as their names are known, as paths in the release.
    """

    present: int
    official: int
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.present} of {self.official} files"


def completeness(names: Iterable[str], of: Release, base: str, splits: Iterable[str]) -> Completeness | None:
    """How many of the official dialogue files of some splits are there; None where all are.

    Args:
        names: The files that are there, as paths in the release.
        of: The release.
        base: The folder of the splits in the release, with its slash; empty for its root.
        splits: The splits.
    """
    starts = tuple(f"{base}{split}/dialogues_" for split in splits)
    wanted = {file.name for file in of.files if file.name.startswith(starts)}
    present = wanted & set(names)
    if len(present) == len(wanted):
        return None
    return Completeness(len(present), len(wanted), tuple(sorted(wanted - present)))


def unlike_release(name: str, files: Mapping[str, Path]) -> list[str]:
    """Those of some files that are not the official ones: another content, or no file of the release at all.

    Args:
        name: The release.
        files: Path in the release -> file.
    """
    known = {file.name: file.git for file in release(name).files if file.git} | dict(release(name).inside)
    ids = digests((file for path, file in files.items() if path in known), "git")
    return sorted(path for path, file in files.items() if path not in known or ids[file] != known[path])


def unlike_archive(name: str, files: Iterable[RawFile]) -> list[str]:
    """Those of some files of a release, known by its archive, that are not the archive's.

    The archive is looked for beside each file and a few folders up; a file inside of it needs no comparison.

    Returns:
        Names of the files that differ, or of all where the archive is not there or not the official one; without their
        folder, since they get into results.
    """
    archives = {file.path: _official_archive(name, file.path) for file in files}
    others = (file for file in files if not _inside(archives[file.path], file))
    return sorted(f"{file.path.name}/{file.member}" if file.member else file.path.name for file in others)


def _official_archive(name: str, path: Path) -> Path | None:
    """The official archive that a file is, or that is beside it or a few folders up; None where there is none."""
    folders = list(path.absolute().parents)[:_LEVELS]
    for official in (file for file in release(name).files if file.unpack or file.name.endswith(".zip")):
        names = (official.name, PurePosixPath(official.name).name)
        candidates = [folder / name_there for folder in folders for name_there in names]
        for candidate in [path, *candidates] if path.suffix == ".zip" else candidates:
            if candidate.is_file() and _is_official(official, candidate, name):
                return candidate
    return None


def _is_official(official: OfficialFile, path: Path, name: str) -> bool:
    if official.git:
        return digests([path], "git")[path] == official.git
    expected = official.sha256 or _fetched_sha256(official, path, name)
    return bool(expected) and digests([path])[path] == expected


def _fetched_sha256(official: OfficialFile, path: Path, name: str) -> str:
    """The SHA-256 of an archive without a known checksum, as it was when `fetch` brought it from its official place."""
    for folder in list(path.absolute().parents)[:_LEVELS]:
        try:
            record = json.loads((folder / "FETCHED.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(record, dict) and (record.get("corpus"), record.get("source")) == (name, "official"):
            return str(record.get("files", {}).get(official.name, {}).get("sha256", ""))
    return ""


def _inside(archive: Path | None, file: RawFile) -> bool:
    """Whether a file is a member of an archive, or has the bytes of one."""
    if archive is None:
        return False
    if file.path == archive:
        return True
    with zipfile.ZipFile(archive) as opened:
        members = [info for info in opened.infolist() if PurePosixPath(info.filename).name == file.path.name]
    size, checksum = file.path.stat().st_size, 0
    if size not in {info.file_size for info in members}:
        return False
    with file.path.open("rb") as opened_file:
        while chunk := opened_file.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
    return any((info.file_size, info.CRC) == (size, checksum) for info in members)
