"""A person, drawn from back to front."""

from random import Random
from typing import TYPE_CHECKING, Final

from tod_bench.errors import UserError, extra_needed
from tod_bench.records import Persona
from tod_bench.simulated.portraits.canvas import SEEN, Canvas
from tod_bench.simulated.portraits.clothes import draw_clothes
from tod_bench.simulated.portraits.face import draw_face
from tod_bench.simulated.portraits.hair import draw_beard, draw_hair, draw_hair_behind, hair_of
from tod_bench.simulated.portraits.head import draw_head, draw_neck, draw_years
from tod_bench.simulated.portraits.look import look_of
from tod_bench.simulated.portraits.nuisance import draw_background, draw_extras, lit, posed, wall_colour

if TYPE_CHECKING:
    from PIL.Image import Image

VERSION: Final = "1"
"""Moves whenever the same persona and key would give other pixels."""

SIDES: Final = range(16, 1025)


def portrait(persona: Persona, key: str, side: int = 64) -> "Image":
    """Draws a portrait.

    Age, gender, formality, emotion and, as far as its impression names them, clothes and face can be read off the
    picture, well though not perfectly; what the persona leaves open is drawn by chance. Everything else (colours, pose,
    light, background, noise, glasses, hats) is chance and says nothing about the persona.

    Args:
        persona: Who is drawn.
        key: What all chance comes from: the same persona and key give the same pixels.
        side: Width and height in pixels, 16 to 1,024. Other sides show the same portrait with other noise.

    Returns:
        A square picture of mode RGB.

    Raises:
        UserError: There is no portrait of this size, or Pillow is not installed.
    """
    if side not in SIDES:
        raise UserError(f"a portrait of {side!r} pixels cannot be drawn; ask for {SIDES.start} to {SIDES.stop - 1}")
    with extra_needed("train", "drawing portraits"):
        import PIL  # noqa: F401

    def stream(part: str) -> Random:
        # One for each part, so that other clothes do not change the face.
        return Random(f"portrait/{key}/{part}")

    look = look_of(persona, stream("look"))
    hair = hair_of(look, stream("hair"))
    scene = stream("scene")
    wall = wall_colour(scene)
    samples = 4 if side <= SEEN else 2
    canvas = Canvas(-(-side * samples // SEEN), wall)
    draw_background(canvas, wall, scene)
    draw_hair_behind(canvas, look, hair)
    draw_neck(canvas, look)
    draw_clothes(canvas, look, stream("clothes"))
    draw_head(canvas, look, stream("head"))
    draw_years(canvas, look, stream("years"))
    draw_beard(canvas, look, stream("beard"))
    draw_face(canvas, look, stream("face"))
    draw_hair(canvas, look, hair, stream("shine"))
    draw_extras(canvas, look, stream("extras"))
    return lit(posed(canvas, stream("pose"), side, samples), stream("light"), key)
