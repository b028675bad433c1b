"""Hair: how it is worn by whom, what hangs behind the head, and what lies over the forehead."""

from collections.abc import Mapping
from random import Random
from typing import Final, NamedTuple, TypeAlias

from tod_bench.simulated.draws import between, chance, pick, pick_weighted
from tod_bench.simulated.portraits.canvas import Canvas, Ellipse, Point, arc
from tod_bench.simulated.portraits.colours import mixed, shaded
from tod_bench.simulated.portraits.look import Look

_Shares: TypeAlias = tuple[tuple[str, float], ...]

STYLES: Final[Mapping[str, Mapping[str, _Shares]]] = {
    "female": {
        "toddler": (("wisps", 0.2), ("bunches", 0.4), ("bob", 0.2), ("curls", 0.12), ("short", 0.08)),
        "child": (("long", 0.34), ("bunches", 0.26), ("ponytail", 0.16), ("bob", 0.16), ("short", 0.08)),
        "teenager": (("long", 0.44), ("ponytail", 0.18), ("bob", 0.16), ("bun", 0.12), ("curls", 0.1)),
        "adult": (("long", 0.34), ("bob", 0.24), ("bun", 0.16), ("curls", 0.1), ("ponytail", 0.08), ("short", 0.08)),
        "senior": (("bob", 0.3), ("bun", 0.28), ("curls", 0.24), ("short", 0.12), ("long", 0.06)),
    },
    "male": {
        "toddler": (("wisps", 0.5), ("short", 0.35), ("curls", 0.1), ("bob", 0.05)),
        "child": (("short", 0.46), ("spikes", 0.26), ("mop", 0.22), ("curls", 0.06)),
        "teenager": (("spikes", 0.3), ("mop", 0.28), ("short", 0.28), ("curls", 0.08), ("long", 0.06)),
        "adult": (("short", 0.4), ("quiff", 0.28), ("bald", 0.12), ("receding", 0.1), ("curls", 0.06), ("long", 0.04)),
        "senior": (("receding", 0.34), ("bald", 0.32), ("short", 0.24), ("curls", 0.06), ("quiff", 0.04)),
    },
}
"""Ways to wear the hair, with the share of those who do, by gender and age."""

_SIDE: Final = ((1.0, 0.06), (0.9, -0.34), (0.45, -0.52), (-0.35, -0.78), (-0.85, -0.4), (-1.0, 0.06))
_FRINGE: Final = ((1.0, 0.1), (0.86, -0.22), (0.4, -0.32), (0.0, -0.34), (-0.4, -0.32), (-0.86, -0.22), (-1.0, 0.1))
_CENTRE: Final = ((1.0, 0.1), (0.88, -0.24), (0.5, -0.5), (0.04, -0.84), (-0.5, -0.5), (-0.88, -0.24), (-1.0, 0.1))
_HIGH: Final = ((1.0, -0.04), (0.9, -0.4), (0.5, -0.62), (0.0, -0.66), (-0.5, -0.62), (-0.9, -0.4), (-1.0, -0.04))
_FEW: Final = ((0.86, -0.44), (0.5, -0.74), (0.0, -0.8), (-0.5, -0.74), (-0.86, -0.44))
_BACK: Final = (
    *((1.0, 0.0), (0.93, -0.34), (0.64, -0.76), (0.3, -0.9), (0.0, -0.74)),
    *((-0.3, -0.9), (-0.64, -0.76), (-0.93, -0.34), (-1.0, 0.0)),
)
_JAGGED: Final = (
    *((1.0, 0.0), (0.86, -0.36), (0.64, -0.2), (0.44, -0.44), (0.2, -0.22), (0.0, -0.46)),
    *((-0.24, -0.22), (-0.46, -0.44), (-0.68, -0.2), (-0.86, -0.36), (-1.0, 0.0)),
)


class _Front(NamedTuple):
    """What is seen over the forehead.

    Attributes:
        lines: Where the hair may end, from the right ear to the left one, in half widths and heights of the head.
        volume: How far it stands off, as a share of the head's size.
    """

    lines: tuple[tuple[Point, ...], ...]
    volume: float


_FRONTS: Final = {
    "long": _Front((_SIDE, _FRINGE, _CENTRE), 1.12),
    "bob": _Front((_SIDE, _FRINGE, _CENTRE), 1.12),
    "bunches": _Front((_FRINGE, _CENTRE), 1.08),
    "ponytail": _Front((_HIGH, _FRINGE), 1.07),
    "bun": _Front((_HIGH, _CENTRE), 1.07),
    "curls": _Front((_HIGH,), 1.1),
    "short": _Front((_SIDE, _HIGH), 1.08),
    "mop": _Front((_JAGGED, _FRINGE), 1.14),
    "spikes": _Front((_HIGH, _JAGGED), 1.06),
    "quiff": _Front((_HIGH,), 1.08),
    "receding": _Front((_BACK,), 1.05),
    "wisps": _Front((_FEW,), 1.03),
}


class Hair(NamedTuple):
    """How somebody wears their hair.

    Attributes:
        style: The way, one of `STYLES`.
        line: Where it ends over the forehead; empty for the bald.
        volume: How far it stands off, as a share of the head's size.
        side: The side of a parting or of a ponytail, -1 or 1.
        length: How far it falls, as a share of half the head's height, below the middle of the head.
    """

    style: str
    line: tuple[Point, ...]
    volume: float
    side: int
    length: float


def hair_of(look: Look, rng: Random) -> Hair:
    """How somebody of a gender and an age may wear their hair."""
    style = pick_weighted(rng, STYLES[look.gender][look.age])
    front = _FRONTS.get(style)
    side = 1 if chance(rng, 0.5) else -1
    length = between(rng, 1.1, 1.75) if style == "long" else between(rng, 0.62, 0.88)
    line = pick(rng, front.lines) if front else ()
    volume = front.volume + between(rng, -0.02, 0.03) if front else 1.0
    return Hair(style, line, volume, side, length)


def draw_hair_behind(canvas: Canvas, look: Look, hair: Hair) -> None:
    """What is seen of the hair behind neck and shoulders."""
    head = look.build.head
    colour = shaded(look.hair, 84)
    match hair.style:
        case "long" | "bob":
            wide = head.across * (hair.volume + 0.08)
            bottom = head.y + head.down * hair.length
            canvas.box(-wide, head.y - head.down * 0.5, wide, bottom, colour, corner=wide * 0.5)
        case "bunches":
            for side in (-1, 1):
                x, y = head.at(side * 1.14, 0.1)
                canvas.ellipse(Ellipse(x, y, head.across * 0.3, head.down * 0.42), look.hair)
        case "ponytail":
            x, y = head.at(hair.side * 0.98, -0.1)
            tail = [(0, -0.75), (hair.side * 1.1, -0.7), (hair.side * 1.45, 0.1), (hair.side * 1.2, 0.95), (x / 72, 0)]
            canvas.polygon([head.at(across, down) for across, down in tail], colour)
        case "bun":
            x, y = head.at(0, -1.18)
            canvas.ellipse(Ellipse(x, y, head.across * 0.4, head.down * 0.3), look.hair)
        case "curls":
            halo = Ellipse(head.x, head.y - head.down * 0.12, head.across * 1.08, head.down * 0.98)
            for x, y in (*arc(halo, upper=True), *halo_sides(halo)):
                canvas.ellipse(Ellipse(x, y, head.across * 0.3, head.across * 0.3), look.hair)
        case _:
            pass


def halo_sides(halo: Ellipse) -> list[Point]:
    """Two points of an ellipse below its middle, one on each side."""
    return [halo.at(0.95, 0.32), halo.at(-0.95, 0.32)]


def draw_hair(canvas: Canvas, look: Look, hair: Hair, rng: Random) -> None:
    """What is seen of the hair before the face."""
    head = look.build.head
    match hair.style:
        case "bald":
            _draw_fringe_of_the_bald(canvas, look)
            return
        case "spikes":
            _draw_spikes(canvas, look, rng)
        case "quiff":
            points = [(0.86, -0.6), (0.7, -1.14), (0.1, -1.32), (-0.6, -1.2), (-0.9, -0.72), (0, -0.66)]
            canvas.polygon([head.at(hair.side * across, down) for across, down in points], look.hair)
    grown = Ellipse(head.x, head.y, head.across * hair.volume, head.down * hair.volume)
    line = [head.at(hair.side * across + look.turn * (1 - across * across), down) for across, down in hair.line]
    ends = (line[0], line[-1]) if line[0][0] > line[-1][0] else (line[-1], line[0])
    crown = arc(grown, upper=True)
    if hair.style == "wisps":
        crown = crown[2:-2]
    canvas.polygon([ends[0], *crown, *(reversed(line) if line[0] == ends[0] else line)], look.hair)
    if hair.style == "wisps":
        x, y = head.at(0.05 * hair.side, -1.06)
        canvas.line(arc(Ellipse(x + 6 * hair.side, y, 9, 11), upper=True), look.hair, 6)
    if hair.style in ("long", "bob"):
        _draw_locks(canvas, look, hair)
    if hair.style == "curls":
        _draw_curls(canvas, look)
    if chance(rng, 0.5):
        shine = Ellipse(head.x - head.across * 0.2, head.y - head.down * 0.3, head.across * 0.62, head.down * 0.62)
        canvas.line(arc(shine, upper=True, reach=3), mixed(look.hair, (255, 255, 255), 16), 5)


def _draw_fringe_of_the_bald(canvas: Canvas, look: Look) -> None:
    head = look.build.head
    for side in (-1, 1):
        points = [(0.8, -0.46), (0.98, -0.42), (1.08, -0.1), (1.04, 0.12), (0.94, 0.04), (0.9, -0.2)]
        canvas.polygon([head.at(side * across, down) for across, down in points], look.hair)


def _draw_spikes(canvas: Canvas, look: Look, rng: Random) -> None:
    head = look.build.head
    for across in (-0.72, -0.36, 0, 0.36, 0.72):
        top = -1.3 + 0.36 * across * across + between(rng, -0.06, 0.06)
        points = [(across - 0.24, -0.66), (across + between(rng, -0.12, 0.12), top), (across + 0.24, -0.66)]
        canvas.polygon([head.at(x, y) for x, y in points], look.hair)


def _draw_locks(canvas: Canvas, look: Look, hair: Hair) -> None:
    """What falls before the ears on both sides."""
    head = look.build.head
    end = min(hair.length, 0.95)
    for side in (-1, 1):
        points = [(0.98, -0.3), (hair.volume, -0.1), (hair.volume + 0.07, end), (0.98, end), (0.9, 0.2)]
        canvas.polygon([head.at(side * across, down) for across, down in points], look.hair)


def _draw_curls(canvas: Canvas, look: Look) -> None:
    head = look.build.head
    brow = Ellipse(head.x, head.y - head.down * 0.1, head.across * 0.86, head.down * 0.7)
    for x, y in arc(brow, upper=True, reach=7):
        canvas.ellipse(Ellipse(x, y, head.across * 0.2, head.across * 0.2), look.hair)


def draw_beard(canvas: Canvas, look: Look, rng: Random) -> None:
    """What some men let grow, drawn before the mouth."""
    kind = pick_weighted(rng, (("beard", 0.26), ("stubble", 0.2), ("moustache", 0.12), ("none", 0.42)))
    if look.gender != "male" or not look.grown:
        return
    head, eyes = look.build.head, look.build.eyes
    lip = eyes + 0.44
    if kind in ("beard", "stubble"):
        colour = look.hair if kind == "beard" else mixed(look.skin, look.hair, 26)
        jaw = [head.at(x * (1 + look.build.jaw * y * (1 - x * x)), y) for x, y in _CHIN]
        inner = [(-0.62, eyes + 0.34), (-0.3, lip - 0.02), (0, lip - 0.05), (0.3, lip - 0.02), (0.62, eyes + 0.34)]
        canvas.polygon([*jaw, *(head.at(x + look.turn, y) for x, y in inner)], colour)
    elif kind == "moustache":
        points = [(-0.34, lip + 0.06), (-0.1, lip - 0.07), (0.1, lip - 0.07), (0.34, lip + 0.06), (0, lip + 0.04)]
        canvas.polygon([head.at(x + look.turn * 1.2, y) for x, y in points], look.hair)


_CHIN: Final = (
    *((0.98, 0.16), (0.92, 0.38), (0.83, 0.56), (0.71, 0.71), (0.56, 0.83), (0.38, 0.93), (0.2, 0.98), (0.0, 1.01)),
    *((-0.2, 0.98), (-0.38, 0.93), (-0.56, 0.83), (-0.71, 0.71), (-0.83, 0.56), (-0.92, 0.38), (-0.98, 0.16)),
)
"""The lower edge of the head, from ear to ear."""
