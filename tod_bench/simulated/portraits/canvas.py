"""A surface to draw a person on, in units that do not depend on the size of the picture.

The middle of the picture is at x = 0, its top at y = 0, and 256 units are seen in both directions. There is a margin
around them, so that a picture can be turned and moved without showing an edge. Every coordinate is rounded to a whole
pixel before Pillow sees it, so that other machines draw the same.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

Point: TypeAlias = tuple[float, float]

SEEN: Final = 256
"""Units from one side of the picture to the other."""

MARGIN: Final = 32

HALF_TURN: Final = (
    *((1000, 0), (981, 195), (924, 383), (831, 556), (707, 707), (556, 831), (383, 924), (195, 981), (0, 1000)),
    *((-195, 981), (-383, 924), (-556, 831), (-707, 707), (-831, 556), (-924, 383), (-981, 195), (-1000, 0)),
)
"""Points of the half circle from the right over the bottom to the left, in thousandths of the radius."""


class Ellipse(NamedTuple):
    """An ellipse that stands upright.

    Attributes:
        x: Its middle.
        y: Its middle.
        across: Half its width.
        down: Half its height.
    """

    x: float
    y: float
    across: float
    down: float

    def at(self, across: float, down: float) -> Point:
        """The point that is so many half widths and half heights away from the middle."""
        return self.x + across * self.across, self.y + down * self.down


class Canvas:
    """The surface.

    Args:
        scale: Pixels a unit.
        fill: What it is painted with at first.
    """

    def __init__(self, scale: int, fill: Colour) -> None:
        from PIL import Image, ImageDraw

        self.scale = scale
        side = (SEEN + 2 * MARGIN) * scale
        self.image = Image.new("RGB", (side, side), fill)
        self._draw = ImageDraw.Draw(self.image)

    def _x(self, x: float) -> int:
        return round((x + SEEN / 2 + MARGIN) * self.scale)

    def _y(self, y: float) -> int:
        return round((y + MARGIN) * self.scale)

    def _box(self, shape: Ellipse) -> tuple[int, int, int, int]:
        left, right = self._x(shape.x - shape.across), self._x(shape.x + shape.across)
        top, bottom = self._y(shape.y - shape.down), self._y(shape.y + shape.down)
        return left, top, max(left, right), max(top, bottom)

    def ellipse(self, shape: Ellipse, fill: Colour) -> None:
        """Fills an ellipse."""
        self._draw.ellipse(self._box(shape), fill=fill)

    def ring(self, shape: Ellipse, colour: Colour, width: float) -> None:
        """Draws the outline of an ellipse, inside of it."""
        self._draw.ellipse(self._box(shape), outline=colour, width=max(1, round(width * self.scale)))

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour, corner: float = 0) -> None:
        """Fills a rectangle whose corners may be round; `corner` is their radius."""
        edges = (self._x(left), self._y(top), self._x(right), self._y(bottom))
        self._draw.rounded_rectangle(edges, radius=round(corner * self.scale), fill=fill)

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Fills a polygon."""
        self._draw.polygon([(self._x(x), self._y(y)) for x, y in points], fill=fill)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draws a line through points, with round ends and corners."""
        pixels = [(self._x(x), self._y(y)) for x, y in points]
        thickness = max(1, round(width * self.scale))
        self._draw.line(pixels, fill=colour, width=thickness)
        if thickness > 2:
            half = thickness // 2
            for x, y in pixels:
                self._draw.ellipse((x - half, y - half, x + half - 1, y + half - 1), fill=colour)


def arc(shape: Ellipse, *, upper: bool = False, reach: int = 8) -> list[Point]:
    """The points of the lower (or upper) half of an ellipse, from right to left.

    Args:
        shape: The ellipse.
        upper: Whether it is the upper half.
        reach: How many of the eight steps to either side of its middle are taken.
    """
    sign = -1 if upper else 1
    steps = HALF_TURN[8 - reach : 9 + reach]
    return [shape.at(across / 1000, sign * down / 1000) for across, down in steps]
