"""Classes that are found through entry points: corpora and systems, ours and other people's."""

import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeVar

from tod_bench.errors import UserError, did_you_mean

Base = TypeVar("Base")


def points_of(group: str) -> tuple[EntryPoint, ...]:
    """What is installed under a group of entry points.

    To look takes 20 ms among 200 distributions, so it is done again only where a folder of `sys.path` has changed.
    """
    return _installed(group, tuple((place, _changed_at(place)) for place in sys.path))


@lru_cache(maxsize=16)
def _installed(group: str, _places: tuple[tuple[str, int], ...]) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=group))


def _changed_at(place: str) -> int:
    try:
        return Path(place).stat().st_mtime_ns
    except OSError:
        return 0


def plugin_names(group: str) -> list[str]:
    """Names of everything installed under a group of entry points, sorted."""
    return sorted({point.name for point in points_of(group)})


def plugin_class(group: str, name: str, base: type[Base]) -> type[Base]:
    """An installed class, with the defaults of `base` where it does not extend it.

    Raises:
        UserError: Nothing of that name is installed.
    """
    for point in points_of(group):
        if point.name == name:
            return with_defaults(point.load(), base)
    plural = group.rpartition(".")[2]
    kind = {"corpora": "corpus", "systems": "system"}[plural]
    known = plugin_names(group)
    raise UserError(f"there is no {kind} {name!r}{did_you_mean(name, known)}; see `tod-bench list {plural}`")


def with_defaults(plain: type[Any], base: type[Base]) -> type[Base]:
    """A class as one of `base`: itself where it extends it, otherwise with everything of it that it lacks.

    Args:
        plain: The class, which need not extend anything.
        base: An abstract base class, whose properties that are not abstract are constants.
    """
    if issubclass(plain, base):
        return plain
    defaults = {
        name: value.fget(None) if isinstance(value, property) and value.fget else value
        for name, value in vars(base).items()
        if not (name.startswith("_") or hasattr(plain, name) or getattr(value, "__isabstractmethod__", False))
    }
    named = {name: getattr(plain, name) for name in ("__module__", "__qualname__", "__doc__")}
    extended = type(plain.__name__, (plain,), {**defaults, **named})
    base.register(extended)  # type: ignore[attr-defined]
    return extended
