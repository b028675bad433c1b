"""The users' pictures in a page: small, each once, all together within a budget; what is not shown is counted."""

from collections import Counter
from collections.abc import Iterator

from tod_bench.errors import UserError, extra_needed
from tod_bench.images import Images

SIDE = 128
"""Longer side of a picture in a page, in pixels."""

BUDGET = 1_000_000
"""Characters of data URLs that the pictures of a page may take."""

_TOO_BIG = f"the pictures of a page may take {BUDGET // 1_000_000} MB"


class Portraits:
    """The pictures of a page, in the order in which they were asked for.

    Args:
        budget: Characters of data URLs that may be spent.

    Attributes:
        urls: A data URL each; two dialogues with the same picture share one.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self.urls: list[str] = []
        self._left = budget
        self._numbers: dict[str, int] = {}
        self._lost: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def number(self, images: Images, name: str) -> int | None:
        """The place of a picture among `urls`; None where it cannot be shown, which is counted.

        Args:
            images: The pictures of the corpus.
            name: The picture, as the persona names it.
        """
        try:
            with extra_needed("report", "a picture on a page"):
                url = images.scaled_url(name, SIDE)
        except UserError as error:
            self._count(str(error) if isinstance(error, ImportError) else "they cannot be read", str(error))
            return None
        if url not in self._numbers:
            if len(url) > self._left:
                self._count(_TOO_BIG, name)
                return None
            self._left -= len(url)
            self._numbers[url] = len(self.urls)
            self.urls.append(url)
        return self._numbers[url]

    def notes(self) -> Iterator[str]:
        """A sentence for each reason why pictures are not shown."""
        for reason, count in self._lost.items():
            first = f" (first: {self._first[reason]})" if self._first[reason] != reason else ""
            yield f"no pictures of the users of {count} dialogues: {reason}{first}"

    def _count(self, reason: str, what: str) -> None:
        self._lost[reason] += 1
        self._first.setdefault(reason, what)
