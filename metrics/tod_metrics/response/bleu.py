"""Corpus BLEU as nltk computes it, from n-gram counts of single responses.

BLEU (Papineni et al. 2002) is the brevity penalty times the geometric mean of the clipped n-gram precisions, n = 1..4,
each over the whole corpus. nltk's peculiarities are kept, so that the score equals its `corpus_bleu` with the same
tokens and smoothing: a response too short for any n-gram still adds 1 to the denominator of that order, and without
smoothing (`method0`) an order without a single match makes the score 0 to many decimals, not exactly.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from tod_metrics.base import FloatArray, Metric, Signature
from tod_metrics.items import ResponseItem
from tod_metrics.response.tokenization import TokenizerName, tokenizer, tokenizer_version

Smoothing: TypeAlias = Literal["method0", "method1", "method2", "method3"]
ORDER = 4
COLUMNS = (
    *(f"matches_{n}" for n in range(1, ORDER + 1)),
    *(f"total_{n}" for n in range(1, ORDER + 1)),
    "response_length",
    "reference_length",
)
"""Sufficient statistics of BLEU."""

EPSILON = 0.1
"""What `method1` adds to a numerator of 0; nltk's default."""


@dataclass(frozen=True)
class NltkBleu(Metric[ResponseItem]):
    """Corpus BLEU of responses against one reference each, as nltk has it, 0 to 100.

    Attributes:
        tokens: Tokeniser of both sides (see `tod_metrics.response.tokenization`).
        smoothing: nltk's smoothing: ``method0`` none, ``method1`` 0.1 for a numerator of 0, ``method2`` one added to
            both counts beyond unigrams (Lin and Och 2004), ``method3`` NIST's halving (Chen and Cherry 2014).
        lowercase: Whether both sides are lower-cased first.
    """

    tokens: TokenizerName = "nltk"
    smoothing: Smoothing = "method0"
    lowercase: bool = False

    item: ClassVar[type] = ResponseItem
    name: ClassVar[str] = "bleu"
    columns: ClassVar[tuple[str, ...]] = COLUMNS

    def __post_init__(self) -> None:
        tokenizer(self.tokens)
        if self.smoothing not in _SMOOTHERS:
            raise ValueError(f"there is no BLEU smoothing {self.smoothing!r}; choose one of {', '.join(_SMOOTHERS)}")

    @property
    def signature(self) -> Signature:
        """Tokeniser with its version, smoothing and case."""
        options = {"impl": "nltk", "tok": tokenizer_version(self.tokens), "smooth": self.smoothing}
        return Signature(self.name, {**options, "case": "lower" if self.lowercase else "mixed"})

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """Clipped matches and totals of each order, and both lengths in tokens."""
        cut = tokenizer(self.tokens)
        rows = np.zeros((len(items), len(self.columns)))
        for row, item in zip(rows, items, strict=True):
            response, reference = item.response, item.reference
            if self.lowercase:
                response, reference = response.lower(), reference.lower()
            row[:] = bleu_counts(cut(response), cut(reference))
        return rows

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """BLEU of summed counts."""
        matches, totals = sums[..., :ORDER], sums[..., ORDER : 2 * ORDER]
        length, reference = sums[..., -2], sums[..., -1]
        with np.errstate(divide="ignore", invalid="ignore"):
            precisions = _SMOOTHERS[self.smoothing](matches, np.maximum(totals, 1.0))
            score = brevity_penalty(length, reference) * np.exp(np.log(precisions).sum(-1) / ORDER)
        score = np.where(matches[..., 0] == 0, 0.0, score)
        return np.where(length + reference == 0, np.nan, 100.0 * score)


def bleu_counts(response: Sequence[str], reference: Sequence[str]) -> list[int]:
    """One response's row of `NltkBleu.statistics`."""
    matches, totals = [], []
    for n in range(1, ORDER + 1):
        ours, theirs = ngram_counts(response, n), ngram_counts(reference, n)
        matches.append(sum(min(count, theirs[gram]) for gram, count in ours.items() if gram in theirs))
        totals.append(max(1, len(response) - n + 1))
    return [*matches, *totals, len(response), len(reference)]


def ngram_counts(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """How often each n-gram stands in the tokens."""
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


def brevity_penalty(length: FloatArray, reference: FloatArray) -> FloatArray:
    """1 for a corpus at least as long as its references, else ``exp(1 - reference / length)``; 0 for an empty one."""
    safe = np.where(length == 0, 1.0, length)
    short: FloatArray = np.where(length == 0, 0.0, np.exp(1.0 - reference / safe))
    return np.where(length >= np.maximum(reference, 1.0), 1.0, short)


def _unsmoothed(matches: FloatArray, totals: FloatArray) -> FloatArray:
    return np.where(matches == 0, sys.float_info.min, matches / totals)


def _add_epsilon(matches: FloatArray, totals: FloatArray) -> FloatArray:
    return np.where(matches == 0, EPSILON / totals, matches / totals)


def _add_one(matches: FloatArray, totals: FloatArray) -> FloatArray:
    precisions = (matches + 1.0) / (totals + 1.0)
    precisions[..., 0] = matches[..., 0] / totals[..., 0]
    return precisions


def _halve(matches: FloatArray, totals: FloatArray) -> FloatArray:
    misses = np.cumsum(matches == 0, axis=-1)
    return np.where(matches == 0, 1.0 / (2.0**misses * totals), matches / totals)


_SMOOTHERS = {"method0": _unsmoothed, "method1": _add_epsilon, "method2": _add_one, "method3": _halve}
