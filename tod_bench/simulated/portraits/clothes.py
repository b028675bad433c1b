"""Clothes, by the phrase that the impression has for them; each can look several ways."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final, NamedTuple, TypeAlias

from tod_bench.simulated.draws import chance, pick, pick_weighted
from tod_bench.simulated.portraits.canvas import MARGIN, SEEN, Canvas, Colour, Ellipse, arc
from tod_bench.simulated.portraits.colours import any_colour, near, shaded
from tod_bench.simulated.portraits.look import Look

_BOTTOM: Final = SEEN + MARGIN
_SUITS: Final = ((44, 50, 74), (70, 70, 78), (34, 34, 40), (92, 80, 66))
_BLAZERS: Final = ((38, 58, 104), (112, 40, 52), (46, 84, 70), (140, 122, 100), (84, 84, 96))
_SHIRTS: Final = ((238, 238, 242), (196, 214, 236), (240, 220, 226), (226, 230, 214))
_RAINWEAR: Final = (
    (232, 196, 52),
    (220, 96, 48),
    (60, 142, 170),
    (92, 156, 84),
    (52, 66, 86),
    (60, 58, 60),
    (84, 60, 66),
    (56, 80, 66),
)
_DARK: Final = ((46, 44, 50), (48, 56, 74), (66, 56, 52))
_GOLD: Final = (218, 184, 96)


class Torso(NamedTuple):
    """What clothes hang on, in units of the canvas.

    Attributes:
        neck: Half the width of the neck.
        top: Where neck and shoulders meet.
        shoulders: Half the width of the shoulders.
        skin: Colour of the skin.
    """

    neck: float
    top: float
    shoulders: float
    skin: Colour

    def fill(self, canvas: Canvas, colour: Colour) -> None:
        """Shoulders and chest in one colour."""
        half = [(0.0, 0.0), (0.22, 0.08), (0.62, 0.2), (0.86, 0.34), (0.97, 0.56), (1.0, 0.9)]
        right = [(self.neck + across * (self.shoulders - self.neck), self.top + down * 58) for across, down in half]
        bottom = [(self.shoulders * 1.03, _BOTTOM), (-self.shoulders * 1.03, _BOTTOM)]
        canvas.polygon([*right, *bottom, *((-x, y) for x, y in reversed(right))], colour)

    def opening(self, canvas: Canvas, width: float, depth: float, colour: Colour) -> None:
        """What is seen in the opening of a jacket, or of the skin below a neckline: a triangle with its tip down."""
        across = self.neck * width
        canvas.polygon([(-across, self.top - 3), (across, self.top - 3), (0, self.top + depth)], colour)

    def lapels(self, canvas: Canvas, width: float, depth: float, colour: Colour) -> None:
        """The turned down edges of a jacket, from the neck to where it closes."""
        for side in (-1, 1):
            near_neck, outer = side * self.neck * width, side * (self.neck * width + 20)
            notch = (outer, self.top + depth * 0.45)
            points = [
                (near_neck, self.top - 4),
                (outer, self.top + 10),
                notch,
                (0, self.top + depth),
                (0, self.top + depth),
            ]
            canvas.polygon(points, colour)

    def collar(self, canvas: Canvas, colour: Colour) -> None:
        """The two points of a shirt's collar."""
        for side in (-1, 1):
            points = [
                (side * self.neck * 1.1, self.top - 8),
                (0, self.top + 10),
                (side * self.neck * 0.62, self.top + 26),
            ]
            canvas.polygon(points, colour)

    def seam(self, canvas: Canvas, start: float, colour: Colour, width: float) -> None:
        """A line down the middle, from so far below the neck."""
        canvas.line([(0, self.top + start), (0, _BOTTOM)], colour, width)

    def buttons(self, canvas: Canvas, start: float, colour: Colour, aside: float = 0) -> None:
        """Buttons down the front, beside the middle or on it."""
        for step in range(4):
            canvas.ellipse(Ellipse(aside, self.top + start + 26 * step, 4.5, 4.5), colour)

    def neckline(self, canvas: Canvas, depth: float, colour: Colour, width: float) -> None:
        """A round edge below the neck."""
        canvas.line(arc(Ellipse(0, self.top - 4, self.neck * 1.12, depth)), colour, width)


def draw_clothes(canvas: Canvas, look: Look, rng: Random) -> None:
    """Draws what somebody wears; the neck is drawn before."""
    head = look.build.head
    torso = Torso(head.across * look.build.neck, head.y + head.down + 8, look.build.shoulders, look.skin)
    CLOTHES[look.clothes](canvas, torso, rng)


def _tie(canvas: Canvas, torso: Torso, rng: Random, depth: float) -> None:
    colour = any_colour(rng)
    top = torso.top + 6
    canvas.polygon([(-7, top), (7, top), (5, top + 12), (-5, top + 12)], shaded(colour, 84))
    canvas.polygon(
        [(-5, top + 12), (5, top + 12), (9, top + depth - 12), (0, top + depth), (-9, top + depth - 12)], colour
    )


def _undershirt(canvas: Canvas, torso: Torso, rng: Random, depth: float) -> None:
    """A shirt with collar, or, less often, something without one, in the opening of a jacket."""
    if chance(rng, 0.68):
        shirt = near(rng, pick(rng, _SHIRTS), 10)
        torso.opening(canvas, 1.25, depth, shirt)
        torso.collar(canvas, shaded(shirt, 90))
    elif chance(rng, 0.5):
        roll = any_colour(rng)
        torso.opening(canvas, 1.25, depth, roll)
        canvas.box(-torso.neck * 1.04, torso.top - 20, torso.neck * 1.04, torso.top + 6, shaded(roll, 92), corner=5)
    else:
        torso.opening(canvas, 1.25, depth, any_colour(rng))
        torso.opening(canvas, 1.0, depth * 0.36, torso.skin)


def _suit(canvas: Canvas, torso: Torso, rng: Random) -> None:
    colour = near(rng, pick(rng, _SUITS), 10)
    torso.fill(canvas, colour)
    shirt = near(rng, pick(rng, _SHIRTS), 8)
    torso.opening(canvas, 1.25, 66, shirt)
    torso.lapels(canvas, 1.25, 68, shaded(colour, 128))
    torso.collar(canvas, shaded(shirt, 92))
    if chance(rng, 0.7):
        _tie(canvas, torso, rng, 62)
    if chance(rng, 0.35):
        x = torso.shoulders * 0.52
        canvas.polygon([(x - 10, torso.top + 52), (x, torso.top + 44), (x + 10, torso.top + 52)], (240, 240, 240))


def _blazer(canvas: Canvas, torso: Torso, rng: Random) -> None:
    colour = near(rng, pick(rng, _BLAZERS), 14)
    torso.fill(canvas, colour)
    _undershirt(canvas, torso, rng, 46)
    torso.lapels(canvas, 1.25, 48, shaded(colour, 122))
    torso.seam(canvas, 48, shaded(colour, 70), 4)
    torso.buttons(canvas, 56, _GOLD if chance(rng, 0.4) else shaded(colour, 50), aside=9)


def _office(canvas: Canvas, torso: Torso, rng: Random) -> None:
    shirt = near(rng, pick(rng, _SHIRTS), 12)
    torso.fill(canvas, shirt)
    torso.seam(canvas, 8, shaded(shirt, 84), 3)
    kind = pick_weighted(rng, (("tie", 0.3), ("cardigan", 0.35), ("plain", 0.35)))
    if kind == "tie":
        _tie(canvas, torso, rng, 92)
    elif kind == "cardigan":
        knit = any_colour(rng)
        for side in (-1, 1):
            edge = [(side * torso.neck * 1.15, torso.top), (side * torso.shoulders * 0.94, torso.top + 20)]
            low = [(side * torso.shoulders * 1.03, _BOTTOM), (side * 16, _BOTTOM), (side * 12, torso.top + 60)]
            canvas.polygon([*edge, *low], knit)
    if chance(rng, 0.35):
        strap = near(rng, (60, 90, 160), 30)
        canvas.line([(-torso.neck, torso.top), (0, torso.top + 66), (torso.neck, torso.top)], strap, 4)
        canvas.box(-12, torso.top + 64, 12, torso.top + 96, (236, 236, 236), corner=2)
    torso.collar(canvas, shaded(shirt, 88))


def _dark_jacket(canvas: Canvas, torso: Torso, rng: Random) -> None:
    colour = near(rng, pick(rng, _DARK), 12)
    torso.fill(canvas, colour)
    _undershirt(canvas, torso, rng, 34)
    edge = shaded(colour, 160 if chance(rng, 0.6) else 120)
    for side in (-1, 1):
        canvas.line([(side * torso.neck * 1.3, torso.top - 6), (0, torso.top + 36)], edge, 6)
    torso.seam(canvas, 36, edge, 3)


def _jumper(canvas: Canvas, torso: Torso, rng: Random) -> None:
    colour = any_colour(rng)
    torso.fill(canvas, colour)
    if chance(rng, 0.5):
        stripe = shaded(colour, 76) if chance(rng, 0.5) else any_colour(rng)
        for down in range(38, 120, 24):
            half = torso.shoulders * (0.9 if down < 50 else 0.99)
            canvas.box(-half, torso.top + down, half, torso.top + down + 8, stripe)
    if chance(rng, 0.25):
        _undershirt(canvas, torso, rng, 36)
    else:
        torso.neckline(canvas, 18, shaded(colour, 74), 11)


def _t_shirt(canvas: Canvas, torso: Torso, rng: Random) -> None:
    colour = any_colour(rng)
    torso.fill(canvas, colour)
    for side in (-1, 1):
        arm = [(side * torso.shoulders * 0.84, torso.top + 70), (side * torso.shoulders * 1.04, torso.top + 56)]
        canvas.polygon(
            [*arm, (side * torso.shoulders * 1.04, _BOTTOM), (side * torso.shoulders * 0.84, _BOTTOM)], torso.skin
        )
    canvas.polygon(arc(Ellipse(0, torso.top - 6, torso.neck * 1.2, 24)), torso.skin)
    if chance(rng, 0.5):
        print_ = any_colour(rng)
        if chance(rng, 0.5):
            canvas.ellipse(Ellipse(0, torso.top + 62, 20, 18), print_)
        else:
            canvas.box(-24, torso.top + 48, 24, torso.top + 76, print_, corner=4)


def _rain_jacket(canvas: Canvas, torso: Torso, rng: Random) -> None:
    colour = near(rng, pick(rng, _RAINWEAR), 14)
    torso.fill(canvas, colour)
    edge = shaded(colour, 78)
    start = 10
    if chance(rng, 0.4):
        start = 34
        _undershirt(canvas, torso, rng, start)
    for side in (-1, 1):
        points = [
            (side * torso.neck * 1.35, torso.top - 14),
            (side * 4, torso.top + 12),
            (side * torso.neck * 1.5, torso.top + 16),
        ]
        canvas.polygon(points, edge)
    torso.seam(canvas, start, (232, 232, 232) if chance(rng, 0.6) else shaded(colour, 56), 5)
    for side in (-1, 1):
        x = side * torso.shoulders * 0.5
        canvas.line([(x - 14, torso.top + 62), (x + 14, torso.top + 62)], edge, 5)


def _comfortable(canvas: Canvas, torso: Torso, rng: Random) -> None:
    kind = pick_weighted(rng, (("hooded", 0.3), ("cardigan", 0.35), ("polo", 0.17), ("shirt", 0.18)))
    colour = any_colour(rng)
    if kind == "shirt":
        colour = near(rng, pick(rng, _SHIRTS), 12)
    elif kind == "cardigan" and chance(rng, 0.6):
        colour = near(rng, pick(rng, _BLAZERS), 14)
    torso.fill(canvas, colour)
    match kind:
        case "hooded":
            canvas.line(arc(Ellipse(0, torso.top - 8, torso.neck * 1.5, 30)), shaded(colour, 78), 14)
            for side in (-1, 1):
                canvas.line([(side * 9, torso.top + 22), (side * 11, torso.top + 58)], (236, 236, 232), 4)
        case "cardigan":
            _undershirt(canvas, torso, rng, 48)
            torso.seam(canvas, 48, shaded(colour, 72), 4)
            torso.buttons(canvas, 58, shaded(colour, 58))
        case "polo":
            torso.opening(canvas, 0.9, 26, torso.skin)
            torso.collar(canvas, shaded(colour, 86))
            torso.buttons(canvas, 30, shaded(colour, 60))
        case "shirt":
            torso.seam(canvas, 8, shaded(colour, 84), 3)
            torso.collar(canvas, shaded(colour, 88))


_Draws: TypeAlias = Callable[[Canvas, Torso, Random], None]

CLOTHES: Final[Mapping[str, _Draws]] = {
    "in a pressed suit": _suit,
    "in a buttoned blazer": _blazer,
    "dressed for the office": _office,
    "in a neat dark jacket": _dark_jacket,
    "in a loose jumper": _jumper,
    "in a T-shirt": _t_shirt,
    "in a rain jacket": _rain_jacket,
    "in comfortable clothes": _comfortable,
}
"""Phrase of ``phrases/portraits.yaml`` -> what draws it."""
