"""Distinct n-grams: their number, and their share of the tokens (distinct-n)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tod_metrics.base import CorpusMetric, Signature
from tod_metrics.items import ResponseItem
from tod_metrics.style.richness import RichnessMetric, ngram_types


@dataclass(frozen=True)
class DistinctNgrams(RichnessMetric, CorpusMetric[ResponseItem]):
    """Number of distinct n-grams in all responses (a corpus metric without an interval).

    Attributes:
        order: n, 1 to 3.
    """

    order: int = 1

    name: ClassVar[str] = "distinct_ngrams"

    @property
    def signature(self) -> Signature:
        """Protocol, tokeniser and order."""
        shared = super().signature
        return Signature(self.name, {**shared.options, "order": str(self.order)})

    def score_corpus(self, items: Sequence[ResponseItem]) -> float:
        """The number of types."""
        return float(len(ngram_types(self.tokens(items), self.order)))


@dataclass(frozen=True)
class DistinctRatio(DistinctNgrams):
    """Distinct-n: distinct n-grams per 100 tokens (Li et al. 2016; a corpus metric without an interval)."""

    name: ClassVar[str] = "distinct_ratio"
    percent: ClassVar[bool] = True

    def score_corpus(self, items: Sequence[ResponseItem]) -> float:
        """100 times types per token; NaN for no tokens."""
        tokens = self.tokens(items)
        total = sum(map(len, tokens))
        return 100.0 * len(ngram_types(tokens, self.order)) / total if total else float("nan")
