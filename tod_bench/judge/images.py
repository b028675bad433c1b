"""Pictures for judges that see them: scaled down, turned upright, and typed by what they are.

The type of a data URL must be that of its bytes; PNG files that are announced as JPEG are turned down by some servers.
Pictures are therefore always decoded and written anew: PNG where there is transparency or a palette, else JPEG.
"""

import base64
import io
from functools import lru_cache
from pathlib import Path

from tod_bench.errors import UserError, extra_needed


@lru_cache(maxsize=64)
def image_url(path: Path, side: int) -> str:
    """A picture as a data URL.

    Args:
        path: The picture, in any format that Pillow reads.
        side: Longest side in pixels; smaller pictures are left at their size.

    Raises:
        UserError: There is no such picture, or it cannot be read; or Pillow is not installed.
    """
    with extra_needed("judge", "a judge that sees images"):
        from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            kind = "PNG" if "A" in picture.getbands() or picture.mode == "P" else "JPEG"
            picture = picture.convert("RGBA" if kind == "PNG" else "RGB")
            picture.thumbnail((side, side))
            written = io.BytesIO()
            picture.save(written, kind)
    except FileNotFoundError:
        raise UserError(f"there is no picture {path}; leave out judge.images to judge by the impression") from None
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"the picture {path} cannot be read: {error}") from None
    return f"data:image/{kind.lower()};base64,{base64.b64encode(written.getvalue()).decode()}"
