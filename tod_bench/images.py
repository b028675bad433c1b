"""Pictures of users: where a corpus has those that its personas name.

A persona names its picture by a path (`Persona.image`). What lies there is a file of a folder, or is drawn when it is
asked for, as the portraits of the embedded corpus are (`tod_bench.simulated.portraits`).
"""

import base64
import io
import mimetypes
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path

from tod_bench.digests import digest_within
from tod_bench.errors import UserError


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

    def origin(self, name: str) -> str:
        """What a picture comes from: a model that learned one of an origin has seen too much of the others.

        A file is an origin of its own; pictures that a generator drew under one seed have the same.

        Args:
            name: The picture, as `Persona.image` names it.
        """
        return name

    def data_url(self, name: str) -> str:
        """The picture's own bytes as a data URL, of the type that its name says.

        Args:
            name: The picture, as `Persona.image` names it.

        Raises:
            UserError: There is no such picture.
        """
        kind = _type_of(name) or "application/octet-stream"
        return f"data:{kind};base64,{base64.b64encode(self.data(name)).decode()}"

    def scaled_url(self, name: str, side: int) -> str:
        """The picture as a data URL: turned upright, scaled down, and written anew.

        The type of a data URL must be that of its bytes; PNG files that are announced as JPEG are turned down by some
        servers. Pictures are therefore written as PNG where there is transparency or a palette, else as JPEG.

        Args:
            name: The picture, as `Persona.image` names it, in any format that Pillow reads.
            side: Longest side in pixels; smaller pictures are left at their size.

        Raises:
            ImportError: Pillow is not installed.
            UserError: There is no such picture, or it cannot be read.
        """
        from PIL import Image, ImageOps

        try:
            with Image.open(io.BytesIO(self.data(name))) as opened:
                picture = ImageOps.exif_transpose(opened)
                kind = "PNG" if "A" in picture.getbands() or picture.mode == "P" else "JPEG"
                picture = picture.convert("RGBA" if kind == "PNG" else "RGB")
                picture.thumbnail((side, side))
                written = io.BytesIO()
                picture.save(written, kind)
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise UserError(f"the picture {name} cannot be read: {error}") from None
        return f"data:image/{kind.lower()};base64,{base64.b64encode(written.getvalue()).decode()}"


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
        """Hex digest of the pictures' names and content; content that was read before is known by size and times.

        Raises:
            DataError: A picture cannot be read.
        """
        found = self._folder.rglob("*")
        return digest_within(self._folder, (path for path in found if _is_picture(path.name) and path.is_file()))

    def data(self, name: str) -> bytes:
        """The file's bytes."""
        return self.path(name).read_bytes()

    def path(self, name: str) -> Path:
        """The file itself."""
        # What is elsewhere is not in the fingerprint, and a corpus could have any file of the machine sent to a server.
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise UserError(f"images: the corpus names the picture {name!r}, which is not in the folder {self._folder}")
        path = self._folder / name
        if not name or not _is_picture(name) or not path.is_file():
            raise UserError(f"images: {path} is no picture, and the corpus names it")
        return path


def has_pictures(folder: Path) -> bool:
    """Whether there is a folder with a picture anywhere in it; reading stops at the first."""
    files = folder.rglob("*") if folder.is_dir() else iter(())
    return any(_is_picture(path.name) and path.is_file() for path in files)


def _is_picture(name: str) -> bool:
    return _type_of(name).startswith("image/")


def _type_of(name: str) -> str:
    """The media type that a file's name says; empty where it says none."""
    # Where the system has no list of types, Python before 3.13 knows WebP only among those that are not strict.
    return mimetypes.guess_type(name, strict=False)[0] or ""
