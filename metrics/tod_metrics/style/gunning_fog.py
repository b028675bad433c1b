"""Gunning fog: years of schooling that a reader needs, after textstat.

    fog = 0.4 * (words / sentences + 100 * difficult words / words)            (Gunning 1952)

textstat calls a word difficult when it has at least 3 syllables and is not in its list of easy words. Where it counts
syllables has changed: Pyphen's hyphenation in 0.7.4, a packaged CMU dictionary in 0.7.7, NLTK's copy of it, downloaded
on first use, in 0.7.10. Here the source is chosen by name, is the same on every machine, and is never downloaded.

On one short turn the formula is noisy (one long word of five gives 42 years), so the score of whole dialogues, their
responses joined, is offered beside the mean over responses.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from tod_metrics.base import FloatArray, Metric, Signature, ratio
from tod_metrics.errors import extra_needed
from tod_metrics.items import ResponseItem

Syllables: TypeAlias = Literal["pyphen", "cmudict"]


@dataclass(frozen=True)
class GunningFog(Metric[ResponseItem]):
    """Mean Gunning fog of responses, in years of schooling; neither high nor low is better.

    Attributes:
        protocol: ``tod_bench`` leaves out responses without a word; ``picpersona``, as the released analysis, counts
            them as 0, which is what textstat answers.
        syllables: ``pyphen``, which ships with textstat, or ``cmudict``, which needs NLTK's data.
    """

    protocol: Literal["tod_bench", "picpersona"] = "tod_bench"
    syllables: Syllables = "pyphen"

    item: ClassVar[type] = ResponseItem
    name: ClassVar[str] = "gunning_fog"
    unit: ClassVar[str] = "response"
    protocols: ClassVar[tuple[str, ...]] = ("tod_bench", "picpersona")
    columns: ClassVar[tuple[str, ...]] = ("years", "texts")
    denominator: ClassVar[str] = "texts"
    percent: ClassVar[bool] = False
    higher_is_better: ClassVar[bool | None] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.syllables not in ("pyphen", "cmudict"):
            raise ValueError(f"{self.syllables!r} is no source of syllables; choose pyphen or cmudict")

    @property
    def signature(self) -> Signature:
        """Protocol, unit, textstat's version, and the source of syllables with its version."""
        pyphen = _version("pyphen")
        source = pyphen if self.syllables == "pyphen" else f"cmudict+{pyphen}"
        options = {"protocol": self.protocol, "unit": self.unit, "impl": _version("textstat"), "syllables": source}
        return Signature(self.name, options)

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """Years and number of texts; a dialogue's stand at its first item.

        Raises:
            ValueError: textstat, or the dictionary asked for, is not installed.
        """
        fog = _fog(self.syllables)
        rows = np.zeros((len(items), 2))
        for position, text in _texts(items) if self.unit == "response" else _dialogues(items):
            if _has_word(text):
                rows[position] = fog(text), 1.0
            elif self.protocol == "picpersona":
                rows[position, 1] = 1.0
        return rows

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Mean years; NaN where there is no text."""
        return ratio(sums[..., 0], sums[..., 1])


@dataclass(frozen=True)
class GunningFogDialogue(GunningFog):
    """Mean Gunning fog of whole dialogues, their responses joined by blanks in turn order, in years of schooling."""

    name: ClassVar[str] = "gunning_fog_dialogue"
    unit: ClassVar[str] = "dialogue"


def _texts(items: Sequence[ResponseItem]) -> list[tuple[int, str]]:
    return [(position, item.response) for position, item in enumerate(items)]


def _dialogues(items: Sequence[ResponseItem]) -> list[tuple[int, str]]:
    first: dict[str, int] = {}
    turns: dict[str, list[tuple[int, str]]] = {}
    for position, item in enumerate(items):
        first.setdefault(item.dialogue_id, position)
        turns.setdefault(item.dialogue_id, []).append((item.turn, item.response))
    return [(first[dialogue], " ".join(text for _, text in sorted(turns[dialogue]))) for dialogue in turns]


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)


@cache
def _fog(syllables: Syllables) -> Callable[[str], float]:
    """The function of textstat, with an object of our own so that nobody else's language setting is touched."""
    with extra_needed("style", "Gunning fog"):
        from textstat.textstat import textstatistics
    if syllables == "cmudict":
        _require_cmudict()
    counter = textstatistics()
    # textstat consults the CMU dictionary for "en" and "en_*" alone. Pyphen reads "en-US" as "en_US" all the same,
    # and everything else textstat knows of English is its default.
    counter.set_lang("en_US" if syllables == "cmudict" else "en-US")

    @lru_cache(maxsize=200_000)
    def fog(text: str) -> float:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="There is no easy words vocabulary for en-US")
            return float(counter.gunning_fog(text))

    return fog


def _require_cmudict() -> None:
    with extra_needed("style", "the CMU dictionary"):
        import nltk

    try:
        nltk.data.find("corpora/cmudict")
    except LookupError:
        raise ValueError(
            "the CMU dictionary is not installed; fetch it with `python -m nltk.downloader cmudict`, "
            "or count syllables with syllables='pyphen', which needs no download"
        ) from None


def _version(package: str) -> str:
    from importlib.metadata import version

    with extra_needed("style", "Gunning fog"):
        return f"{package}{version(package)}"
