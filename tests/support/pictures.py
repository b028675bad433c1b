"""Pictures of users that tests make: one colour each, by its name."""

import hashlib
import io
from pathlib import Path

from PIL import Image

from tod_bench.errors import UserError
from tod_bench.images import Images


def painted(name: str, side: int = 64) -> bytes:
    """A PNG in a colour that the name decides."""
    written = io.BytesIO()
    Image.new("RGB", (side, side), tuple(hashlib.sha256(name.encode()).digest()[:3])).save(written, "PNG")
    return written.getvalue()


class Painted(Images):
    """A picture for every name, but for those that are lost.

    Args:
        folder: Where files are written that somebody asks for.
        lost: Names without a picture.
        side: Width and height in pixels.
    """

    def __init__(self, folder: Path | None = None, lost: frozenset[str] = frozenset(), side: int = 64) -> None:
        self.folder, self.lost, self.side = folder, lost, side
        self.asked: list[str] = []

    @property
    def fingerprint(self) -> str:
        return f"painted {self.side}"

    def data(self, name: str) -> bytes:
        self.asked.append(name)
        if name in self.lost:
            raise UserError(f"images: {name} is no picture, and the corpus names it")
        return painted(name, self.side)

    def path(self, name: str) -> Path:
        assert self.folder is not None
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.data(name))
        return path
