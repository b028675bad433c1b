"""Style accuracy: does a classifier read the user's attributes off the responses?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from tod_metrics.base import Annotation, FloatArray, Metric, Signature, percentage
from tod_metrics.items import ResponseItem
from tod_metrics.style.copy_rate import CopyRate
from tod_metrics.style.displacement import PROFILE
from tod_metrics.style.style_classifier import ATTRIBUTES, StyleClassifier, known
from tod_metrics.style.whole_dialogues import WholeDialogue, whole_dialogues

Attribute: TypeAlias = Literal["mean", "age", "gender", "formality", "emotion"]


@dataclass(frozen=True)
class StyleAccuracy(Metric[ResponseItem]):
    """Style accuracy: share of dialogues off whose responses a classifier reads the user's attribute, in %.

    All responses of a dialogue are one text, for a user is one a dialogue, and a greeting is said once. A dialogue
    without a word is wrong. The classifier is trained on gold responses; it knows the styles of that corpus alone.

    Attributes:
        style_classifier: The classifier.
        attribute: Which attribute; ``mean`` is the mean of age, formality and emotion.
    """

    style_classifier: StyleClassifier
    attribute: Attribute = "mean"

    item: ClassVar[type] = ResponseItem
    name: ClassVar[str] = "style_accuracy"
    columns: ClassVar[tuple[str, ...]] = (
        "dialogues",
        *(f"{what}_{attribute}" for attribute in ATTRIBUTES for what in ("right", "known")),
    )
    denominator: ClassVar[str] = "dialogues"
    needs: ClassVar[tuple[str, ...]] = ("style_classifier",)
    libraries: ClassVar[tuple[str, ...]] = ("scikit-learn",)
    annotations: ClassVar[tuple[Annotation, ...]] = ("responses", "personas")

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that it is the mean of."""
        return PROFILE if self.attribute == "mean" else (self.attribute,)

    @property
    def signature(self) -> Signature:
        """Attributes, unit and classifier."""
        return Signature(
            self.name,
            {
                "attribute": "+".join(self.attributes),
                "unit": "dialogue",
                "classifier": self.style_classifier.version,
                "trained": str(self.style_classifier.trained),
            },
        )

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """In the row of a dialogue's first item whether it counts, and for each attribute right and known."""
        dialogues = whole_dialogues(items)
        return self._statistics(len(items), dialogues, [dialogue.response for dialogue in dialogues])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of right ones, the mean over the attributes; NaN where one of them is never known."""
        of_each = [
            percentage(sums[..., self.columns.index(f"right_{name}")], sums[..., self.columns.index(f"known_{name}")])
            for name in self.attributes
        ]
        return np.asarray(np.mean(of_each, axis=0))

    def remarks(self, items: Sequence[ResponseItem]) -> tuple[str, ...]:
        """Floors, ceiling and copy rate, how well the classifier reads at all, and what is not known."""
        dialogues = whole_dialogues(items)
        own = self._statistics(len(items), dialogues, [dialogue.reference for dialogue in dialogues]).sum(axis=0)
        copied = CopyRate().score(items)
        said = []
        if np.isfinite(ceiling := float(self.aggregate(own))):
            floors = [self._floors(name, dialogues) for name in self.attributes]
            majority, shuffled = (float(np.mean([pair[place] for pair in floors])) for place in (0, 1))
            copying = f"; {copied:.1f}% of the words of impressions are copied" if np.isfinite(copied) else ""
            said.append(
                f"over all dialogues: floors {majority:.1f} (the most frequent value) and {shuffled:.1f} (the same "
                f"responses, users shuffled); ceiling {ceiling:.1f} (the corpus's own responses){copying}"
            )
        said += self._held_out()
        for name in self.attributes:
            lacking = sum(not self._label(name, dialogue) for dialogue in dialogues)
            if lacking:
                said.append(
                    f"{lacking} of {len(dialogues)} users have no {name} that the classifier knows and do not count"
                )
        return tuple(said)

    def _statistics(self, size: int, dialogues: Sequence[WholeDialogue], texts: Sequence[str]) -> FloatArray:
        rows = np.zeros((size, len(self.columns)))
        for name in self.attributes:
            counted = [(d, text) for d, text in zip(dialogues, texts, strict=True) if self._label(name, d)]
            read = self.style_classifier.read(name, [text for _, text in counted]) if counted else []
            for (dialogue, text), value in zip(counted, read, strict=True):
                right = bool(text) and value == self._label(name, dialogue)
                rows[dialogue.place, self.columns.index(f"right_{name}")] = right
                rows[dialogue.place, self.columns.index(f"known_{name}")] = 1.0
                rows[dialogue.place, 0] = 1.0
        return rows

    def _label(self, attribute: str, dialogue: WholeDialogue) -> str:
        """The user's attribute; empty where it is not known, or never occurred in training."""
        model = self.style_classifier.models.get(attribute)
        label = known(dialogue.group, attribute)
        return label if model is not None and label in model.classes else ""

    def _floors(self, attribute: str, dialogues: Sequence[WholeDialogue]) -> tuple[float, float]:
        """Share right of always saying training's most frequent value, and expected of users in random order, in %."""
        model = self.style_classifier.models[attribute]
        counted = [dialogue for dialogue in dialogues if self._label(attribute, dialogue)]
        labels = Counter(self._label(attribute, dialogue) for dialogue in counted)
        texts = [dialogue.response for dialogue in counted if dialogue.response]
        read = Counter(self.style_classifier.read(attribute, texts) if texts else [])
        majority = labels[model.classes[int(model.prior.argmax())]] / len(counted)
        shuffled = sum(read[value] * labels[value] for value in labels) / len(counted) ** 2
        return 100 * majority, 100 * shuffled

    def _held_out(self) -> list[str]:
        models = {name: self.style_classifier.models.get(name) for name in self.attributes}
        shares = [
            f"{name} of {100 * model.right / model.held_out:.1f}%"
            for name, model in models.items()
            if model is not None and model.held_out
        ]
        sizes = max((model.held_out for model in models.values() if model is not None), default=0)
        lacking = [name for name, model in models.items() if model is None]
        said = [f"the classifier reads {', '.join(shares)} of {sizes} held-out training dialogues"] if shares else []
        untested = [name for name, model in models.items() if model is not None and not model.held_out]
        if untested:
            said.append(
                f"no held-out training dialogue says {' or '.join(untested)}, so how well it is read is unknown"
            )
        if lacking:
            said.append(f"the training split does not tell users apart by {', '.join(lacking)}, so it is undefined")
        return said
