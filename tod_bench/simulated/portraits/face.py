"""Eyes, brows and mouth: what a face says, by the phrase that the impression has for it."""

from collections.abc import Mapping
from random import Random
from typing import Final, Literal, NamedTuple

from tod_bench.simulated.draws import between, chance
from tod_bench.simulated.portraits.canvas import Canvas, Colour, Ellipse, Point, arc
from tod_bench.simulated.portraits.colours import mixed, near, shaded
from tod_bench.simulated.portraits.head import draw_blush
from tod_bench.simulated.portraits.look import Look

_WHITE: Final = (246, 246, 242)
_INK: Final = (36, 28, 28)
_LIPS: Final = (184, 66, 78)
_IRISES: Final = ((70, 46, 30), (60, 40, 30), (86, 116, 150), (84, 120, 84), (110, 84, 50))


class Expression(NamedTuple):
    """What a face says; 0 is at rest throughout.

    Attributes:
        mouth: Whether the lips are closed, show teeth or are open, or are pulled to a side.
        bend: How far the corners of the mouth go up (or, below 0, down), as a share of its width.
        breadth: How wide the mouth is, 1 being usual.
        eyes: How far the eyes are open, 1 being usual; 0 is shut, as in laughing.
        inner: How far the inner ends of the brows are up, in radii of an eye.
        outer: How far their outer ends are.
        uneven: How much one brow is lower than the other.
        gaze: Where the eyes look, to the side and down, in radii of an eye; None where it is left to chance.
        bags: Whether there are lines below the eyes.
        crease: Whether there are lines between the brows.
        blush: Whether the cheeks glow.
    """

    mouth: Literal["closed", "teeth", "open", "pulled"] = "closed"
    bend: float = 0.0
    breadth: float = 1.0
    eyes: float = 1.0
    inner: float = 0.0
    outer: float = 0.0
    uneven: float = 0.0
    gaze: tuple[float, float] | None = None
    bags: bool = False
    crease: bool = False
    blush: bool = False


EXPRESSIONS: Final[Mapping[str, Expression]] = {
    "smiling broadly": Expression("teeth", bend=0.3, breadth=1.2, inner=0.1, outer=0.15),
    "laughing at something": Expression("open", bend=0.42, breadth=1.1, eyes=0, inner=0.3, outer=0.3),
    "with a bright and open face": Expression(bend=0.22, eyes=1.2, inner=0.65, outer=0.6, gaze=(0, 0)),
    "who seems full of joy": Expression(bend=0.4, breadth=1.15, eyes=0, inner=0.2, outer=0.1, blush=True),
    "with a calm look": Expression(bend=0.05, eyes=0.85, gaze=(0, 0.15)),
    "looking straight ahead": Expression(bend=-0.01, eyes=1.08, gaze=(0, 0)),
    "who seems relaxed": Expression(bend=0.08, breadth=0.95, eyes=0.5, outer=-0.1),
    "with an even expression": Expression(breadth=0.68, inner=-0.15, outer=-0.1),
    "who looks rather tired": Expression(bend=-0.14, breadth=0.85, eyes=0.42, inner=0.3, outer=-0.3, bags=True),
    "with a worried frown": Expression(bend=-0.27, breadth=0.9, inner=0.7, outer=-0.5, crease=True),
    "who seems a little sad": Expression(bend=-0.32, breadth=1.0, eyes=0.8, inner=0.45, outer=-0.3, gaze=(0, 0.4)),
    "looking out of sorts": Expression("pulled", bend=-0.2, eyes=0.75, inner=-0.5, outer=0.15, uneven=0.5),
}
"""Phrase of ``phrases/portraits.yaml`` -> the expression."""


def draw_face(canvas: Canvas, look: Look, rng: Random) -> None:
    """Draws what the face says; no two faces say it in quite the same way."""
    expression = _varied(EXPRESSIONS[look.face], rng)
    if expression.blush:
        draw_blush(canvas, look, 36)
    lashes = chance(rng, _LASHES[look.age] if look.gender == "female" else 0.06)
    iris = near(rng, _IRISES[int(rng.random() * len(_IRISES))], 10)
    for side in (-1, 1):
        eye = eye_of(look, side)
        if expression.bags:
            below = Ellipse(eye.x, eye.y + eye.down * 0.5, eye.across * 0.95, eye.down * 1.05)
            canvas.line(arc(below, reach=6), shaded(look.skin, 70), 4)
        _draw_eye(canvas, look, eye, expression, iris)
        if lashes:
            _draw_lashes(canvas, eye, side, 0.2 if expression.eyes == 0 else expression.eyes)
        _draw_brow(canvas, look, eye, side, expression)
    if expression.crease:
        x, y = look.build.head.at(look.turn, look.build.eyes - 0.24)
        for side in (-4, 4):
            canvas.line([(x + side, y - 6), (x + side * 0.7, y + 6)], shaded(look.skin, 66), 3)
    _draw_mouth(canvas, look, expression, rng)


_LASHES: Final = {"toddler": 0.35, "child": 0.55, "teenager": 0.8, "adult": 0.8, "senior": 0.65}
"""Share of women and girls whose lashes are drawn."""


def _varied(usual: Expression, rng: Random) -> Expression:
    gaze = usual.gaze or (between(rng, -0.35, 0.35), between(rng, -0.15, 0.15))
    return usual._replace(
        bend=usual.bend + between(rng, -0.06, 0.06),
        breadth=usual.breadth * between(rng, 0.88, 1.12),
        eyes=usual.eyes * between(rng, 0.9, 1.1),
        inner=usual.inner + between(rng, -0.2, 0.2),
        outer=usual.outer + between(rng, -0.2, 0.2),
        uneven=usual.uneven * (1 if chance(rng, 0.5) else -1),
        gaze=gaze,
    )


def eye_of(look: Look, side: int) -> Ellipse:
    """An eye; `side` is -1 for the one on the left of the picture and 1 for the other."""
    head = look.build.head
    x, y = head.at(side * 0.41 + look.turn, look.build.eyes)
    radius = head.across * look.build.eye
    return Ellipse(x, y, radius * 1.2, radius)


def _draw_eye(canvas: Canvas, look: Look, eye: Ellipse, expression: Expression, iris: Colour) -> None:
    lid = shaded(look.skin, 52)
    if expression.eyes == 0:
        canvas.line(arc(Ellipse(eye.x, eye.y + eye.down * 0.3, eye.across, eye.down * 0.9), upper=True), _INK, 5)
        return
    wide = max(1.0, expression.eyes)
    white = Ellipse(eye.x, eye.y, eye.across * wide, eye.down * wide)
    canvas.ellipse(white, _WHITE)
    aside, below = expression.gaze or (0, 0)
    x, y = eye.x + aside * eye.across * 0.7, eye.y + below * eye.down * 0.7
    canvas.ellipse(Ellipse(x, y, eye.down * 0.72, eye.down * 0.72), iris)
    canvas.ellipse(Ellipse(x, y, eye.down * 0.4, eye.down * 0.4), _INK)
    canvas.ellipse(Ellipse(x - eye.down * 0.2, y - eye.down * 0.25, 2, 2), _WHITE)
    edge = white.y + white.down - 2 * eye.down * expression.eyes
    above = Ellipse(white.x, white.y, white.across + 2, white.down + 2)
    if edge > white.y - white.down:
        cover = [(px, min(py, edge)) for px, py in arc(above, upper=True)]
        canvas.polygon([*cover, (above.x - above.across, edge), (above.x + above.across, edge)], shaded(look.skin, 93))
        reach = white.across * (0.98 if edge > white.y - white.down * 0.6 else 0.75)
        canvas.line([(white.x - reach, edge), (white.x + reach, edge)], lid, 4)
    else:
        canvas.line(arc(white, upper=True, reach=7), lid, 4)


def _draw_lashes(canvas: Canvas, eye: Ellipse, side: int, opened: float) -> None:
    top = eye.y + eye.down * (1 - 2 * min(opened, 1.0))
    for across, lift in ((0.7, 0.55), (1.05, 0.3)):
        x = eye.x + side * across * eye.across
        canvas.line([(x, top + 3), (x + side * eye.across * 0.4, top - lift * eye.down)], _INK, 4)


def _draw_brow(canvas: Canvas, look: Look, eye: Ellipse, side: int, expression: Expression) -> None:
    male = look.gender == "male" and look.age not in ("toddler", "child")
    thickness = 9 if male else 5 if look.age in ("toddler", "child") else 6
    colour = mixed(shaded(look.hair, 70), look.skin, 12)
    y = eye.y - eye.down * (1.75 if look.age in ("toddler", "child") else 1.85) + expression.uneven * side * eye.down
    inner: Point = (eye.x - side * eye.across * 1.05, y - expression.inner * eye.down)
    outer: Point = (eye.x + side * eye.across * 1.15, y - expression.outer * eye.down)
    middle: Point = (eye.x + side * eye.across * 0.2, (inner[1] + outer[1]) / 2 - eye.down * 0.22)
    canvas.line([inner, middle, outer], colour, thickness)


def _draw_mouth(canvas: Canvas, look: Look, expression: Expression, rng: Random) -> None:
    head = look.build.head
    x, y = head.at(look.turn * 1.2, look.build.eyes * 0.75 + 0.58)
    half = head.across * (0.36 if look.age == "toddler" else 0.42) * expression.breadth
    painted = chance(rng, 0.6) and look.gender == "female" and look.age not in ("toddler", "child")
    lips = near(rng, _LIPS, 16) if painted else _natural_lips(look.skin)
    width = 9 if painted else 7
    drop = half * 2 * expression.bend
    match expression.mouth:
        case "open":
            canvas.polygon(arc(Ellipse(x, y - drop * 0.3, half, drop * 1.15)), (110, 32, 40))
            canvas.polygon(arc(Ellipse(x, y + drop * 0.42, half * 0.55, drop * 0.4)), (206, 96, 104))
            canvas.box(x - half * 0.84, y - drop * 0.3, x + half * 0.84, y - drop * 0.3 + 7, _WHITE)
        case "teeth":
            canvas.polygon(arc(Ellipse(x, y - drop * 0.45, half, drop * 1.15)), _WHITE)
            canvas.line(arc(Ellipse(x, y - drop * 0.45, half, drop * 1.15)), lips, width - 1)
            canvas.line([(x - half, y - drop * 0.45), (x + half, y - drop * 0.45)], lips, 4)
        case "pulled":
            side = 1 if expression.uneven > 0 else -1
            points = [(-0.9, 0.22), (-0.4, -0.14), (0.2, -0.12), (0.9, 0.42)]
            canvas.line([(x + side * across * half, y + down * half) for across, down in points], lips, width)
        case "closed":
            points = [(x + half * step / 4, y + drop * (0.5 - step * step / 16)) for step in range(-4, 5)]
            canvas.line(points, lips, width)


def _natural_lips(skin: Colour) -> Colour:
    """Darker than the skin; on dark skin lighter, or nobody would see them."""
    return mixed(skin, (200, 116, 114), 60) if sum(skin) < 330 else shaded(mixed(skin, (150, 40, 50), 34), 74)
