"""Neck, head, ears and nose, and the lines that years leave."""

from random import Random
from typing import Final

from tod_bench.simulated.draws import chance
from tod_bench.simulated.portraits.canvas import HALF_TURN, Canvas, Ellipse, Point, arc
from tod_bench.simulated.portraits.colours import mixed, shaded
from tod_bench.simulated.portraits.look import Look

_ROSY: Final = (236, 92, 96)
_ROSY_CHEEKS: Final = {"toddler": 0.55, "child": 0.35}


def draw_neck(canvas: Canvas, look: Look) -> None:
    """The neck, in the shadow of the chin."""
    head = look.build.head
    half = head.across * look.build.neck
    bottom = head.y + head.down
    canvas.box(-half, bottom - 26, half, bottom + 26, shaded(look.skin, 84))


def draw_head(canvas: Canvas, look: Look, rng: Random) -> None:
    """Ears, the face's outline and nose, and cheeks."""
    head = look.build.head
    for side in (-1, 1):
        x, y = head.at(side * (0.99 - 0.05 * side * look.turn), look.build.eyes + 0.08)
        size = 0.19 if look.age == "senior" else 0.16
        ear = Ellipse(x, y, head.across * size, head.down * size * 1.15)
        canvas.ellipse(ear, shaded(look.skin, 90))
        canvas.ellipse(Ellipse(x, y, ear.across * 0.5, ear.down * 0.55), shaded(look.skin, 78))
    canvas.polygon(outline(look), look.skin)
    if chance(rng, _ROSY_CHEEKS.get(look.age, 0.08)):
        draw_blush(canvas, look, 30)
    if chance(rng, 0.1):
        _draw_freckles(canvas, look)
    _draw_nose(canvas, look)


def outline(look: Look) -> list[Point]:
    """The outline of the head: round above, and below as square or pointed as the jaw is."""
    head = look.build.head
    lower = []
    for across, down in HALF_TURN:
        x, y = across / 1000, down / 1000
        lower.append(head.at(x * (1 + look.build.jaw * y * (1 - x * x)), y))
    return [*lower, *reversed(arc(head, upper=True))]


def draw_blush(canvas: Canvas, look: Look, percent: int) -> None:
    """Rosy cheeks; `percent` is how rosy."""
    head = look.build.head
    for side in (-1, 1):
        x, y = head.at(side * 0.6 + look.turn * 0.6, look.build.eyes + 0.33)
        canvas.ellipse(Ellipse(x, y, head.across * 0.2, head.down * 0.12), mixed(look.skin, _ROSY, percent))


def _draw_freckles(canvas: Canvas, look: Look) -> None:
    head = look.build.head
    for side in (-1, 1):
        for across, down in ((0.42, 0.25), (0.55, 0.3), (0.67, 0.24), (0.5, 0.38)):
            x, y = head.at(side * across + look.turn * 0.6, look.build.eyes + down)
            canvas.ellipse(Ellipse(x, y, 2, 2), shaded(look.skin, 76))


def _draw_nose(canvas: Canvas, look: Look) -> None:
    head = look.build.head
    length = {"toddler": 0.14, "child": 0.18, "teenager": 0.24, "adult": 0.3, "senior": 0.33}[look.age]
    x, y = head.at(look.turn * 1.4, look.build.eyes + 0.08 + length)
    half = head.across * (0.1 + 0.12 * length)
    canvas.line(arc(Ellipse(x, y - half * 0.7, half, half * 0.8), reach=7), shaded(look.skin, 66), 4)
    if look.age not in ("toddler", "child"):
        bridge = 1 if look.turn >= 0 else -1
        top = (x + bridge * half * 0.6, y - head.down * length * 0.8)
        canvas.line([top, (x + bridge * half * 0.8, y - half)], shaded(look.skin, 82), 3)


def draw_years(canvas: Canvas, look: Look, rng: Random) -> None:
    """Wrinkles of a senior, and the first ones of some adults."""
    head, eyes = look.build.head, look.build.eyes
    senior = look.age == "senior"
    crease = shaded(look.skin, 72 if senior else 82)
    if chance(rng, 0.85 if senior else 0.12 if look.age == "adult" else 0):
        for side in (-1, 1):
            start, end = (side * 0.33 + look.turn, eyes + 0.36), (side * 0.52 + look.turn, eyes + 0.66)
            middle = (side * 0.47 + look.turn, eyes + 0.5)
            canvas.line([head.at(*start), head.at(*middle), head.at(*end)], crease, 4)
    if chance(rng, 0.75 if senior else 0.08 if look.age == "adult" else 0):
        for down in (0.42, 0.56):
            ends = (-0.36 + look.turn, eyes - down), (0.36 + look.turn, eyes - down)
            canvas.line([head.at(*ends[0]), head.at(look.turn, eyes - down - 0.03), head.at(*ends[1])], crease, 3)
    if chance(rng, 0.7 if senior else 0):
        for side in (-1, 1):
            for slope in (-0.07, 0.05):
                inner, outer = (side * 0.68 + look.turn, eyes), (side * 0.84 + look.turn * 0.6, eyes + slope)
                canvas.line([head.at(*inner), head.at(*outer)], crease, 3)
