"""Digests of what decides a result beside its settings: local files that settings name, and the source of code.

A key of the store that held names alone would take a model folder with new weights, or an edited system, for the old
one. Files are hashed once: `tod_bench.digests` remembers them by path, size, inode and times of change.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tod_bench.digests import digest_within, digests
from tod_bench.files import digest_of
from tod_bench.plugins import points_of

OWN = ("tod_bench", "tod_metrics", "tod_baselines")
"""Packages that are released together; of a checkout of them, only what a result rests on is hashed."""

_SOURCE = frozenset(
    {".py", ".pyx", ".so", ".pyd", ".txt", ".j2", ".jinja", ".jinja2", ".tmpl", ".yaml", ".yml", ".json"}
)
"""Endings of files of a package that can decide what it does: code, prompts, settings."""


def local_files(value: Any) -> dict[str, str]:
    """Every local file or folder that a setting names, and the digest of its content.

    Args:
        value: A setting, or any nesting of mappings and lists of settings.

    Returns:
        The path as the setting gives it -> hex digest. Names of nothing on this machine (of the hub, say) are left out.
    """
    return {text: _content(Path(text)) for text in sorted(set(_texts(value))) if _is_local(text)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str | Path):
        yield str(value)
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, Sequence | set | frozenset):
        for item in value:
            yield from _texts(item)


def _is_local(text: str) -> bool:
    # A setting of dots alone is no model's name, and the working folder holds the store itself.
    if not text.strip("./\\ ") or len(text) > 1024 or "\n" in text or "\0" in text:
        return False
    try:
        return Path(text).exists()
    except OSError:
        return False


def _content(path: Path) -> str:
    if path.is_file():
        return digests([path])[path]
    return digest_within(path, _regular_files(path))


def _regular_files(folder: Path) -> Iterator[Path]:
    """The files below a folder, without hidden ones, caches of Python, and stores of results."""
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_file():
            yield path
        elif path.is_dir() and not ((path / "results").is_dir() and (path / "locks").is_dir()):
            yield from _regular_files(path)


def source_digest(code: type, group: str = "", name: str = "") -> dict[str, str]:
    """What tells one version of a system's, metric's or corpus's code from another.

    Code outside of tod-bench is known by all files of its package (or by its module and the modules beside it that it
    imports), and by the version of its distribution. Code of tod-bench itself is known by its package's files alone:
    the version of tod-bench is in every key anyway, and a checkout of it can be edited without a new version.

    Args:
        code: The class.
        group: Group of the entry points that it was found through.
        name: Its name there.

    Returns:
        ``source`` -> hex digest of the files, and ``distribution`` -> name and version, where there are any.
    """
    top, *inner = code.__module__.split(".")
    if top in OWN:
        # Of a checkout, the subpackage (``tod_baselines.pptod``), or the module where it is in none.
        files = set(_module_files(find_spec(".".join([top, *inner[:1]]))))
        return {"source": _digest_of_tree(files) if files else code.__qualname__}
    distribution = next((point.dist for point in points_of(group) if point.name == name), None) if name else None
    files = _files_of_package(top, distribution)
    version = {"distribution": f"{distribution.name} {distribution.version}"} if distribution else {}
    return {**version, "source": _digest_of_tree(files) if files else code.__qualname__}


def own_source(*names: str) -> str:
    """Digest of modules or packages of tod-bench itself, by dotted name."""
    return _digest_of_tree({file for name in names for file in _module_files(find_spec(name))})


def _digest_of_tree(files: Iterable[Path]) -> str:
    """Digest of the names and the content of files; where they lie does not matter."""
    paths = sorted(files)
    by_path = digests(paths)
    return digest_of([[path.name, path.parent.name, by_path[path]] for path in paths])


def _files_of_package(top: str, distribution: Distribution | None) -> set[Path]:
    """The files of a top-level package, and those that it is installed with or that lie beside it and it imports."""
    spec = _spec(top)
    if spec is None:
        return set()
    files, home = set(_module_files(spec)), _home(spec)
    if home is None:
        return files
    if home.name in ("site-packages", "dist-packages"):
        installed = [Path(str(file.locate())) for file in (distribution.files if distribution else None) or []]
        return files | {path for path in installed if path.suffix == ".py" and path.is_file()}
    waiting = [file for file in files if file.suffix == ".py"]
    while waiting:
        for name in _imported(waiting.pop()):
            beside = _spec(name) if (home / name).is_dir() or (home / f"{name}.py").is_file() else None
            if beside is not None and _home(beside) == home:
                new = set(_module_files(beside)) - files
                files |= new
                waiting += [file for file in new if file.suffix == ".py"]
    return files


def _imported(file: Path) -> set[str]:
    """Top-level names that a source file imports, anywhere in it."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@cache
def _spec(top: str) -> ModuleSpec | None:
    try:
        return find_spec(top)
    except (ImportError, ValueError):
        loaded = getattr(sys.modules.get(top), "__file__", None)
        return ModuleSpec(top, None, origin=loaded) if loaded else None


def _home(spec: ModuleSpec) -> Path | None:
    """The folder that a top-level module or package lies in."""
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).parent
    return Path(spec.origin).parent if spec.origin and Path(spec.origin).is_file() else None


def _module_files(spec: ModuleSpec | None) -> Iterator[Path]:
    """The file of a module, or the files of a package that can decide what it does."""
    if spec is None:
        return
    for folder in spec.submodule_search_locations or ():
        yield from (path for path in _regular_files(Path(folder)) if path.suffix in _SOURCE)
    if not spec.submodule_search_locations and spec.origin and Path(spec.origin).is_file():
        yield Path(spec.origin)
