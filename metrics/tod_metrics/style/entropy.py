"""Entropy of tokens, and of a token given the one before it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tod_metrics.base import CorpusMetric, FloatArray
from tod_metrics.items import ResponseItem
from tod_metrics.style.richness import Grams, RichnessMetric, by_dialogue, ngram_types


@dataclass(frozen=True)
class TokenEntropy(RichnessMetric, CorpusMetric[ResponseItem]):
    """Shannon entropy of tokens over all responses, in bits (a corpus metric with a jackknife interval)."""

    name: ClassVar[str] = "token_entropy"

    def score_corpus(self, items: Sequence[ResponseItem]) -> float:
        """``log2 N - sum(c log2 c) / N`` over the counts c of types, N their sum; NaN for no tokens."""
        return float(_entropy(*_sums(ngram_types(self.tokens(items), 1))))

    def leave_one_out(self, items: Sequence[ResponseItem]) -> FloatArray:
        """The entropy without each dialogue in turn, dialogues in order of their first item."""
        tokens = self.tokens(items)
        whole = ngram_types(tokens, 1)
        total, weighted = _sums(whole)
        parts = [ngram_types(part, 1) for part in by_dialogue(items, tokens)]
        return np.array([_entropy(total - part.total(), weighted - _change(whole, part)) for part in parts])


@dataclass(frozen=True)
class ConditionalEntropy(RichnessMetric, CorpusMetric[ResponseItem]):
    """Entropy of a token given the one before it, in bits (a corpus metric with a jackknife interval)."""

    name: ClassVar[str] = "conditional_entropy"

    def score_corpus(self, items: Sequence[ResponseItem]) -> float:
        """``-sum(p(h, w) log2(c(h, w) / c(h)))``, ``p(h, w) = c(h, w) / N`` with N tokens, as mwzeval has it."""
        tokens = self.tokens(items)
        return _conditional(ngram_types(tokens, 1), ngram_types(tokens, 2))

    def leave_one_out(self, items: Sequence[ResponseItem]) -> FloatArray:
        """The conditional entropy without each dialogue in turn, dialogues in order of their first item."""
        tokens = self.tokens(items)
        ones, twos = ngram_types(tokens, 1), ngram_types(tokens, 2)
        firsts, total = _firsts(twos), ones.total()
        bits = total * _conditional(ones, twos)
        found = []
        for part in by_dialogue(items, tokens):
            one, two = ngram_types(part, 1), ngram_types(part, 2)
            # The sum of c(h, w) (log c(h) - log c(h, w)) changes in the dialogue's own words and pairs only.
            lost = _change_of_firsts(ones, firsts, one, _firsts(two)) - _change(twos, two)
            rest = total - one.total()
            found.append((bits - lost) / rest if rest else float("nan"))
        return np.array(found)


def _sums(grams: Grams) -> tuple[float, float]:
    counts = np.array(list(grams.values()), dtype=float)
    return float(counts.sum()), float((counts * np.log2(counts)).sum()) if len(counts) else 0.0


def _entropy(total: float, weighted: float) -> float:
    return float(np.log2(total) - weighted / total) if total else float("nan")


def _change(whole: Grams, part: Grams) -> float:
    """How much ``sum(c log2 c)`` falls when a part's counts are taken away."""
    before = np.array([whole[gram] for gram in part], dtype=float)
    after = before - np.array(list(part.values()), dtype=float)
    return (
        float((before * np.log2(before)).sum() - (after * np.log2(np.maximum(after, 1.0))).sum())
        if len(before)
        else 0.0
    )


def _firsts(pairs: Grams) -> Counter[str]:
    """How often each word is the first of a pair."""
    found: Counter[str] = Counter()
    for (first, _), count in pairs.items():
        found[first] += count
    return found


def _change_of_firsts(ones: Grams, firsts: Counter[str], one: Grams, own: Counter[str]) -> float:
    """How much ``sum(firsts(h) log2 c(h))`` falls when a part's words and pairs are taken away."""
    lost = 0.0
    for (word,), count in one.items():
        kept = firsts[word] - own[word]
        lost += firsts[word] * np.log2(ones[word,]) - (kept * np.log2(ones[word,] - count) if kept else 0.0)
    return lost


def _conditional(ones: Grams, twos: Grams) -> float:
    total = ones.total()
    if not total:
        return float("nan")
    return float(sum(count * np.log2(ones[first,] / count) for (first, _), count in twos.items()) / total)
