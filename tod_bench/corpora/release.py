"""The registry of official files: where they are, and the checksums by which they are known.

``registry.yaml`` is data: corpus -> home page, licence, and files with what is known of each: the SHA-256 of its
bytes, or the id that git gives its content (a SHA-1; repositories publish it with every commit). Files without either
can be fetched, but not checked, and ``tod-bench data fetch`` says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from tod_bench.errors import UserError, did_you_mean


@dataclass(frozen=True, slots=True)
class OfficialFile:
    """A file of a release.

    Attributes:
        name: Its path in the fetched folder, and below a mirror.
        url: Where it is.
        sha256: SHA-256 of its bytes; empty where not known.
        git: Its git blob id; empty where not known.
        unpack: Folder of the fetched folder that an archive is unpacked into; empty for a file that stays as it is.
    """

    name: str
    url: str
    sha256: str = ""
    git: str = ""
    unpack: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """A corpus as it was released.

    Attributes:
        name: Its name for ``tod-bench data fetch``.
        home: Home page.
        licence: Licence, as its authors state it.
        files: Its files.
        inside: Files known to be inside its archives: path in the fetched folder -> git blob id.
        note: What a user should know before fetching it.
    """

    name: str
    home: str
    licence: str
    files: tuple[OfficialFile, ...]
    inside: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@cache
def releases() -> Mapping[str, Release]:
    """Every release in the registry, by name."""
    import yaml

    raw = yaml.safe_load((files("tod_bench.corpora") / "registry.yaml").read_text(encoding="utf-8"))
    return {name: _release(name, entry) for name, entry in raw.items()}


def release(name: str) -> Release:
    """A release.

    Raises:
        UserError: The registry has none of that name.
    """
    known = releases()
    if name not in known:
        raise UserError(
            f"no official files are known for {name!r}{did_you_mean(name, known)}; known: {', '.join(sorted(known))}"
        )
    return known[name]


def _release(name: str, entry: Mapping[str, Any]) -> Release:
    base = entry.get("base", "")
    listed = tuple(
        OfficialFile(
            path,
            facts.get("url", base + path),
            **{key: facts[key] for key in ("sha256", "git", "unpack") if key in facts},
        )
        for path, facts in entry["files"].items()
    )
    for file in listed:
        if PurePosixPath(file.name).is_absolute() or ".." in PurePosixPath(file.name).parts:
            raise ValueError(f"registry.yaml: {name}: {file.name} leaves its folder")
    return Release(name, entry["home"], entry["licence"], listed, entry.get("inside", {}), entry.get("note", ""))
