"""Pictures of users, for models that see."""

from functools import lru_cache

from tod_bench.errors import UserError
from tod_bench.images import Images
from tod_bench.llm.records import ImagePart


class Pictures:
    """The pictures of users as parts of messages, each read when it is asked for.

    Args:
        images: Where they are, by the names that the corpus gives.
    """

    def __init__(self, images: Images) -> None:
        self._images = images
        self.part = lru_cache(maxsize=64)(self._part)

    def _part(self, name: str) -> ImagePart:
        """A picture as it is.

        Raises:
            UserError: There is no such picture.
        """
        try:
            return ImagePart(self._images.data_url(name))
        except UserError as error:
            raise UserError(f"{error}; leave `images` out, or add it") from None
