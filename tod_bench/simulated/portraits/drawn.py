"""The pictures of the embedded corpus: drawn from their names when they are asked for."""

import io
import re
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from tod_bench.errors import UserError
from tod_bench.files import cache_home, digest_of, digest_of_files, write_bytes
from tod_bench.images import Images
from tod_bench.simulated.personas import draw_persona
from tod_bench.simulated.phrase_tables import phrase_table
from tod_bench.simulated.portraits.drawing import VERSION, portrait

_NAME: Final = re.compile(r"(?P<seed>0|-?[1-9]\d*)/(?P<split>train|dev|test)/(?P<index>\d{5}|[1-9]\d{5,})\.png", re.A)


def image_name(seed: int, split: str, index: int) -> str:
    """Name of the picture of a dialogue's user; it says whose picture it is, and nothing about them."""
    return f"{seed}/{split}/{index:05}.png"


class DrawnPortraits(Images):
    """Portraits of the embedded corpus's users.

    Nothing needs to be there: a name says of which corpus and dialogue the user is, and who that is follows from it.

    Args:
        side: Width and height in pixels, 16 to 1,024.
    """

    def __init__(self, side: int = 64) -> None:
        self._side = side

    @property
    def fingerprint(self) -> str:
        """Hex digest of the drawing's version, of the size, and of how the users are drawn."""
        return digest_of(["portraits", VERSION, self._side, _users()])

    def origin(self, name: str) -> str:
        """The seed of the corpus: its users are of one population, whatever their split."""
        return f"seed {name.partition('/')[0]}"

    def data(self, name: str) -> bytes:
        """A portrait as the bytes of a PNG file; the same name gives the same bytes.

        Raises:
            UserError: No user of the embedded corpus has a picture of this name, or Pillow is not installed.
        """
        parts = _NAME.fullmatch(name)
        if parts is None:
            raise UserError(
                f"{name!r} is no portrait of the embedded corpus; its names are like {image_name(1, 'train', 0)!r}: "
                "the corpus's seed, train, dev or test, and the number of the dialogue"
            )
        persona = draw_persona(Random(f"{parts['seed']}/{parts['split']}/{int(parts['index'])}"), name)
        written = io.BytesIO()
        portrait(persona, name, self._side).save(written, "PNG")
        return written.getvalue()

    def path(self, name: str) -> Path:
        """A file that holds the portrait, in the cache; it is written when it is first asked for.

        Raises:
            UserError: As `data`; or the cache cannot be written.
        """
        drawn = cache_home() / "portraits" / self.fingerprint[:16] / name
        if _NAME.fullmatch(name) is None or not drawn.is_file():
            write_bytes(drawn, self.data(name))
        return drawn


@cache
def _users() -> str:
    """Digest of what decides who the user of a name is: their attributes, and the words of their impressions."""
    code = digest_of_files(Path(__file__).parents[1] / name for name in ("personas.py", "draws.py"))
    return digest_of([code, phrase_table("portraits")])
