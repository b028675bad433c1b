"""Who a dialogue's user becomes: a persona whose emotion goes with the dialogue's.

Three readings:

    picpersona  as the released code (``3.image_matching.py``): any image of the dialogue's emotion, for negative ones
                any negative or neutral image; drawn with replacement, one pool for all splits
    paper_text  as printed: an image of the same emotion; toddlers are left out
    tod_bench   as printed, and no image in two splits, none twice as far as there are enough, none of whom an attribute
                is not known

The released code draws without a seed; here each dialogue draws by a hash of the seed and its id. Under ``tod_bench``
images have their place by a hash too, and pairs are made over a whole split of the corpus, so that personalising a part
of it gives the dialogues of that part the same personas as personalising all.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tod_bench.errors import UserError
from tod_bench.personalise.emotions import EMOTIONS, Emotion
from tod_bench.personalise.options import StrategyReading
from tod_bench.personalise.persona_files import Faces
from tod_bench.records import Persona

VERSION = 1
"""Goes up when the same dialogues get other personas."""

Place: TypeAlias = tuple[str, str]
"""Split and id of a dialogue."""

_UNKNOWN = ("", "unknown")


@dataclass(frozen=True, slots=True)
class Pair:
    """A dialogue's persona.

    Attributes:
        image: The persona's image.
        reused: Whether an earlier dialogue of the split has it too, because there are not enough.
        other_emotion: Whether it has another emotion than the dialogue, because there is none of the same.
    """

    image: str
    reused: bool = False
    other_emotion: bool = False


@dataclass(frozen=True)
class Pool:
    """The personas that a reading pairs.

    Attributes:
        reading: The reading.
        personas: Image -> persona.
        left_out: Why others are left out -> how many.
    """

    reading: StrategyReading
    personas: Mapping[str, Persona]
    left_out: Mapping[str, int] = field(default_factory=dict)

    def with_emotion(self, emotions: Collection[str]) -> list[str]:
        """Images of personas with one of some emotions, in their order."""
        return [image for image, persona in self.personas.items() if persona.emotion in emotions]


def pool_of(reading: StrategyReading, faces: Faces) -> Pool:
    """The personas that a reading pairs.

    Raises:
        UserError: There is none.
    """
    kept: dict[str, Persona] = {}
    left_out: Counter[str] = Counter()
    for image, persona in faces.personas.items():
        reason = _left_out(reading, persona, image in faces.assumed_male)
        if reason:
            left_out[reason] += 1
        else:
            kept[image] = persona
    if not kept:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise UserError(f"no persona can be paired with a dialogue ({reasons}); give others, or another --strategies")
    return Pool(reading, kept, dict(left_out))


def _left_out(reading: StrategyReading, persona: Persona, assumed_male: bool) -> str:
    """Why a reading does not pair a persona; empty where it does."""
    if persona.emotion in _UNKNOWN:
        return "emotion unknown"
    if reading == "picpersona":
        return ""
    if persona.age == "toddler":
        return "toddler"
    if reading == "tod_bench":
        if assumed_male or persona.gender in _UNKNOWN:
            return "gender unknown"
        for name in ("age", "formality"):
            if getattr(persona, name) in _UNKNOWN:
                return f"{name} unknown"
    return ""


def pair(
    pool: Pool, seed: int, split: str, emotions: Mapping[str, Emotion], sizes: Mapping[str, int]
) -> dict[str, Pair]:
    """The personas of a split's dialogues.

    Args:
        pool: Who can be paired.
        seed: Seed of the draws.
        split: The split that the dialogues are written into.
        emotions: Id of every dialogue of the split -> its emotion.
        sizes: Split -> its number of dialogues, by which ``tod_bench`` shares images out between splits; with `split`.

    Returns:
        Id -> pair.

    Raises:
        UserError: The reading has no persona for a dialogue.
    """
    if pool.reading == "tod_bench":
        return _without_replacement(pool, seed, split, emotions, sizes)
    return {
        dialogue: Pair(_drawn(_candidates(pool, emotion), seed, split, dialogue))
        for dialogue, emotion in emotions.items()
    }


def _candidates(pool: Pool, emotion: Emotion) -> list[str]:
    mixed = pool.reading == "picpersona" and emotion == "negative"
    images = pool.with_emotion(("negative", "neutral") if mixed else (emotion,))
    if not images:
        raise UserError(
            f"no persona has the emotion {emotion}, which a dialogue has; give one, or leave out --strategies "
            f"{pool.reading}"
        )
    return images


def _drawn(images: Sequence[str], seed: int, split: str, dialogue: str) -> str:
    return images[_hash(seed, "draw", split, dialogue) % len(images)]


def _without_replacement(
    pool: Pool, seed: int, split: str, emotions: Mapping[str, Emotion], sizes: Mapping[str, int]
) -> dict[str, Pair]:
    shares = {label: shared_out(pool.with_emotion((label,)), seed, sizes)[split] for label in EMOTIONS}
    pairs: dict[str, Pair] = {}
    used: Counter[str] = Counter()
    in_order = sorted(emotions, key=lambda dialogue: _hash(seed, "dialogue", split, dialogue))
    for dialogue in in_order:
        emotion = emotions[dialogue]
        label = next((one for one in (emotion, "neutral", *EMOTIONS) if shares[one]), None)
        if label is None:
            raise UserError(
                f"the {len(pool.personas)} personas are too few for {len(sizes)} splits without one in two of them; "
                "give more, or --strategies paper_text"
            )
        images = shares[label]
        image = images[used[label] % len(images)]
        pairs[dialogue] = Pair(image, reused=used[label] >= len(images), other_emotion=label != emotion)
        used[label] += 1
    return pairs


def shared_out(images: Iterable[str], seed: int, sizes: Mapping[str, int]) -> dict[str, list[str]]:
    """Images shared out between splits in proportion to their sizes, at least one each as far as there are enough.

    Args:
        images: The images.
        seed: Decides which split an image falls to, and its place there.
        sizes: Split -> number of its dialogues.

    Returns:
        Split -> its images, in the order in which they are given away.
    """
    in_order = sorted(images, key=lambda image: _hash(seed, "image", image))
    wanted = {split: size for split, size in sizes.items() if size}
    counts = _counts(len(in_order), wanted)
    shares: dict[str, list[str]] = {split: [] for split in sizes}
    start = 0
    for split, count in counts.items():
        shares[split] = in_order[start : start + count]
        start += count
    return shares


def _counts(number: int, sizes: Mapping[str, int]) -> dict[str, int]:
    """Largest remainders, after one for each split: the largest splits first where there are fewer than splits."""
    by_size = sorted(sizes, key=lambda split: (-sizes[split], split))
    counts = {split: int(place < number) for place, split in enumerate(by_size)}
    rest, total = max(0, number - len(by_size)), sum(sizes.values())
    exact = {split: rest * size / total for split, size in sizes.items()}
    for split in by_size:
        counts[split] += int(exact[split])
    left = number - sum(counts.values())
    for split in sorted(by_size, key=lambda split: int(exact[split]) - exact[split])[:left]:
        counts[split] += 1
    return counts


def _hash(seed: int, *parts: str) -> int:
    text = "\0".join((str(seed), *parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
