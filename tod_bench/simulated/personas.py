"""Who is talking: a persona for every dialogue, as a picture of the user would show it."""

from random import Random
from typing import Final

from tod_bench.records import Persona
from tod_bench.simulated.draws import chance, pick, pick_weighted
from tod_bench.simulated.phrase_tables import phrase_table

_AGES: Final = (("adult", 0.4), ("senior", 0.18), ("teenager", 0.16), ("child", 0.16), ("toddler", 0.1))
_EMOTIONS: Final = (("positive", 0.45), ("neutral", 0.35), ("negative", 0.2))
_FORMAL: Final = {"adult": 0.4, "senior": 0.5}
"""Share of formal personas; children and teenagers are casual."""


def draw_persona(rng: Random, image: str) -> Persona:
    """A persona; `image` is the name of its picture."""
    age = pick_weighted(rng, _AGES)
    gender = "female" if chance(rng, 0.5) else "male"
    formality = "formal" if chance(rng, _FORMAL.get(age, 0.0)) else "casual"
    emotion = pick_weighted(rng, _EMOTIONS)
    table = phrase_table("portraits")
    clothes, face = pick(rng, table["clothes"][formality]), pick(rng, table["face"][emotion])
    impression = f"The picture shows {table['person'][age][gender]} {clothes}, {face}."
    return Persona(image, impression, age, gender, formality, emotion)
