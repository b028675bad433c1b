"""Bringing a corpus's official files into the cache folder: downloaded, from a mirror, or from a copy on this machine.

Each file is checked against what the registry knows of it; what is in place and intact is left alone, so that a fetch
can be stopped and started at will. ``FETCHED.json`` in the corpus's folder records what came from where.
"""

import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tod_bench.corpora.download import Progress, download
from tod_bench.corpora.places import fetched_home
from tod_bench.corpora.release import OfficialFile, Release, release
from tod_bench.corpora.unpack import Limits, unpack
from tod_bench.digests import digests
from tod_bench.errors import UserError
from tod_bench.files import write_json


@dataclass(slots=True)
class Fetched:
    """What a fetch did.

    Attributes:
        release: What was fetched.
        folder: Where the corpus now is.
        in_place: Files that were there and intact.
        brought: Files that were downloaded or copied.
        missing: Files that the given copy lacks.
        unchecked: Files of which no checksum is known -> the SHA-256 of what came.
        unlike: Files inside an archive that differ from the official ones.
    """

    release: Release
    folder: Path
    in_place: list[str] = field(default_factory=list)
    brought: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)
    unlike: list[str] = field(default_factory=list)


def fetch(
    name: str,
    *,
    source: Path | None = None,
    mirror: str = "",
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> Fetched:
    """Fetches a corpus.

    Args:
        name: The corpus, as the registry calls it.
        source: A folder or archive with the files (under their names below the release, or bare) instead of the
            network.
        mirror: A URL below which the files have the names that they have in the registry.
        progress: Called with how far each download is.
        limits: What an archive may unpack to.

    Raises:
        UserError: The corpus is not known; a file cannot be had or is not the official one; an archive is not safe.
    """
    wanted = release(name)
    done = Fetched(wanted, fetched_home() / name)
    with tempfile.TemporaryDirectory() as work:
        if source:
            get = partial(_copy, given=_opened(source, Path(work), limits))
        else:
            get = partial(_download, mirror=mirror, progress=progress)
        for file in wanted.files:
            _bring(file, done, get)
    if not done.brought and not done.in_place:
        raise UserError(f"{source} has no file of {name} (such as {wanted.files[0].name})")
    present = [file for file in wanted.files if file.name not in done.missing]
    for file in present:
        if file.unpack and (file.name in done.brought or not (done.folder / file.unpack).exists()):
            unpack(done.folder / file.name, done.folder / file.unpack, limits)
    inside = {name: done.folder / name for name in wanted.inside if (done.folder / name).exists()}
    ids = digests(inside.values(), "git")
    done.unlike = sorted(name for name, path in inside.items() if ids[path] != wanted.inside[name])

    sums = digests(done.folder / file.name for file in present)
    record = {
        "corpus": wanted.name,
        "home": wanted.home,
        "licence": wanted.licence,
        "source": mirror or (str(source) if source else "official"),
        "files": {file.name: {"url": file.url, "sha256": sums[done.folder / file.name]} for file in present},
    }
    write_json(done.folder / "FETCHED.json", record)
    return done


def _bring(file: OfficialFile, done: Fetched, get: Callable[[OfficialFile, Path], bool]) -> None:
    target = done.folder / file.name
    if target.exists() and not _wrong(file, target):
        done.in_place.append(file.name)
    elif not get(file, target):
        done.missing.append(file.name)
    else:
        done.brought.append(file.name)
        if not (file.sha256 or file.git):
            done.unchecked[file.name] = digests([target])[target]


def _copy(file: OfficialFile, target: Path, given: Path) -> bool:
    copy = next((path for path in (given / file.name, given / Path(file.name).name) if path.is_file()), None)
    if copy is None:
        return False
    if wrong := _wrong(file, copy):
        raise UserError(f"{copy} is not the official {file.name}: {wrong}")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(copy, target)
    return True


def _download(file: OfficialFile, target: Path, mirror: str, progress: Progress | None) -> bool:
    url = f"{mirror.rstrip('/')}/{file.name}" if mirror else file.url
    target.unlink(missing_ok=True)
    download(url, target, sha256=file.sha256, progress=progress)
    if wrong := _wrong(file, target):
        target.unlink()
        raise UserError(f"{url} is not the official file: {wrong}; nothing was kept, try --mirror or --from")
    return True


def _wrong(file: OfficialFile, path: Path) -> str:
    """What is wrong with a file's content; empty where nothing is, or nothing is known."""
    if file.sha256 and (actual := digests([path])[path]) != file.sha256:
        return f"its SHA-256 is {actual}, not {file.sha256}"
    if file.git and (actual := digests([path], "git")[path]) != file.git:
        return f"its git blob id is {actual}, not {file.git}"
    return ""


def _opened(source: Path, work: Path, limits: Limits | None) -> Path:
    """The folder of a given copy; an archive of the files is unpacked, and a lone folder inside it stepped into."""
    if source.is_dir():
        return source
    if not source.is_file():
        raise UserError(f"there is no folder or archive {source}")
    folder = work / "copy"
    if zipfile.is_zipfile(source) or tarfile.is_tarfile(source):
        unpack(source, folder, limits)
        inside = list(folder.iterdir())
        folder = inside[0] if len(inside) == 1 and inside[0].is_dir() else folder
    folder.mkdir(exist_ok=True)
    # The file, even an archive, can be an official one itself.
    shutil.copyfile(source, folder / source.name)
    return folder
