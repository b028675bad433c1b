"""Styles of series in plots, by name: colour first, then marker, dash or hatching."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

COLOURS, VARIANTS = 8, 4
"""Colours that a stylesheet has, and the variants (marker and dash of a line, hatching of a bar) of each colour."""


@dataclass(frozen=True, slots=True)
class Style:
    """What tells a series from others.

    Attributes:
        colour: Number of its colour, 0 to `COLOURS` - 1.
        variant: Number of its variant, 0 (solid) to `VARIANTS` - 1.
    """

    colour: int
    variant: int = 0

    @property
    def shape(self) -> int:
        """Number of its marker: the variants of a colour have different ones."""
        return (self.colour + self.variant) % COLOURS


Styles = Mapping[str, Style]
"""Name -> style."""


def styles_of(names: Iterable[str]) -> dict[str, Style]:
    """A style for each name, which depends on the set of names alone, not on their order.

    Each name prefers a colour of its own, and takes the next free one where another name has it. So a system looks the
    same in every plot of a page, and mostly on every page. No two names share a colour while there are colours enough,
    nor a colour and a variant while there are enough of these.
    """
    styles: dict[str, Style] = {}
    for name in sorted(set(names)):
        variant, taken = divmod(len(styles), COLOURS)
        used = {style.colour for style in styles.values() if style.variant == variant % VARIANTS} if taken else set()
        preferred = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:4]) % COLOURS
        free = (preferred + step for step in range(COLOURS))
        colour = next((number % COLOURS for number in free if number % COLOURS not in used), preferred)
        styles[name] = Style(colour, variant % VARIANTS)
    return styles
