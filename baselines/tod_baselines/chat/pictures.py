"""Pictures of users, for models that see."""

import base64
import mimetypes
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.llm.records import ImagePart


class Pictures(Mapping[str, ImagePart]):
    """The pictures in a folder, by the path that the corpus gives; each is read when it is asked for.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = lru_cache(maxsize=64)(self._part)

    def __getitem__(self, name: str) -> ImagePart:
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return (str(path.relative_to(self._folder)) for path in self._folder.rglob("*") if path.is_file())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _part(self, name: str) -> ImagePart:
        path = self._folder / name
        kind = mimetypes.guess_type(path.name)[0] or ""
        if not kind.startswith("image/") or not path.is_file():
            raise UserError(f"images: {path} is no picture, and the corpus names it; leave `images` out, or add it")
        return ImagePart(f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}")
