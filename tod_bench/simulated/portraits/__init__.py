"""Portraits of the embedded corpus's users, drawn from what their personas say.

    persona ─▶ look ─▶ background, clothes, head, hair, face, extras on a canvas ─▶ pose, light, noise ─▶ picture

Whose picture it is stands in its name (`DrawnPortraits`); any other persona can be drawn too (`portrait`).
"""

from tod_bench.simulated.portraits.drawing import VERSION, portrait
from tod_bench.simulated.portraits.drawn import DrawnPortraits, image_name

__all__ = ["VERSION", "DrawnPortraits", "image_name", "portrait"]
