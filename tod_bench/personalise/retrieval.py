"""Which of a venue's texts go with what a user said: the three that are most like it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from tod_bench.embeddings import BM25, Similarity, similarity_of, version_of
from tod_bench.personalise.styling import ReviewText

MOST = 3
"""Texts that a turn is given, as in the released code."""


@dataclass(frozen=True)
class Retrieval:
    """Ranks texts by their likeness to an utterance.

    Attributes:
        encoder: ``bm25``, or a sentence encoder: ``minilm`` or the package that has it, a hub name, a folder.
        folder: Where vectors are kept, so that each text is embedded once.
    """

    encoder: str
    folder: Path
    _similarity: "dict[tuple[str, ...], Similarity]" = field(default_factory=dict, compare=False, repr=False)

    @property
    def identity(self) -> str:
        """What computes the likeness: the encoder's weights by their digest, or the library's version.

        Raises:
            UserError: The encoder is not here and cannot be had.
        """
        return _identity(self.encoder)

    def best(self, utterance: str, texts: Sequence[ReviewText]) -> tuple[ReviewText, ...]:
        """The three texts that are most like an utterance, the likest first; of fewer than three all, unranked.

        Each has its cosine with the utterance (the dot product of vectors of length 1); under BM25, whose scores are no
        cosines, there is the order alone.

        Args:
            utterance: What the user said.
            texts: A venue's texts.

        Raises:
            UserError: The encoder is not here and cannot be had.
        """
        if len(texts) < MOST:
            return tuple(texts)
        return self.ranked(utterance, texts)[:MOST]

    def ranked(self, utterance: str, texts: Sequence[ReviewText]) -> tuple[ReviewText, ...]:
        """All texts, the likest first; texts that are as like in their own order."""
        likeness = [float(one) for one in self._of(tuple(text.text for text in texts)).to_query(utterance)]
        order = sorted(range(len(texts)), key=lambda index: (-likeness[index], index))
        if self.encoder == BM25:
            return tuple(texts[index] for index in order)
        return tuple(replace(texts[index], cosine=round(likeness[index], COSINE_DIGITS)) for index in order)

    def _of(self, texts: tuple[str, ...]) -> Similarity:
        if texts not in self._similarity:
            self._similarity[texts] = similarity_of(self.encoder, texts, self.folder)
        return self._similarity[texts]


COSINE_DIGITS = 4
"""Digits of a cosine in a row: the last ones differ from machine to machine."""


@lru_cache(maxsize=4)
def _identity(encoder: str) -> str:
    return version_of(encoder)
