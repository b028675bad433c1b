"""Tower and base in the cache: made once for all rows, seeds and processes that ask for the same.

    CACHE/pictor/tower-DIGEST/    the tower, as transformers saves it, and record.json
    CACHE/pictor/base-DIGEST/     the base with its processor, and record.json
    CACHE/pictor/*.work/          what a training that was killed goes on from
    CACHE/pictor/*.lock           who makes one

A digest is of everything that decides the weights: settings, corpus, pictures, this code, and the harness's version. A
folder appears only when it is complete.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tod_baselines.pictor.material import Material, corpus_of, material_of
from tod_baselines.pictor.pretraining import Pretraining
from tod_baselines.training.devices import silence_logging
from tod_bench import __version__, linearize, tasks
from tod_bench.files import cache_home, digest_of, digest_of_files, full_disk_explained, replaced_folder, write_json
from tod_bench.progress import progress

HERE = Path(__file__).parent

TOWER_CODE = ("material.py", "pictures.py", "pretraining.py", "steps.py", "tower.py", "vision.py")
"""Modules that decide what a tower is."""

BASE_CODE = (
    *TOWER_CODE,
    *("base.py", "batches.py", "examples.py", "features.py", "forms.py", "prompting.py", "scratch.py", "seeing.py"),
    *("../training/llama.py", "../training/tokenizers.py"),
    *(linearize.__file__, tasks.__file__),
)
"""Modules that decide what a base is."""

TOWER_SETTINGS = ("corpus", "options", "portraits", "held_out", "side", "patch", "tower", "seed")
"""Settings of `Pretraining` that decide what a tower is, beside those named ``tower_``."""


@dataclass(frozen=True)
class Made:
    """What is made for some settings.

    Attributes:
        settings: How tower and base are trained.
        model: The name of the language model's size.
        dims: Entries of its config that differ from the size's.
        vocab_size: Pieces of the tokenizer.
    """

    settings: Pretraining
    model: str
    dims: Mapping[str, Any]
    vocab_size: int

    @cached_property
    def tower_digest(self) -> str:
        """Digest of everything that decides the tower.

        Raises:
            UserError: The corpus cannot be opened.
        """
        corpus = corpus_of(self.settings)
        assert corpus.images is not None
        asked = {
            name: value
            for name, value in self.settings.to_json().items()
            if name in TOWER_SETTINGS or name.startswith("tower_")
        }
        return digest_of([asked, corpus.fingerprint, corpus.images.fingerprint, _code(TOWER_CODE)])[:24]

    @cached_property
    def base_digest(self) -> str:
        """Digest of everything that decides the base.

        Raises:
            UserError: The corpus cannot be opened.
        """
        language = [self.model, dict(self.dims), self.vocab_size]
        return digest_of([self.tower_digest, self.settings.to_json(), language, _code(BASE_CODE)])[:24]

    def base(self) -> Path:
        """The folder of the base; tower and base are made where they are not there.

        Raises:
            UserError: The corpus does not have what is asked for, or the cache cannot be written.
        """
        return _made(f"base-{self.base_digest}", self._make_base)

    def tower(self) -> Path:
        """The folder of the tower, made where it is not there.

        Raises:
            UserError: As `base`.
        """
        return _made(f"tower-{self.tower_digest}", self._make_tower)

    @cached_property
    def _material(self) -> Material:
        return material_of(self.settings)

    def _make_tower(self, work: Path) -> tuple[list[Any], dict[str, Any]]:
        from tod_baselines.pictor.tower import train_tower

        tower, record = train_tower(self.settings, self._material, work)
        return [tower], record

    def _make_base(self, work: Path) -> tuple[list[Any], dict[str, Any]]:
        from tod_baselines.pictor.base import train_base
        from tod_baselines.pictor.vision import StemVisionModel

        place = self.tower()
        tower = StemVisionModel.from_pretrained(place)
        base, record = train_base(self.settings, self.model, self.dims, self.vocab_size, tower, self._material, work)
        return [base.network, base.processor], {"tower": record_of(place), "base": record}


def record_of(folder: Path) -> dict[str, Any]:
    """The record of a tower or base."""
    record: dict[str, Any] = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    return record


def _made(name: str, make: Callable[[Path], tuple[list[Any], dict[str, Any]]]) -> Path:
    """A folder of the cache, made under a lock where it is not there.

    Args:
        name: Its name.
        make: Makes what is saved there and the record, given a folder in which it goes on after a kill.
    """
    place = cache_home() / "pictor" / name
    if not (place / "record.json").exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with _locked(place.with_name(f"{name}.lock")), full_disk_explained(place.parent):
            if not (place / "record.json").exists():
                work = place.with_name(f"{name}.work")
                work.mkdir(exist_ok=True)
                silence_logging()
                parts, record = make(work)
                with replaced_folder(place) as draft:
                    for part in parts:
                        part.save_pretrained(draft)
                    write_json(draft / "record.json", record)
                shutil.rmtree(work, ignore_errors=True)
    return place


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Holds a lock; while another process has it, that is shown."""
    from filelock import FileLock, Timeout

    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        with progress("waiting for another process that trains tower and base", bar=False):
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _code(modules: tuple[str, ...]) -> str:
    return digest_of([__version__, digest_of_files(HERE / module for module in modules)])
