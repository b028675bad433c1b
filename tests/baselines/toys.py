"""Toys that the systems are trained on: cheap to learn, with every trap of the linear form in it."""

import itertools
from typing import Any

from tod_bench.records import Act, Dialogue, Schema, SlotSpec, Turn

AREAS = ("north", "south", "east", "west")
FOODS = ("Thai", "north american", "chef's choice")


def toy_dialogues(count: int, split: str = "train", start: int = 0) -> list[Dialogue]:
    """Dialogues of two turns each: a restaurant, then a booking."""
    places = itertools.islice(itertools.cycle(itertools.product(AREAS, FOODS)), start, start + count)
    return [_toy(f"{split}-{number}", split, area, food) for number, (area, food) in enumerate(places)]


def _toy(name: str, split: str, area: str, food: str) -> Dialogue:
    asked = {"restaurant": {"area": (area,), "food": (food,)}}
    booked = {"restaurant": {**asked["restaurant"], "book day": ("friday",)}}
    first = Turn(
        index=0,
        user=f"A {food} restaurant in the {area}, please.",
        system="The Copper Ladle (cheap). Book it?",
        state=asked,
        acts=(Act("restaurant", "recommend", "name", "the copper ladle"), Act("restaurant", "request", "book day")),
        services=("restaurant",),
        db_matches={"restaurant": 2},
    )
    second = Turn(
        index=1,
        user="Yes, for Friday.",
        system="Done. Anything else?",
        state=booked,
        acts=(Act("restaurant", "book"), Act("general", "reqmore")),
        services=("restaurant",),
        db_matches={"restaurant": 1},
    )
    return Dialogue(name, "toy", split, ("restaurant",), (first, second))


TOY_SCHEMA: Schema = {
    "restaurant": {
        "area": SlotSpec("where", True, AREAS),
        "food": SlotSpec("what", False, FOODS),
        "book day": SlotSpec("when", True, ("friday", "saturday")),
    }
}

TINY: dict[str, Any] = {
    "model": "t5-tiny",
    "batching": "examples",
    "init": "scratch",
    "vocab_size": 120,
    "dims": {"d_model": 32, "d_ff": 64, "d_kv": 8, "num_layers": 1, "num_decoder_layers": 2},
    "epochs": 2,
    "dev_dialogues": 4,
    "precision": "fp32",
}
"""Settings of a model that trains in a second, in fp32 on every machine: sums in bf16 differ in the third digit."""

LEARNED: dict[str, Any] = {
    **TINY,
    "epochs": 15,
    "learning_rate": 5e-3,
    "dropout": 0.0,
    "multitask": True,
    "select_by": "last",
}
"""Settings of a model that has learned something of every task."""
