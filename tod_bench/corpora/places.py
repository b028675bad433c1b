"""Where corpora are: in the folder that TOD_BENCH_DATA names, and where ``tod-bench data fetch`` brought them."""

import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from tod_bench.corpora.jsonstream import RawFile
from tod_bench.errors import DataError, MissingError, UserError
from tod_bench.files import cache_home

_DEPTH = 6


def fetched_home() -> Path:
    """The folder that ``tod-bench data fetch`` fills, one folder a corpus."""
    return cache_home() / "data"


def data_roots() -> list[Path]:
    """The folders in which a corpus without a path is looked for.

    Raises:
        UserError: TOD_BENCH_DATA names a folder that does not exist.
    """
    roots = []
    named = os.environ.get("TOD_BENCH_DATA")
    if named:
        if not Path(named).is_dir():
            raise UserError(f"TOD_BENCH_DATA is {named!r}, which is not a folder; set it to where the corpora are")
        roots.append(Path(named))
    return [*roots, fetched_home()] if fetched_home().is_dir() else roots


def corpus_root(given: str | Path | None, name: str, match_size: Callable[[Path], int]) -> Path:
    """The folder of a corpus: the one that was given, or the one that `find_corpus` finds."""
    return find_corpus(name, match_size) if given is None else Path(given)


def find_corpus(name: str, match_size: Callable[[Path], int]) -> Path:
    """The folder of a corpus, searched for below the data roots.

    Args:
        name: The corpus, as ``tod-bench data fetch`` calls it.
        match_size: Bytes of dialogues that a folder has of the corpus; 0 where it is not the corpus's folder.

    Returns:
        The biggest folder of the first root that has one (the first in path order, among equals): a whole corpus wins
        over a sample of it.

    Raises:
        MissingError: There is none.
    """
    roots = data_roots()
    for root in roots:
        sizes = {folder: match_size(folder) for folder in _folders(root, _DEPTH)}
        if any(sizes.values()):
            return max(sizes, key=lambda folder: sizes[folder])
    looked = (
        f"not found below {' or '.join(map(str, roots))}" if roots else "not given a path, and TOD_BENCH_DATA is unset"
    )
    raise MissingError(f"{name} was {looked}; give `path`, set TOD_BENCH_DATA, or run `tod-bench data fetch {name}`")


def bytes_of(files: Iterator[RawFile]) -> int:
    """Bytes of files, packed as they are."""
    return sum(file.path.stat().st_size for file in files)


def files_in(source: Path) -> Mapping[str, RawFile]:
    """The files of a folder (and its ``db`` folder), or of a zip (whatever folder of it they are in), by base name.

    A zip in the folder that has one member stands for it: ``test.json.zip`` gives ``test.json``.

    Raises:
        UserError: There is no such place.
        DataError: A zip is damaged.
    """
    if source.is_file():
        members = _members(source)
        names = [Path(member).name for member in members if member.endswith(".json")]
        for repeated in (name for name in names if names.count(name) > 1):
            raise DataError(
                f"the zip has several files named {repeated}; unpack it and give the folder of one", file=str(source)
            )
        return {Path(member).name: RawFile(source, member) for member in members}
    if not source.is_dir():
        raise UserError(f"there is no folder or zip {source}; give the folder that the corpus was unpacked into")
    files = {}
    for path in sorted([*source.iterdir(), *source.glob("db/*")]):
        if not path.is_file():
            continue
        if not path.name.endswith(".json.zip"):
            files[path.name] = RawFile(path)
            continue
        members = _members(path)
        if len(members) != 1:
            raise DataError(f"the zip should have one file, but has {len(members)}", file=str(path))
        files[Path(members[0]).name] = RawFile(path, members[0])
    return files


def _folders(root: Path, depth: int) -> Iterator[Path]:
    """A folder and those below it, in path order; hidden ones and links are left out."""
    yield root
    if depth == 0:
        return
    # scandir knows what is a folder from the listing itself, so that corpora of many thousand files are quickly passed.
    names: list[str] = []
    with suppress(PermissionError), os.scandir(root) as entries:
        names = [entry.name for entry in entries if entry.name[0] != "." and entry.is_dir(follow_symlinks=False)]
    for name in sorted(names):
        yield from _folders(root / name, depth - 1)


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            return [name for name in names if not name.startswith("__MACOSX/")]
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"the zip is damaged or incomplete ({error}); fetch it again", file=str(path)) from None
