"""Corpus BLEU as sacrebleu computes it (Post 2018), with sacrebleu's own signature inside of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from tod_metrics.base import FloatArray, Metric, Signature
from tod_metrics.errors import extra_needed
from tod_metrics.items import ResponseItem
from tod_metrics.response.bleu import COLUMNS, ORDER, brevity_penalty

SmoothMethod: TypeAlias = Literal["exp", "floor", "add-k", "none"]


@dataclass(frozen=True)
class SacreBleu(Metric[ResponseItem]):
    """Corpus BLEU of responses against one reference each, as sacrebleu has it, 0 to 100.

    Attributes:
        tokenize: sacrebleu's tokeniser (``13a``, ``intl``, ``char``, ``none``).
        smooth_method: sacrebleu's smoothing, with its default value.
        lowercase: Whether both sides are lower-cased first.
    """

    tokenize: str = "13a"
    smooth_method: SmoothMethod = "exp"
    lowercase: bool = False

    item: ClassVar[type] = ResponseItem
    name: ClassVar[str] = "sacrebleu"
    columns: ClassVar[tuple[str, ...]] = COLUMNS

    def __post_init__(self) -> None:
        # Built once here, so that an unknown tokeniser or smoothing is refused before any work is done.
        _ = self._scorer

    @cached_property
    def _scorer(self) -> Any:
        with extra_needed("style", "sacrebleu's BLEU"):
            from sacrebleu.metrics.bleu import BLEU

        smoothings = tuple(BLEU.SMOOTH_DEFAULTS)
        if self.smooth_method not in smoothings:
            raise ValueError(f"sacrebleu has no smoothing {self.smooth_method!r}; choose one of {smoothings}")
        if self.tokenize not in BLEU.TOKENIZERS:
            raise ValueError(f"sacrebleu has no tokeniser {self.tokenize!r}; choose one of {tuple(BLEU.TOKENIZERS)}")
        # Only its counts are used. `add-k` would add its constant to the counts of every sentence, and without the
        # effective order sacrebleu warns at every sentence.
        return BLEU(tokenize=self.tokenize, smooth_method="none", lowercase=self.lowercase, effective_order=True)

    @property
    def signature(self) -> Signature:
        """The signature that sacrebleu gives a corpus score, key by key."""
        with extra_needed("style", "sacrebleu's BLEU"):
            from sacrebleu import __version__

        case = "lc" if self.lowercase else "mixed"
        options = {"impl": "sacrebleu", "nrefs": "1", "case": case, "eff": "no", "tok": self.tokenize}
        return Signature(self.name, {**options, "smooth": self.smooth_method, "version": __version__})

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """Clipped matches and totals of each order, and both lengths in tokens."""
        rows = np.zeros((len(items), len(self.columns)))
        for row, item in zip(rows, items, strict=True):
            score = self._scorer.sentence_score(item.response, [item.reference])
            row[:] = [*score.counts, *score.totals, score.sys_len, score.ref_len]
        return rows

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """BLEU of summed counts."""
        matches, totals = sums[..., :ORDER], sums[..., ORDER : 2 * ORDER]
        length, reference = sums[..., -2], sums[..., -1]
        value = self._scorer.SMOOTH_DEFAULTS[self.smooth_method]
        with np.errstate(divide="ignore", invalid="ignore"):
            precisions = _precisions(matches, totals, self.smooth_method, value)
            score = brevity_penalty(length, reference) * np.exp(np.log(precisions).mean(-1))
        # An order that no response is long enough for makes the corpus score 0, whatever the smoothing.
        score = np.where((matches.sum(-1) == 0) | (precisions == 0).any(-1), 0.0, score)
        return np.where(length + reference == 0, np.nan, 100.0 * score)


def _precisions(matches: FloatArray, totals: FloatArray, method: SmoothMethod, value: float) -> FloatArray:
    if method == "add-k":
        added = np.array([0.0, *[value] * (ORDER - 1)])
        matches, totals = matches + added, totals + added
    plain = np.where(totals == 0, 0.0, matches / np.where(totals == 0, 1.0, totals))
    if method == "exp":
        misses = np.cumsum(matches == 0, axis=-1)
        return np.where((matches == 0) & (totals > 0), 1.0 / (2.0**misses * totals), plain)
    if method == "floor":
        return np.where((matches == 0) & (totals > 0), value / totals, plain)
    return plain
