"""What says nothing about a person: background, glasses, hats, pose, light and noise.

All of it is drawn from streams of its own, and with the same chances for everybody.
"""

from hashlib import shake_256
from random import Random
from typing import TYPE_CHECKING, Final

import numpy as np

from tod_bench.simulated.draws import between, chance
from tod_bench.simulated.portraits.canvas import MARGIN, SEEN, Canvas, Colour, Ellipse, arc
from tod_bench.simulated.portraits.colours import any_colour, mixed, near, shaded
from tod_bench.simulated.portraits.face import eye_of
from tod_bench.simulated.portraits.look import Look

if TYPE_CHECKING:
    from PIL.Image import Image

_DULL: Final = (128, 130, 132)
_GLASSES: Final = 0.18
_HATS: Final = 0.1
_EARRINGS: Final = 0.08


def wall_colour(rng: Random) -> Colour:
    """Colour of what is behind somebody: rarely a bright one."""
    return mixed(any_colour(rng), _DULL, round(between(rng, 15, 70)))


def draw_background(canvas: Canvas, wall: Colour, rng: Random) -> None:
    """A few shapes behind somebody, in colours near that of the wall behind them."""
    half = SEEN / 2 + MARGIN
    if chance(rng, 0.3):
        level = between(rng, 90, 200)
        canvas.box(-half, level, half, SEEN + MARGIN, mixed(wall, any_colour(rng), 45))
    for _ in range(int(rng.random() * 4)):
        x, y, size = between(rng, -half, half), between(rng, -MARGIN, SEEN), between(rng, 16, 64)
        paint = mixed(wall, any_colour(rng), 40)
        if chance(rng, 0.5):
            canvas.ellipse(Ellipse(x, y, size, size), paint)
        else:
            canvas.box(x - size, y - size, x + size, y + size * between(rng, 0.4, 1.6), paint)


def draw_extras(canvas: Canvas, look: Look, rng: Random) -> None:
    """Glasses, earrings and a hat, each worn by some."""
    glasses, earrings, hat = chance(rng, _GLASSES), chance(rng, _EARRINGS), chance(rng, _HATS)
    frame, jewel, felt = near(rng, (52, 48, 50), 40), near(rng, (214, 184, 90), 30), any_colour(rng)
    round_, brimmed = chance(rng, 0.5), chance(rng, 0.5)
    head = look.build.head
    if glasses:
        _draw_glasses(canvas, look, frame, round_=round_)
    if earrings:
        for side in (-1, 1):
            x, y = head.at(side * 1.02, look.build.eyes + 0.34)
            canvas.ellipse(Ellipse(x, y, 4.5, 4.5), jewel)
    if hat:
        _draw_hat(canvas, look, felt, brimmed=brimmed)


def _draw_glasses(canvas: Canvas, look: Look, frame: Colour, *, round_: bool) -> None:
    eyes = [eye_of(look, side) for side in (-1, 1)]
    across = look.build.head.across * 0.3
    down = across * (0.95 if round_ else 0.7)
    for eye in eyes:
        canvas.ring(Ellipse(eye.x, eye.y + 2, across, down), frame, 5)
    left, right = eyes
    canvas.line([(left.x + across, left.y), (right.x - across, right.y)], frame, 5)
    for side, eye in ((-1, left), (1, right)):
        edge, _ = look.build.head.at(side * 0.98, 0)
        canvas.line([(eye.x + side * across, eye.y), (edge, eye.y - 4)], frame, 4)


def _draw_hat(canvas: Canvas, look: Look, felt: Colour, *, brimmed: bool) -> None:
    head = look.build.head
    band = head.y - head.down * 0.56
    crown = Ellipse(head.x, band, head.across * 1.1, head.down * 0.68)
    canvas.polygon(arc(crown, upper=True), felt)
    if brimmed:
        canvas.box(-head.across * 1.36, band - 7, head.across * 1.36, band + 6, shaded(felt, 76), corner=6)
    else:
        canvas.box(-head.across * 1.12, band - 12, head.across * 1.12, band + 8, shaded(felt, 80), corner=8)
        canvas.ellipse(Ellipse(head.x, band - head.down * 0.7, 11, 11), shaded(felt, 118))


def posed(canvas: Canvas, rng: Random, side: int, samples: int) -> "Image":
    """The canvas as a camera sees it that is a little askew, too near or too far off.

    Args:
        canvas: The canvas.
        rng: Where the pose comes from.
        side: Pixels of the picture from side to side.
        samples: How many points of the canvas are averaged for a pixel, in each direction.
    """
    from PIL import Image

    # Of a rational point of the circle no machine's sine is needed.
    half = between(rng, -0.06, 0.06)
    cosine, sine = (1 - half * half) / (1 + half * half), 2 * half / (1 + half * half)
    zoom = between(rng, 0.84, 0.98)
    mirror = -1 if chance(rng, 0.5) else 1
    aside, below = between(rng, -10, 10), between(rng, -8, 4)
    pixels = side * samples
    step = SEEN * canvas.scale / pixels * zoom
    centre = (SEEN / 2 + MARGIN) * canvas.scale
    a, b, d, e = mirror * cosine * step, sine * step, -mirror * sine * step, cosine * step
    c = centre + aside * canvas.scale - (a + b) * pixels / 2
    f = centre + below * canvas.scale - (d + e) * pixels / 2
    seen = canvas.image.transform(
        (pixels, pixels), Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.NEAREST
    )
    return seen.reduce(samples)


def lit(image: "Image", rng: Random, key: str) -> "Image":
    """The picture in some light, from some side, with the noise of a camera; whole numbers only."""
    from PIL import Image

    pixels = np.asarray(image, dtype=np.int32)
    side = pixels.shape[0]
    away = np.arange(side, dtype=np.int32) * 2 + 1 - side
    level, right, down = (round(between(rng, low, high)) for low, high in ((780, 1100), (-190, 190), (-190, 190)))
    tint = np.array([round(between(rng, 964, 1064)) for _ in range(3)], dtype=np.int32)
    light = level + (away[None, :] * right + away[:, None] * down) // side
    strength = round(between(rng, 2, 10))
    drawn = np.frombuffer(shake_256(key.encode()).digest(pixels.size * 2), dtype=np.uint8).astype(np.int32)
    noise = (drawn.reshape(2, side, side, 3).sum(axis=0) - 255) * strength // 104
    values = pixels * (light[:, :, None] * tint // 1024) // 1024 + noise
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
