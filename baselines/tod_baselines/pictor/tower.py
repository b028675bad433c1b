"""The tower: a small vision model, trained to tell from a picture what the corpus says of its user.

It learns age, gender, formality and emotion, as far as the corpus has them, and which words the first impression has:
those name clothes and faces, of which the attributes alone say little. What it reads off pictures of other users is
measured and recorded, beside the share of the most frequent answer.

Importing this imports torch and transformers.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers import CLIPImageProcessorPil

from tod_baselines.pictor.material import Material
from tod_baselines.pictor.pictures import open_picture
from tod_baselines.pictor.pretraining import Pretraining
from tod_baselines.pictor.steps import Plan, take_steps
from tod_baselines.pictor.vision import StemVisionConfig, StemVisionModel
from tod_baselines.training.devices import device
from tod_bench.images import Images
from tod_bench.progress import track
from tod_bench.records import Persona

SIZE: Mapping[str, int] = {
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
"""Dimensions of the tower; `Pretraining.tower` may set others."""

ATTRIBUTES = ("age", "gender", "formality", "emotion")
"""What is learned of a user, as far as the corpus has it."""

UNKNOWN = ("", "unknown")
"""Values of an attribute that are not learned."""

IGNORED = -100
"""The label of an unknown value."""

RARE, COMMON = 0.01, 0.9
"""Words of impressions are learned that are in more than the first share of them, and less than the second."""

WORD_WEIGHT = 10.0
"""Weight of the words' loss, a mean over words that most pictures do not have, against that of an attribute."""

SHIFT = 2
"""Pixels by which pictures are moved in training, at most."""


def image_processor(settings: Pretraining) -> CLIPImageProcessorPil:
    """What makes pixels of a picture: scaled to a square and normalised, nothing cut off."""
    size = {"height": settings.side, "width": settings.side}
    return CLIPImageProcessorPil(size=size, do_center_crop=False)


def vision_config(settings: Pretraining) -> StemVisionConfig:
    """The config of a tower."""
    return StemVisionConfig(image_size=settings.side, patch_size=settings.patch, **{**SIZE, **settings.tower})


def train_tower(settings: Pretraining, material: Material, work: Path) -> tuple[StemVisionModel, dict[str, Any]]:
    """A trained tower and its record.

    Args:
        settings: How it is trained.
        material: Users with pictures, and those held out.
        work: A folder in which a killed training goes on.
    """
    torch.manual_seed(settings.seed)
    tower = StemVisionModel(vision_config(settings))
    labels = Labels.of(material.users)
    reader = Reader(tower, labels).to(device())
    pixels = pixels_of([user.image for user in material.users], material.images, image_processor(settings))
    targets = labels.targets(material.users)

    def loss_of(step: int) -> Tensor:
        rng = np.random.default_rng([settings.seed, step])
        chosen = _batch(len(pixels), settings.tower_batch_size, settings.seed, step)
        return reader.loss(moved(pixels[chosen], rng), [target[chosen] for target in targets])

    plan = Plan(
        "training the tower", settings.tower_steps, settings.tower_learning_rate, 0.05, work / "tower.checkpoint"
    )
    record = take_steps(reader, loss_of, plan)
    held_out = pixels_of([user.image for user in material.held_out], material.images, image_processor(settings))
    record |= {
        "portraits": len(material.users),
        "parameters": sum(parameter.numel() for parameter in tower.parameters()),
        "held_out": {"users": len(material.held_out), **reader.accuracy(held_out, labels.targets(material.held_out))},
    }
    return tower.cpu(), record


@dataclass(frozen=True, slots=True)
class Labels:
    """What is learned of users.

    Attributes:
        values: Attribute -> its values, sorted; attributes that the corpus does not have are left out.
        words: Words of first impressions, sorted.
    """

    values: dict[str, tuple[str, ...]]
    words: tuple[str, ...]

    @classmethod
    def of(cls, users: Sequence[Persona]) -> "Labels":
        """What some users have."""
        found = {name: sorted({getattr(user, name) for user in users} - set(UNKNOWN)) for name in ATTRIBUTES}
        counts = Counter(word for user in users for word in words_of(user.impression))
        words = sorted(word for word, count in counts.items() if RARE < count / len(users) < COMMON)
        return cls({name: tuple(values) for name, values in found.items() if len(values) > 1}, tuple(words))

    def targets(self, users: Sequence[Persona]) -> list[Tensor]:
        """The labels of users: (users) for each attribute, and (users, words)."""
        indices = [
            [values.index(value) if (value := getattr(user, name)) in values else IGNORED for user in users]
            for name, values in self.values.items()
        ]
        said = [words_of(user.impression) for user in users]
        words = torch.tensor([[float(word in some) for word in self.words] for some in said])
        return [*map(torch.tensor, indices), words.reshape(len(users), len(self.words))]


class Reader(nn.Module):  # type: ignore[misc]
    """A tower with a linear head for each attribute and one for words, on the mean of its tokens.

    Args:
        tower: The tower.
        labels: What is read.
    """

    def __init__(self, tower: StemVisionModel, labels: Labels) -> None:
        super().__init__()
        size = tower.config.hidden_size
        self.tower, self.norm = tower, nn.LayerNorm(size)
        self.names = tuple(labels.values)
        self.heads = nn.ModuleList(nn.Linear(size, len(values)) for values in labels.values.values())
        self.words = nn.Linear(size, len(labels.words))

    def forward(self, pixels: Tensor) -> tuple[list[Tensor], Tensor]:
        """Logits of each attribute, (pictures, values), and of words, (pictures, words)."""
        # What the language model is given of a picture: the last layer's states, before the tower's own norm.
        states = self.tower(pixel_values=pixels, output_hidden_states=True).hidden_states[-1]
        read = self.norm(states).mean(1)
        return [head(read) for head in self.heads], self.words(read)

    def loss(self, pixels: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """The losses of all attributes and of words, in nats."""
        place = next(self.parameters()).device
        attributes, words = self(pixels.to(place))
        losses = [
            cross_entropy(logits, target.to(place), ignore_index=IGNORED, reduction="sum")
            / max(1, int((target != IGNORED).sum()))
            for logits, target in zip(attributes, targets, strict=False)
        ]
        if words.shape[1]:
            losses.append(WORD_WEIGHT * binary_cross_entropy_with_logits(words, targets[-1].to(place)))
        return torch.stack(losses).sum()

    def accuracy(self, pixels: Tensor, targets: Sequence[Tensor]) -> dict[str, dict[str, float]]:
        """Attribute -> how often it is read right, and the share of its most frequent value, in percent."""
        self.eval()
        place = next(self.parameters()).device
        with torch.inference_mode():
            found = [self(some.float().to(place))[0] for some in pixels.split(100)]
        shares = {}
        for number, name in enumerate(self.names):
            known = targets[number] != IGNORED
            if not known.any():
                continue
            gold = targets[number][known]
            read = torch.cat([logits[number].argmax(1).cpu() for logits in found])[known]
            right, usual = (read == gold).float().mean(), gold.bincount().max() / len(gold)
            shares[name] = {"accuracy": round(100 * right.item(), 1), "most_frequent": round(100 * usual.item(), 1)}
        return shares


def pixels_of(names: Sequence[str], images: Images, processor: Any) -> Tensor:
    """The pixels of pictures, (pictures, 3, side, side), in half precision to save memory."""
    found = []
    for name in track(names, "looking at pictures", len(names), unit="pictures"):
        pixels = processor(open_picture(name, images), return_tensors="np")["pixel_values"]
        found.append(np.asarray(pixels[0], np.float16))
    return torch.from_numpy(np.stack(found))


def moved(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """The pictures of a step, all moved a little, and mirrored every second time."""
    down, right = (int(shift) for shift in rng.integers(-SHIFT, SHIFT + 1, 2))
    pixels = torch.roll(pixels.float(), (down, right), (2, 3))
    return pixels.flip(3) if rng.random() < 0.5 else pixels


def words_of(impression: str) -> set[str]:
    """The words of an impression, lower-cased."""
    return set(re.findall(r"\w+", impression.lower()))


def _batch(count: int, size: int, seed: int, step: int) -> NDArray[np.int64]:
    """Which pictures a step learns: pass after pass, each in an order of its own."""
    size = min(size, count)
    each, place = divmod(step, count // size)
    order = np.random.default_rng([seed, each]).permutation(count)
    return order[place * size : (place + 1) * size]
