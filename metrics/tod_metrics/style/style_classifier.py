"""A classifier that reads a user's attributes off what a system said to them: TF-IDF and logistic regression.

    gold responses of a training split, a text a dialogue ──`train_classifier`──▶ StyleClassifier ──▶ log-probabilities

Words (one and two) and characters (two to four, within words), an own model for each attribute (scikit-learn, of the
extra ``style``). Nothing in it is random: the same texts give the same classifier. Every fifth dialogue is held out;
how often the classifier reads it right is part of the classifier.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tod_metrics.base import FloatArray
from tod_metrics.errors import extra_needed

ATTRIBUTES = ("age", "gender", "formality", "emotion")
"""What is read off texts, as far as the training texts' users have it."""

HELD_OUT = 5
"""One text in so many is held out."""

_VERSION = 1
_FEATURES: Mapping[str, Mapping[str, Any]] = {
    "words": {"ngram_range": (1, 2), "sublinear_tf": True, "min_df": 2, "max_features": 10_000},
    "characters": {
        "analyzer": "char_wb",
        "ngram_range": (2, 4),
        "sublinear_tf": True,
        "min_df": 2,
        "max_features": 10_000,
    },
}
_REGRESSION: Mapping[str, Any] = {"C": 10.0, "max_iter": 300}

Groups: TypeAlias = Sequence[Mapping[str, str]]
"""The attributes of the user of each text; those that are not known are left out, empty or ``unknown``."""


@dataclass(frozen=True, slots=True)
class AttributeModel:
    """The model of one attribute.

    Attributes:
        classes: Its values, sorted.
        prior: Share of each among the training texts, of shape (classes,).
        weights: Of shape (classes, features).
        intercept: Of shape (classes,).
        right: Number of held-out texts that it reads right.
        held_out: Number of held-out texts.
    """

    classes: tuple[str, ...]
    prior: FloatArray
    weights: FloatArray
    intercept: FloatArray
    right: int
    held_out: int


@dataclass(frozen=True, slots=True, eq=False)
class StyleClassifier:
    """The classifier.

    Attributes:
        version: What it is, with the digest of its texts, labels, settings and of scikit-learn's version.
        trained: Number of texts that it was trained on.
        vocabularies: Kind of features -> n-grams, and their inverse document frequencies.
        models: Attribute -> its model.
    """

    version: str
    trained: int
    vocabularies: Mapping[str, tuple[Sequence[str], FloatArray]]
    models: Mapping[str, AttributeModel]
    _known: dict[tuple[str, str], FloatArray] = field(default_factory=dict, repr=False)

    def log_probabilities(self, attribute: str, texts: Sequence[str]) -> FloatArray:
        """Log-probability of each value of an attribute, of shape (texts, classes), in the order of `classes`."""
        model = self.models[attribute]
        new = [text for text in dict.fromkeys(texts) if (attribute, text) not in self._known]
        if new:
            logits = np.asarray(self._features(new) @ model.weights.T) + model.intercept
            highest = logits.max(axis=1, keepdims=True)
            rows = logits - highest - np.log(np.exp(logits - highest).sum(axis=1, keepdims=True))
            self._known.update({(attribute, text): row for text, row in zip(new, rows, strict=True)})
        return np.array([self._known[attribute, text] for text in texts]).reshape(-1, len(model.classes))

    def read(self, attribute: str, texts: Sequence[str]) -> list[str]:
        """The likeliest value of an attribute for each text."""
        classes = self.models[attribute].classes
        return [classes[place] for place in self.log_probabilities(attribute, texts).argmax(axis=1)]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything in it as arrays without objects, for `numpy.savez`."""
        about = {
            "version": self.version,
            "trained": self.trained,
            "models": {
                name: {"classes": model.classes, "right": model.right, "held_out": model.held_out}
                for name, model in self.models.items()
            },
        }
        arrays: dict[str, NDArray[Any]] = {"about": np.array(json.dumps(about))}
        for kind, (grams, frequencies) in self.vocabularies.items():
            arrays |= {f"{kind}/grams": np.array(json.dumps(list(grams))), f"{kind}/idf": frequencies}
        for name, model in self.models.items():
            arrays |= {f"{name}/{part}": getattr(model, part) for part in ("prior", "weights", "intercept")}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "StyleClassifier":
        """The classifier of `to_arrays`."""
        about = json.loads(str(arrays["about"]))
        models = {
            name: AttributeModel(
                classes=tuple(model["classes"]),
                prior=arrays[f"{name}/prior"],
                weights=arrays[f"{name}/weights"],
                intercept=arrays[f"{name}/intercept"],
                right=model["right"],
                held_out=model["held_out"],
            )
            for name, model in about["models"].items()
        }
        vocabularies = {kind: (json.loads(str(arrays[f"{kind}/grams"])), arrays[f"{kind}/idf"]) for kind in _FEATURES}
        return cls(about["version"], about["trained"], vocabularies, models)

    def _features(self, texts: Sequence[str]) -> Any:
        from scipy.sparse import hstack

        with extra_needed("style", "style_accuracy"):
            from sklearn.feature_extraction.text import TfidfVectorizer
        parts = []
        for kind, (grams, frequencies) in self.vocabularies.items():
            vocabulary = {gram: place for place, gram in enumerate(grams)}
            vectorizer = TfidfVectorizer(**_FEATURES[kind], vocabulary=vocabulary)
            vectorizer.idf_ = frequencies
            parts.append(vectorizer.transform(texts))
        return hstack(parts).tocsr()


def train_classifier(texts: Sequence[str], groups: Groups) -> StyleClassifier:
    """Trains the classifier.

    Args:
        texts: A text a dialogue: its gold responses (`tod_metrics.style.whole_dialogues.joined`).
        groups: The attributes of each dialogue's user.

    Raises:
        ValueError: There are fewer than ten texts, or no attribute has two values among them.
        MissingExtraError: scikit-learn is not installed.
    """
    if len(texts) < 2 * HELD_OUT:
        raise ValueError(f"a classifier of styles needs at least {2 * HELD_OUT} dialogues to learn from")
    from scipy.sparse import hstack

    with extra_needed("style", "style_accuracy"):
        from sklearn.feature_extraction.text import TfidfVectorizer
    places = [place for place in range(len(texts)) if place % HELD_OUT]
    vectorizers = {kind: TfidfVectorizer(**settings) for kind, settings in _FEATURES.items()}
    learned = hstack([v.fit_transform([texts[place] for place in places]) for v in vectorizers.values()]).tocsr()
    vocabularies = {
        kind: (tuple(map(str, vectorizer.get_feature_names_out())), np.asarray(vectorizer.idf_))
        for kind, vectorizer in vectorizers.items()
    }
    classifier = StyleClassifier(classifier_version(texts, groups), len(places), vocabularies, {})
    models = {}
    for attribute in ATTRIBUTES:
        labels = [known(group, attribute) for group in groups]
        model = _model([labels[place] for place in places], learned)
        if model is not None:
            held_out = [place for place in range(0, len(texts), HELD_OUT) if labels[place]]
            models[attribute] = _tested(classifier, attribute, model, [(texts[p], labels[p]) for p in held_out])
    if not models:
        raise ValueError("no attribute of users has two values among the dialogues, so there is no style to learn")
    return StyleClassifier(classifier.version, classifier.trained, vocabularies, models)


def classifier_version(texts: Sequence[str], groups: Groups) -> str:
    """What a classifier trained on these is: its kind, scikit-learn's version and a digest of all that decides it.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    with extra_needed("style", "style_accuracy"):
        from sklearn import __version__ as sklearn
    labels = [[known(group, attribute) for attribute in ATTRIBUTES] for group in groups]
    features = {kind: dict(settings) for kind, settings in _FEATURES.items()}
    inputs = json.dumps([_VERSION, HELD_OUT, features, dict(_REGRESSION), list(texts), labels], ensure_ascii=False)
    digest = hashlib.sha256(inputs.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"tfidf-logreg sklearn{sklearn} {digest}"


def known(group: Mapping[str, str], attribute: str) -> str:
    """The value of an attribute; empty where it is not known."""
    value = group.get(attribute, "")
    return "" if value == "unknown" else value


def _model(labels: Sequence[str], features: Any) -> AttributeModel | None:
    """The model of the texts whose label is known, as yet without what it holds out; None for fewer than two labels."""
    from sklearn.linear_model import LogisticRegression

    places = [place for place, label in enumerate(labels) if label]
    counts = Counter(labels[place] for place in places)
    if len(counts) < 2:
        return None
    fitted = LogisticRegression(**_REGRESSION).fit(features[places], [labels[place] for place in places])
    weights, intercept = fitted.coef_, fitted.intercept_
    if len(weights) == 1:
        # Two classes share one row of weights, which is that of the second against the first.
        weights, intercept = np.vstack([0 * weights, weights]), np.array([0.0, intercept[0]])
    classes = tuple(map(str, fitted.classes_))
    prior = np.array([counts[name] / len(places) for name in classes])
    return AttributeModel(classes, prior, weights, intercept, 0, 0)


def _tested(
    classifier: StyleClassifier, attribute: str, model: AttributeModel, held_out: Sequence[tuple[str, str]]
) -> AttributeModel:
    """A model with how many held-out texts it reads right."""
    whole = StyleClassifier(classifier.version, classifier.trained, classifier.vocabularies, {attribute: model})
    read = whole.read(attribute, [text for text, _ in held_out])
    right = sum(value == label for value, (_, label) in zip(read, held_out, strict=True))
    return AttributeModel(model.classes, model.prior, model.weights, model.intercept, right, len(held_out))
