"""What takes long and is made once for all workers of a test run: a wheel, a model, a store of runs."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def shared_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder that all workers of a run share; who writes into it minds the others."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"shared-{name}"
    folder.mkdir(exist_ok=True)
    return folder


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker to ask fills while the others wait; nobody changes it afterwards."""
    parent = shared_folder(factory, name)
    with FileLock(parent / "lock"):
        if not (parent / "made").is_dir():
            # Of the lock's holder alone: whatever a worker that failed or was killed has left goes first.
            unfinished = parent / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(parent / "made")
    return parent / "made"
