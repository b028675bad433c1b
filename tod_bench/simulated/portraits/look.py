"""What somebody looks like, before a line is drawn: what a persona decides, and what is left to chance."""

from random import Random
from typing import Final, NamedTuple

from tod_bench.records import Persona
from tod_bench.simulated.draws import between, pick
from tod_bench.simulated.phrase_tables import phrase_table
from tod_bench.simulated.portraits.canvas import Colour, Ellipse
from tod_bench.simulated.portraits.colours import complexion

GENDERS: Final = ("female", "male")
FORMALITIES: Final = ("casual", "formal")
EMOTIONS: Final = ("positive", "neutral", "negative")


class Build(NamedTuple):
    """Proportions of an age, in units of the canvas unless said otherwise.

    Attributes:
        head: The head.
        shoulders: Half the width of the shoulders.
        neck: Half the width of the neck, as a share of half the head's width.
        eyes: How far the eyes are below the middle of the head, as a share of half its height.
        eye: Radius of an eye, as a share of half the head's width.
        jaw: How square the lower half of the head is; below 0 it is pointed.
    """

    head: Ellipse
    shoulders: float
    neck: float
    eyes: float
    eye: float
    jaw: float


BUILDS: Final = {
    "toddler": Build(Ellipse(0, 124, 72, 64), 66, 0.36, 0.2, 0.2, 0.3),
    "child": Build(Ellipse(0, 116, 66, 66), 76, 0.38, 0.12, 0.185, 0.12),
    "teenager": Build(Ellipse(0, 108, 58, 70), 88, 0.46, 0.05, 0.17, -0.08),
    "adult": Build(Ellipse(0, 104, 56, 73), 102, 0.56, 0.0, 0.155, 0.08),
    "senior": Build(Ellipse(0, 107, 57, 72), 96, 0.54, 0.03, 0.145, 0.16),
}


class Look(NamedTuple):
    """What somebody looks like.

    Attributes:
        age: Age, never unknown.
        gender: ``female`` or ``male``.
        clothes: The phrase of ``phrases/portraits.yaml`` for the clothes.
        face: The phrase for the face.
        build: Proportions.
        skin: Colour of the skin.
        hair: Colour of the hair.
        turn: How far the face is turned to a side, as a share of half the head's width.
    """

    age: str
    gender: str
    clothes: str
    face: str
    build: Build
    skin: Colour
    hair: Colour
    turn: float

    @property
    def grown(self) -> bool:
        """Whether this is an adult or a senior."""
        return self.age in ("adult", "senior")


def look_of(persona: Persona, rng: Random) -> Look:
    """What a persona looks like; attributes that it leaves open, and clothes that it does not name, are drawn."""
    age = _known(rng, persona.age, tuple(BUILDS))
    gender = _known(rng, persona.gender, GENDERS)
    table = phrase_table("portraits")
    clothes = _named(rng, persona.impression, table["clothes"], _known(rng, persona.formality, FORMALITIES))
    face = _named(rng, persona.impression, table["face"], _known(rng, persona.emotion, EMOTIONS))
    skin, hair = complexion(rng, age)
    build = _varied(rng, BUILDS[age], male=gender == "male" and age in ("teenager", "adult", "senior"))
    return Look(age, gender, clothes, face, build, skin, hair, between(rng, -0.14, 0.14))


def _known(rng: Random, value: str, options: tuple[str, ...]) -> str:
    """The value, or one of the options where it is none of them."""
    drawn = pick(rng, options)
    return value if value in options else drawn


def _named(rng: Random, impression: str, phrases: dict[str, list[str]], kind: str) -> str:
    """The phrase that stands in the impression, of whatever kind it is; where none does, one of the kind."""
    drawn = pick(rng, phrases[kind])
    return next((phrase for group in phrases.values() for phrase in group if phrase in impression), drawn)


def _varied(rng: Random, build: Build, *, male: bool) -> Build:
    """Nobody is built like the average: the same proportions, all a little off."""
    head = build.head
    across, down = head.across * between(rng, 0.94, 1.06), head.down * between(rng, 0.95, 1.05)
    return Build(
        head=Ellipse(head.x, head.y + between(rng, -4, 4), across, down),
        shoulders=build.shoulders * between(rng, 0.92, 1.08) * (1.05 if male else 0.97),
        neck=build.neck * (1.12 if male else 0.92),
        eyes=build.eyes + between(rng, -0.03, 0.03),
        eye=build.eye * between(rng, 0.9, 1.1),
        jaw=build.jaw + between(rng, -0.08, 0.08) + (0.14 if male else -0.06),
    )
