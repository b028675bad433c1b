"""What the tests of stores share: a small run, the moments at which it writes, and what a store holds."""

import json
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tod_bench import digests

FLOORS: dict[str, Any] = {
    "name": "floors",
    "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 6, "dev": 2, "test": 4}}}},
    "systems": {"majority": {"system": "majority"}, "oracle": {"system": "oracle"}},
    "tasks": {"dst": {"metrics": ["jga"]}, "policy": {"metrics": ["act_f1"]}},
    "bootstrap": {"draws": 20},
}
"""Four cells: of a system that is trained and of one that is not, with predictions that depend on predictions."""

LONGER_FLOORS: dict[str, Any] = {
    **FLOORS,
    "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 40, "dev": 2, "test": 150}}}},
}
"""The same with so many dialogues that predicting and scoring take their time."""

TOD_BENCH = Path(sys.executable).with_name("tod-bench")
"""The command, as it is installed beside this Python."""


def content(store: Path) -> dict[str, Any]:
    """Path -> content of every file of a store but locks and tables, without dates and seconds."""
    return {
        str(path.relative_to(store)): _timeless(
            json.loads(path.read_text()) if path.suffix == ".json" else path.read_text()
        )
        for path in store.rglob("*")
        if path.is_file() and path.relative_to(store).parts[0] not in ("locks", "tables")
    }


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in ("date", "seconds")}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Lets no file of this process grow beyond `size` bytes inside of the block, as on a full disk."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


@contextmanager
def at_each_write(happen: Callable[[int], None]) -> Iterator[None]:
    """Calls `happen` with 0, 1, 2 ... before a file is flushed to the disk, and again before it takes its name.

    The memory of digests is not written meanwhile: whether it has anything new depends on what ran before.
    """
    numbers = count()

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            happen(next(numbers))
            return real(*arguments)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", watched(os.fsync))
        patch.setattr(Path, "replace", watched(Path.replace))
        patch.setattr(digests, "_remember", lambda *_: None)
        yield
