"""Styles of series in plots, by name: colour first, then marker, dash and shade."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4d5561")
"""Okabe & Ito's colours, which colour-blind readers can tell apart; without yellow, too pale, and grey for black."""

COLOURS, VARIANTS = len(PALETTE), 4
"""How many colours there are, and how many variants (marker and dash of a line, shade of a bar) of each."""


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
        variant = len(styles) // COLOURS % VARIANTS
        taken = {style.colour for style in styles.values() if style.variant == variant}
        preferred = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:4]) % COLOURS
        candidates = [(preferred + step) % COLOURS for step in range(COLOURS)]
        colour = next((number for number in candidates if number not in taken), preferred)
        styles[name] = Style(colour, variant)
    return styles
