"""Pictures, from the bytes that a corpus has to what a vision model is given."""

from io import BytesIO
from typing import TYPE_CHECKING

from tod_bench.errors import UserError
from tod_bench.images import Images

if TYPE_CHECKING:
    from PIL.Image import Image


def open_picture(name: str, images: Images) -> "Image":
    """A picture in RGB.

    Args:
        name: The picture, as `Persona.image` names it.
        images: The pictures of the corpus.

    Raises:
        UserError: There is no such picture, or its bytes cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(images.data(name))) as picture:
            return picture.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise UserError(f"pictor: the picture {name} cannot be read ({str(error).partition(chr(10))[0]})") from None
