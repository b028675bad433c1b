"""What the tower and the base of a model from scratch are trained on, and for how long: the setting ``pretrain``.

A row of a table is trained in minutes from a base that can read pictures and knows the corpus's plain language. The
tower learns what the pictures show; the base then learns plain dialogues and to say what a picture shows. Both come
from a corpus of their own, which shares no dialogue and no picture with the one that is scored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tod_bench.errors import UserError

SIZES: Mapping[str, Mapping[str, int]] = {
    "llava-tiny": {"hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 3, "num_attention_heads": 4}
}
"""Dimensions of language models from scratch, by name."""

OWN_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "simulated": {"seed": 1001, "dialogues": {"train": 5000, "dev": 500, "test": 0}}
}
"""Corpus -> options over which those that are given are laid: the embedded one has another seed than is scored."""

POSITIVE = (
    "dialogues portraits held_out side patch tower_steps tower_batch_size tower_learning_rate base_steps "
    "base_batch_size base_learning_rate"
)
"""Settings that must be above 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pretraining:
    """How tower and base are trained.

    Attributes:
        corpus: The corpus, whose train split is learned and whose dev split is held out.
        options: Options of its reader, over those of `OWN_OPTIONS`; `reader_options` has both.
        dialogues: Dialogues of which the base learns the plain utterances.
        portraits: Users, one a dialogue, of whom the tower learns the pictures.
        held_out: Users of the dev split, at most, whom the tower is tested on.
        side: Height and width to which pictures are scaled, in pixels.
        patch: Height and width of what becomes a token of the picture, in pixels: a power of 2, from 4.
        tower: Entries of the vision model's config that differ from the size's.
        tower_steps: Optimizer steps of the tower.
        tower_batch_size: Pictures a step.
        tower_learning_rate: Peak learning rate.
        base_steps: Optimizer steps of the base.
        base_batch_size: Examples a step.
        base_learning_rate: Peak learning rate.
        captions: Share of the base's examples that are a picture and its first impression, 0 to 1.
        seed: Seed of everything random in both.
    """

    corpus: str = "simulated"
    options: Mapping[str, Any] = field(default_factory=dict)
    dialogues: int = 2500
    portraits: int = 5000
    held_out: int = 500
    side: int = 64
    patch: int = 16
    tower: Mapping[str, Any] = field(default_factory=dict)
    tower_steps: int = 1200
    tower_batch_size: int = 64
    tower_learning_rate: float = 2e-3
    base_steps: int = 1500
    base_batch_size: int = 16
    base_learning_rate: float = 2e-3
    captions: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            UserError: Some are wrong; all of them are in the message.
        """
        if wrong := list(self._wrong()):
            raise UserError(f"pictor: {'; '.join(wrong)}")

    def _wrong(self) -> Iterator[str]:
        for name in POSITIVE.split():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                yield f"pretrain.{name} must be a number above 0"
        for name in ("options", "tower"):
            if not isinstance(getattr(self, name), Mapping):
                yield f"pretrain.{name} must be a mapping of names to values"
        if not isinstance(self.captions, int | float) or not 0 <= self.captions <= 1:
            yield "pretrain.captions must be a share, 0 to 1"
        if self.patch not in (4, 8, 16, 32, 64):
            yield f"pretrain.patch must be a power of 2 from 4 to 64, not {self.patch}"
        elif isinstance(self.side, int) and self.side % self.patch:
            yield f"pretrain.side must be a multiple of pretrain.patch, and {self.side} is none of {self.patch}"

    @property
    def reader_options(self) -> dict[str, Any]:
        """The options of the corpus's reader: those that are given, over its own."""
        merged = dict(OWN_OPTIONS.get(self.corpus, {}))
        for name, value in self.options.items():
            before = merged.get(name)
            both = isinstance(before, Mapping) and isinstance(value, Mapping)
            merged[name] = {**before, **value} if both else value  # type: ignore[dict-item]
        return merged

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values, with the options that the reader is given."""
        return {**asdict(self), "options": self.reader_options, "tower": dict(self.tower)}
