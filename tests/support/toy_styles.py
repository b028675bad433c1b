"""An encoder and a classifier of styles that are small enough for tests, and not made up: both do what real ones do."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tod_metrics.style.displacement import StyleDirections
from tod_metrics.style.style_classifier import StyleClassifier, train_classifier

LETTERS = "abcdefghijklmnopqrstuvwxyz"

CHILD = {"age": "child", "gender": "male", "formality": "casual", "emotion": "positive"}
SENIOR = {"age": "senior", "gender": "female", "formality": "formal", "emotion": "neutral"}
YAY, MADAM = "Yay, that is so much fun!", "Certainly, madam, it would be my pleasure."


class LetterEncoder:
    """Vectors of how often each letter occurs, of length 1; an empty text has the vector 0."""

    version = "letters 1"

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        counts = np.array([[text.lower().count(letter) for letter in LETTERS] for text in texts], dtype=float)
        lengths = np.linalg.norm(counts, axis=1, keepdims=True)
        return counts / np.where(lengths == 0, 1.0, lengths)


@lru_cache(maxsize=1)
def toy_classifier() -> StyleClassifier:
    """A classifier of children, who are cheered, and seniors, who are bowed to: 20 texts, 4 of them held out."""
    texts = [f"{YAY} Number {n}." for n in range(10)] + [f"{MADAM} Number {n}." for n in range(10)]
    return train_classifier(texts, [CHILD] * 10 + [SENIOR] * 10)


def toy_directions() -> StyleDirections:
    """Two profiles, whose styles use more of one letter each."""
    a, b = np.eye(26)[:2]
    return StyleDirections({"child+casual+positive": a, "senior+formal+neutral": b}, 2, "toy")
