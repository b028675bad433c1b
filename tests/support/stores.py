"""What the tests of stores share: a small run, its events of writing, and a store's content without dates and times."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tod_bench.configs import EvalConfig

FLOORS: dict[str, Any] = {
    "name": "floors",
    "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 6, "dev": 2, "test": 4}}}},
    "systems": {"majority": {"system": "majority"}, "oracle": {"system": "oracle"}},
    "tasks": {"dst": {"metrics": ["jga"]}, "policy": {"metrics": ["act_f1"]}},
    "bootstrap": {"draws": 20},
}
"""A run of four cells: a system that is trained, one that is not, and predictions that depend on predictions."""


def floors(**changes: Any) -> EvalConfig:
    """The small run as a config."""
    return EvalConfig.model_validate({**FLOORS, **changes})


def content(store: Path) -> dict[str, Any]:
    """Every file of a store's work by its path, dates and seconds left out; what is not finished work is kept too."""
    files = [path for path in store.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(store)): _timeless(json.loads(path.read_text())) if path.suffix == ".json" else path.read_text()
        for path in files
        if path.relative_to(store).parts[0] not in ("locks", "tables")
    }


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in ("date", "seconds")}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


@contextmanager
def at_each_write(happen: Callable[[int], None]) -> Iterator[None]:
    """Calls `happen` with 0, 1, 2 ... just before each file is flushed to the disk and before each takes its name."""
    count = iter(range(10**6))
    sync, replace = "os.fsync", "pathlib.Path.replace"
    import os

    real = {sync: os.fsync, replace: Path.replace}

    def watched(name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            happen(next(count))
            return real[name](*arguments)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in real:
            patch.setattr(name, watched(name))
        yield
