"""What the tests of PPTOD's own format share: a dialogue, a database, and a tokenizer with the format's tokens."""

from typing import Any

from toys import toy_dialogues

from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.released.examples import TOKENS, training_readings
from tod_baselines.pptod.tokenizers import train_tokenizer
from tod_bench.records import Act, Dialogue, Span, Turn

RELEASED = Recipe(format="pptod")

TALK = Dialogue(
    "talk",
    "toy",
    "train",
    ("restaurant",),
    (
        Turn(
            0,
            "I 'd like Thai food .",
            "The Copper Ladle serves Thai .",
            state={"restaurant": {"food": ("Thai",)}},
            acts=(Act("restaurant", "recommend", "name", "the copper ladle"), Act("booking", "request", "book day")),
            spans=(
                Span("system", "restaurant", "name", "the copper ladle", 0, 16),
                Span("system", "restaurant", "food", "thai", 24, 28),
            ),
        ),
        Turn(
            1,
            "Friday , please .",
            "Done .",
            state={"restaurant": {"food": ("Thai",), "book day": ("friday",)}},
            acts=(Act("booking", "book"),),
        ),
    ),
)


class Venues:
    """Two restaurants, whatever is asked."""

    def query(self, domain: str, constraints: Any) -> list[dict[str, str]]:
        return [{"name": "a"}, {"name": "b"}] if domain == "restaurant" else []


def texts_of(reading: Any) -> list[str]:
    return [*(text for _, text in reading.context), reading.target or ""]


def released_tokenizer() -> Any:
    """A small tokenizer of the format, trained on the toy corpus."""
    readings = training_readings([TALK, *toy_dialogues(12)], ["dst"], RELEASED, None)
    return train_tokenizer([text for reading in readings for text in texts_of(reading)], 200, TOKENS)
