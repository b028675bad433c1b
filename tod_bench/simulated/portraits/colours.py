"""Colours of people, and what is done to a colour."""

from random import Random
from typing import Final

from tod_bench.simulated.draws import between, chance, pick
from tod_bench.simulated.portraits.canvas import Colour

_BLACK: Final = (34, 28, 28)
_DARK: Final = (66, 44, 30)
_BROWN: Final = (110, 72, 40)
_RED: Final = (158, 72, 36)
_FAIR: Final = (214, 176, 104)

COMPLEXIONS: Final[tuple[tuple[Colour, tuple[Colour, ...]], ...]] = (
    ((250, 218, 196), (_DARK, _BROWN, _RED, _FAIR)),
    ((238, 200, 170), (_BLACK, _DARK, _BROWN, _FAIR)),
    ((244, 206, 158), (_BLACK, _BLACK, _DARK)),
    ((214, 166, 124), (_BLACK, _DARK, _BROWN)),
    ((180, 126, 86), (_BLACK, _DARK, _BROWN)),
    ((140, 92, 60), (_BLACK, _BLACK, _DARK)),
    ((100, 66, 46), (_BLACK, _BLACK, _DARK)),
)
"""Skins, each with the colours that hair has by nature beside it."""

GREYS: Final[tuple[Colour, ...]] = ((232, 232, 230), (204, 204, 208), (176, 176, 182), (150, 148, 150))
DYES: Final[tuple[Colour, ...]] = ((210, 90, 150), (80, 130, 210), (70, 160, 140), (140, 90, 180), (200, 60, 60))
_DYED: Final = {"teenager": 0.14, "adult": 0.04}
_GREYED: Final = {"adult": 0.07, "senior": 0.88}
"""Shares whose hair is not as it was by nature, by age."""


def complexion(rng: Random, age: str) -> tuple[Colour, Colour]:
    """Skin and hair of somebody of an age."""
    skin, by_nature = pick(rng, COMPLEXIONS)
    hair, grey, dye = pick(rng, by_nature), pick(rng, GREYS), pick(rng, DYES)
    greyed, dyed = chance(rng, _GREYED.get(age, 0.0)), chance(rng, _DYED.get(age, 0.0))
    return near(rng, skin, 10), near(rng, grey if greyed else dye if dyed else hair, 12)


def any_colour(rng: Random) -> Colour:
    """Any colour that is neither black nor white."""
    return round(between(rng, 45, 235)), round(between(rng, 45, 235)), round(between(rng, 45, 235))


def near(rng: Random, colour: Colour, reach: int) -> Colour:
    """A colour close to another; each part is off by up to `reach`."""
    red, green, blue = (_bounded(part + round(between(rng, -reach, reach))) for part in colour)
    return red, green, blue


def shaded(colour: Colour, percent: int) -> Colour:
    """The colour with so much of its brightness; above 100 it is lighter."""
    red, green, blue = (_bounded(part * percent // 100) for part in colour)
    return red, green, blue


def mixed(colour: Colour, other: Colour, percent: int) -> Colour:
    """The colour with so much of another in it."""
    red, green, blue = (
        (part * (100 - percent) + new * percent) // 100 for part, new in zip(colour, other, strict=True)
    )
    return red, green, blue


def _bounded(part: int) -> int:
    return max(0, min(255, part))
