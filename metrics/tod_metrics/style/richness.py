"""Lexical richness of responses: how many different words and n-grams, and how evenly they are used.

The measures are those of MultiWOZ_Evaluation (Nekvinda and Dušek 2021), and distinct-n of Li et al. 2016, one a file:
`mean_length`, `msttr`, `distinct` and `entropy` of this package. What they share is here.

A mean over responses or segments is a function of sums, like every other metric. A number of types or an entropy is
not: it depends on the whole vocabulary at once. Those are `CorpusMetric`s: `score_corpus` gives the score. An entropy
changes little when one dialogue is left out, so its `leave_one_out` gives the values for a `jackknife_interval`. A
number of types has no honest interval from resampled dialogues, because any resample lacks a third of the dialogues and
so of the rare types; its `leave_one_out` gives None, and no interval is reported.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from tod_metrics.base import FloatArray, Metric, Signature
from tod_metrics.items import ResponseItem
from tod_metrics.normalization.mwzeval_script import moses_version, script_response
from tod_metrics.response.tokenization import tokenizer

RichnessProtocol: TypeAlias = Literal["tod_bench", "mwzeval"]
Grams: TypeAlias = Counter[tuple[str, ...]]
PROTOCOLS = ("tod_bench", "mwzeval")


@dataclass(frozen=True)
class RichnessMetric(Metric[ResponseItem]):
    """What the measures of richness share.

    Attributes:
        protocol: ``tod_bench`` lower-cases and takes `tod_metrics.response.tokenization`'s ``words``;
            ``mwzeval`` is that script: it writes placeholders as kinds, undoes
            tokenisation by Moses' detokeniser (sacremoses, of the extra ``style``)
            and takes its own tokens.
    """

    protocol: RichnessProtocol = "tod_bench"

    item: ClassVar[type] = ResponseItem
    protocols: ClassVar[tuple[str, ...]] = PROTOCOLS
    percent: ClassVar[bool] = False
    higher_is_better: ClassVar[bool | None] = None

    @property
    def signature(self) -> Signature:
        """Protocol and tokeniser, and Moses' version where it is used."""
        options = {"tok": "mwzeval", "detok": moses_version()} if self.is_mwzeval else {"tok": "words"}
        return Signature(self.name, {"protocol": self.protocol, **options})

    @property
    def is_mwzeval(self) -> bool:
        """Whether the protocol is that of MultiWOZ_Evaluation."""
        return self.protocol == "mwzeval"

    def tokens(self, items: Sequence[ResponseItem]) -> list[list[str]]:
        """Tokens of each response."""
        if self.is_mwzeval:
            cut = tokenizer("mwzeval")
            return [cut(script_response(item.response)) for item in items]
        cut = tokenizer("words")
        return [cut(item.response.lower()) for item in items]


def ngram_types(responses: Iterable[Sequence[str]], order: int) -> Grams:
    """How often each n-gram of single responses occurs in all of them."""
    return Counter(
        gram for tokens in responses for gram in zip(*(tokens[start:] for start in range(order)), strict=False)
    )


def by_dialogue(items: Sequence[ResponseItem], tokens: list[list[str]]) -> list[list[list[str]]]:
    """Tokens of the responses of each dialogue, dialogues in order of their first item."""
    found: dict[str, list[list[str]]] = {}
    for item, cut in zip(items, tokens, strict=True):
        found.setdefault(item.dialogue_id, []).append(cut)
    return list(found.values())


def jackknife_interval(score: float, values: FloatArray, width: float = 1.959964) -> tuple[float, float]:
    """Normal 95% interval from the leave-one-out values of a smooth statistic (Efron and Stein 1981).

    Args:
        score: The score of all dialogues.
        values: The score without each dialogue in turn; at least two.
        width: Standard errors to each side.
    """
    n = len(values)
    error = float(np.sqrt((n - 1) / n * np.square(values - values.mean()).sum()))
    return score - width * error, score + width * error
