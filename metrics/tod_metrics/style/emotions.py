"""Emotions of responses over GoEmotions' taxonomy: 27 emotions and neutral (Demszky et al. 2020).

Labels come from people, a file or a judge; here they are counted. The distribution of a group is one `EmotionShare` for
each label, and `emotion_counts` gives the table (dialogues x 28) that a permutation test between two corpora takes.

PicPersona-TOD's Table 2 prints two labels that the taxonomy does not have; they are read as its nearest, "apology" as
``remorse`` (which GoEmotions describes by regret) and "disappointed" as ``disappointment``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import ClassVar

import numpy as np

from tod_metrics.base import FloatArray, Metric, Signature, percentage

GOEMOTIONS: tuple[str, ...] = (
    *("admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire"),
    *("disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief"),
    *("joy", "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise"),
    "neutral",
)
"""The labels in the order of the released data, so that a label's place is its index there."""

PUBLISHED_NAMES: Mapping[str, str] = {"apology": "remorse", "disappointed": "disappointment"}
"""Names in use that the taxonomy does not have -> the label that they are read as."""


@dataclass(frozen=True, slots=True)
class EmotionItem:
    """The emotion of one response.

    Attributes:
        dialogue_id: The dialogue.
        turn: The turn's index.
        label: A label of `GOEMOTIONS` or a name in `PUBLISHED_NAMES`; empty where none could be told.
        group: Group of the user (age, image emotion, ...), by name of the grouping.
    """

    dialogue_id: str
    turn: int
    label: str
    group: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EmotionShare(Metric[EmotionItem]):
    """Share of labelled responses that have one emotion, in %.

    Attributes:
        emotion: The label, or a name in `PUBLISHED_NAMES`.
    """

    emotion: str = "neutral"

    item: ClassVar[type] = EmotionItem
    name: ClassVar[str] = "emotion_share"
    columns: ClassVar[tuple[str, ...]] = ("with_it", "labelled")
    denominator: ClassVar[str] = "labelled"
    higher_is_better: ClassVar[bool | None] = None

    def __post_init__(self) -> None:
        goemotions_label(self.emotion)

    @property
    def signature(self) -> Signature:
        """The label, and the name it was asked for by where that is another."""
        label = goemotions_label(self.emotion)
        asked = {"as": self.emotion} if self.emotion != label else {}
        return Signature(self.name, {"emotion": label, **asked, "taxonomy": "goemotions28"})

    def statistics(self, items: Sequence[EmotionItem]) -> FloatArray:
        """Whether each response has the emotion, and whether it has a label.

        Raises:
            ValueError: A label is not one of the taxonomy's.
        """
        wanted = goemotions_label(self.emotion)
        return np.array(
            [[bool(item.label) and goemotions_label(item.label) == wanted, bool(item.label)] for item in items],
            dtype=float,
        ).reshape(-1, 2)

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of labelled responses; NaN where there is none."""
        return percentage(sums[..., 0], sums[..., 1])


def goemotions_label(name: str) -> str:
    """The taxonomy's label for a name in any case.

    Raises:
        ValueError: There is no such label.
    """
    label = PUBLISHED_NAMES.get(name.strip().lower(), name.strip().lower())
    if label not in GOEMOTIONS:
        near = get_close_matches(label, GOEMOTIONS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; the labels are {', '.join(GOEMOTIONS)}"
        raise ValueError(f"{name!r} is not an emotion of GoEmotions{hint}")
    return label


def emotion_counts(items: Sequence[EmotionItem]) -> FloatArray:
    """How often each label stands in each dialogue, shape (dialogues, 28), dialogues in order of their first item."""
    rows: dict[str, FloatArray] = {}
    for item in items:
        row = rows.setdefault(item.dialogue_id, np.zeros(len(GOEMOTIONS)))
        if item.label:
            row[GOEMOTIONS.index(goemotions_label(item.label))] += 1.0
    return np.array(list(rows.values())).reshape(-1, len(GOEMOTIONS))
