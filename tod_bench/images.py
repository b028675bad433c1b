"""Pictures of users: where a corpus has those that its personas name.

A persona names its picture by a path (`Persona.image`). What lies there is a file of a folder, or is drawn when it is
asked for, as the portraits of the embedded corpus are (`tod_bench.simulated.portraits`).
"""

import mimetypes
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.files import digest_of


class Images(ABC):
    """The pictures of a corpus."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Hex digest of everything that decides the pictures."""

    @abstractmethod
    def data(self, name: str) -> bytes:
        """The bytes of a picture as its file has them (PNG, JPEG, ...).

        Args:
            name: The picture, as `Persona.image` names it.

        Raises:
            UserError: There is no such picture.
        """

    @abstractmethod
    def path(self, name: str) -> Path:
        """A file that holds the picture; one that is drawn is written into the cache first.

        Args:
            name: The picture, as `Persona.image` names it.

        Raises:
            UserError: There is no such picture.
        """


class FolderImages(Images):
    """Pictures that lie as files in a folder.

    Args:
        folder: The folder that the names are relative to.

    Raises:
        UserError: There is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UserError(f"images: {folder} is no folder")
        self._folder = folder

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of the files' names and sizes."""
        files = sorted(path for path in self._folder.rglob("*") if path.is_file())
        return digest_of([[path.relative_to(self._folder).as_posix(), path.stat().st_size] for path in files])

    def data(self, name: str) -> bytes:
        """The file's bytes."""
        return self.path(name).read_bytes()

    def path(self, name: str) -> Path:
        """The file itself."""
        path = self._folder / name
        kind = mimetypes.guess_type(path.name)[0] or ""
        if not name or not kind.startswith("image/") or not path.is_file():
            raise UserError(f"images: {path} is no picture, and the corpus names it")
        return path
