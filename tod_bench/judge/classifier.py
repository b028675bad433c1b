"""An emotion judge without a language model: a classifier over GoEmotions' labels, trained on this machine.

Logistic regression over TF-IDF of words and pairs of words, or over a sentence encoder's vectors (MiniLM), one example
for every label of a text. Also the floor that every classifier must beat, which always says the most frequent label.
A trained classifier is kept by a digest of everything that it was made from; training is deterministic.
"""

import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tod_bench.embeddings import encode, version_of
from tod_bench.errors import UserError, did_you_mean, extra_needed
from tod_bench.files import cache_home, digest_of, digest_of_files, full_disk_explained
from tod_bench.judge.labelled import GOEMOTIONS, Labelled, labelled_file, training_texts
from tod_bench.progress import progress
from tod_metrics.base import FloatArray
from tod_metrics.judge.ratings import EMOTIONS

CLASSIFIER = "classifier"
"""Model name of the classifier that is taken where none is named: `DEFAULT_KIND`."""

KINDS = ("minilm", "tfidf", "majority")
"""The classifiers; a config names one as ``classifier-minilm``."""

DEFAULT_KIND = "tfidf"
"""The most accurate on GoEmotions' test set (58%, MiniLM 53%, see ``results/judges``), and the same whatever is
installed."""

STRENGTH = {"minilm": 4.0, "tfidf": 2.0}
"""Inverse strength of the L2 penalty."""

CHUNK = 1024
"""Texts that are embedded at a time."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A label and the probability that the classifier gives it, 0 to 1."""

    label: str
    probability: float


class EmotionClassifier(ABC):
    """A trained classifier.

    Attributes:
        name: ``classifier-KIND@DIGEST``: what it is and what it was made from.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def guesses(self, texts: Sequence[str]) -> list[Guess]:
        """The likeliest label of each text."""


def is_classifier(model: str) -> bool:
    """Whether a model's name is a classifier's."""
    return model == CLASSIFIER or model.startswith(f"{CLASSIFIER}-")


def kind_of(model: str) -> str:
    """Which classifier a model's name means.

    Raises:
        UserError: There is none of that name.
    """
    if model == CLASSIFIER:
        return DEFAULT_KIND
    kind = model.removeprefix(f"{CLASSIFIER}-")
    if kind not in KINDS:
        names = [f"{CLASSIFIER}-{name}" for name in KINDS]
        raise UserError(f"there is no judge {model!r}{did_you_mean(model, names)}; there are {', '.join(names)}")
    return kind


def load_classifier(model: str, trained_on: str | None = None) -> EmotionClassifier:
    """The classifier that a config names, trained now where that has not been done yet.

    Args:
        model: Its name, see `CLASSIFIER` and `KINDS`.
        trained_on: A file of labelled texts or a part of GoEmotions (see `tod_bench.judge.labelled`); its ``train.tsv``
            where None.

    Raises:
        UserError: There is no such classifier, or the texts cannot be read.
        MissingExtraError: scikit-learn or the encoder is not installed.
    """
    path = labelled_file(trained_on or GOEMOTIONS, "train")
    return _loaded(kind_of(model), path, digest_of_files([path]))


@lru_cache(maxsize=4)
def _loaded(kind: str, path: Path, content: str) -> EmotionClassifier:
    if kind == "majority":
        counts = Counter(label for one in training_texts(path) for label in one.labels)
        return Majority(f"{CLASSIFIER}-majority@{content[:8]}", counts)
    with extra_needed("judge", f"the judge {CLASSIFIER}-{kind}"):
        import sklearn  # noqa: F401
    made_from = [kind, STRENGTH[kind], content, version("scikit-learn"), *([version_of("minilm")] * (kind == "minilm"))]
    digest = digest_of(made_from)
    file = cache_home() / "judges" / f"{CLASSIFIER}-{kind}-{digest[:16]}.npz"
    if not file.exists():
        _save(file, _trained(kind, training_texts(path)))
    with np.load(file, allow_pickle=False) as kept:
        return _Linear(f"{CLASSIFIER}-{kind}@{digest[:8]}", dict(kept))


class Majority(EmotionClassifier):
    """Always the most frequent label of the training texts."""

    def __init__(self, name: str, counts: Counter[str]) -> None:
        super().__init__(name)
        label = max(EMOTIONS, key=lambda label: counts[label])
        self._guess = Guess(label, counts[label] / counts.total())

    def guesses(self, texts: Sequence[str]) -> list[Guess]:
        """The same for each text."""
        return [self._guess] * len(texts)


class _Linear(EmotionClassifier):
    """Logistic regression, from its weights."""

    def __init__(self, name: str, kept: dict[str, Any]) -> None:
        super().__init__(name)
        self._weights, self._offsets = kept["weights"], kept["offsets"]
        self._labels = [str(label) for label in kept["labels"]]
        self._terms = _TfIdf(kept["terms"], kept["rarity"]) if "terms" in kept else None

    def guesses(self, texts: Sequence[str]) -> list[Guess]:
        """The likeliest label of each text."""
        found: list[Guess] = []
        for start in range(0, len(texts), CHUNK):
            chunk = texts[start : start + CHUNK]
            features = (
                encode("minilm", chunk, cache_home() / "judges" / "vectors")
                if self._terms is None
                else self._terms.features(chunk)
            )
            scores = np.asarray(features @ self._weights.T) + self._offsets
            exact = np.exp(scores - scores.max(axis=1, keepdims=True))
            shares = exact / exact.sum(axis=1, keepdims=True)
            found += [Guess(self._labels[row.argmax()], float(row.max())) for row in shares]
        return found


class _TfIdf:
    """TF-IDF of known terms: sublinear counts, rows of length 1."""

    def __init__(self, terms: Sequence[str], rarity: FloatArray) -> None:
        self._vectorizer = _vectorizer(vocabulary={str(term): place for place, term in enumerate(terms)})
        self._vectorizer.idf_ = np.asarray(rarity)

    def features(self, texts: Sequence[str]) -> Any:
        """A sparse matrix of shape (texts, terms)."""
        return self._vectorizer.transform(texts)


def _vectorizer(**given: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    # Single letters and marks count: "I", "!", ":(" say much of an emotion.
    return TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]+", **given)


def _trained(kind: str, texts: Sequence[Labelled]) -> dict[str, Any]:
    """What `_Linear` is made from."""
    from sklearn.linear_model import LogisticRegression

    pairs = [(place, label) for place, one in enumerate(texts) for label in sorted(one.labels)]
    rows, labels = [place for place, _ in pairs], [label for _, label in pairs]
    if len(set(labels)) < 2:
        raise UserError("a classifier needs training texts with at least two labels; give judge.trained_on more")
    features, kept = _features(kind, [one.text for one in texts])
    with progress(f"training {CLASSIFIER}-{kind}", unit="classifiers"):
        model = LogisticRegression(C=STRENGTH[kind], max_iter=300, tol=1e-3).fit(features[rows], labels)
    weights, offsets = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # two classes have one row of weights, that of the second
        weights, offsets = np.vstack([-weights, weights]) / 2, np.concatenate([-offsets, offsets]) / 2
    return {**kept, "weights": weights, "offsets": offsets, "labels": np.array(model.classes_, dtype=str)}


def _features(kind: str, texts: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """The training texts' features, and what is needed to make those of other texts."""
    if kind == "tfidf":
        vectorizer = _vectorizer(min_df=min(3, max(1, len(texts) // 1000)))
        features = vectorizer.fit_transform(texts)
        return features, {"terms": np.array(vectorizer.get_feature_names_out(), dtype=str), "rarity": vectorizer.idf_}
    return encode("minilm", texts, cache_home() / "judges" / "vectors"), {}


def _save(file: Path, kept: dict[str, Any]) -> None:
    """Writes a classifier so that a kill leaves either all of it or none."""
    partial = file.with_name(f".{file.name}.{os.getpid()}.part")
    with full_disk_explained(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as raw:
            np.savez_compressed(raw, **kept)
        partial.replace(file)
