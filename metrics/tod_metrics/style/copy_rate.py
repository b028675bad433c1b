"""Copy rate: how much of what is said of the user does a system say back to them?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from tod_metrics.base import Annotation, FloatArray, Metric, Signature, percentage
from tod_metrics.errors import extra_needed
from tod_metrics.items import ResponseItem
from tod_metrics.style.style_classifier import ATTRIBUTES, known
from tod_metrics.style.whole_dialogues import WholeDialogue, whole_dialogues

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclass(frozen=True)
class CopyRate(Metric[ResponseItem]):
    """Copy rate: share of the content words of the user's impression and attributes that the responses say, in %.

    A word of a user counts once a dialogue, whichever of its responses says it. Words that the task brings along count
    like any other: set the number beside that of the corpus's own responses.
    """

    item: ClassVar[type] = ResponseItem
    name: ClassVar[str] = "copy_rate"
    columns: ClassVar[tuple[str, ...]] = ("copied", "words", "dialogues")
    denominator: ClassVar[str] = "dialogues"
    libraries: ClassVar[tuple[str, ...]] = ("scikit-learn",)
    annotations: ClassVar[tuple[Annotation, ...]] = ("responses", "personas")
    higher_is_better: ClassVar[bool | None] = None

    @property
    def signature(self) -> Signature:
        """What words are, which are left out, and the unit."""
        return Signature(
            self.name,
            {
                "words": "letters",
                "case": "lower",
                "stop": f"sklearn{_sklearn_version()}-english",
                "attributes": "+".join(ATTRIBUTES),
                "unit": "dialogue",
            },
        )

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """In the row of a dialogue's first item: words copied, words of the user, and 1; zeros elsewhere."""
        dialogues = whole_dialogues(items)
        return _statistics(len(items), dialogues, [dialogue.response for dialogue in dialogues])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of the users' words; NaN where they have none."""
        return percentage(sums[..., 0], sums[..., 1])

    def remarks(self, items: Sequence[ResponseItem]) -> tuple[str, ...]:
        """The copy rate of the corpus's own responses, and users without words."""
        dialogues = whole_dialogues(items)
        own = _statistics(len(items), dialogues, [dialogue.reference for dialogue in dialogues]).sum(axis=0)
        said = (
            [f"over all dialogues: the corpus's own responses copy {float(self.aggregate(own)):.1f}%"] if own[1] else []
        )
        lacking = sum(not dialogue.impression.strip() for dialogue in dialogues)
        if lacking:
            said.append(f"{lacking} of {len(dialogues)} users have no impression; only their attributes count")
        return tuple(said)


def persona_words(impression: str, group: Mapping[str, str]) -> frozenset[str]:
    """The content words of an impression and of the known attributes of a user, in lower case.

    Raises:
        MissingExtraError: scikit-learn, whose list of stop words it is, is not installed.
    """
    attributes = (known(group, attribute) for attribute in ATTRIBUTES)
    return words_of(" ".join([impression, *attributes])) - _stop_words()


def words_of(text: str) -> frozenset[str]:
    """The words of a text in lower case: runs of letters, with apostrophes inside."""
    return frozenset(_WORD.findall(text.lower()))


def _statistics(size: int, dialogues: Sequence[WholeDialogue], texts: Sequence[str]) -> FloatArray:
    rows = np.zeros((size, 3))
    for dialogue, text in zip(dialogues, texts, strict=True):
        words = persona_words(dialogue.impression, dialogue.group)
        if words:
            rows[dialogue.place] = len(words & words_of(text)), len(words), 1.0
    return rows


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    with extra_needed("style", "copy_rate"):
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
    return frozenset(ENGLISH_STOP_WORDS)


def _sklearn_version() -> str:
    with extra_needed("style", "copy_rate"):
        from sklearn import __version__
    return str(__version__)
