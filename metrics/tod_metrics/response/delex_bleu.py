"""BLEU of delexicalised responses on MultiWOZ, as MultiWOZ_Evaluation reports it (Nekvinda and Dušek 2021).

References are the corpus's responses, delexicalised by their annotated spans. On both sides text is lower-cased and a
placeholder becomes its kind in capitals; then sacrebleu's default. The protocol ``mwzeval`` is that script, with the
placeholders that it knows, and with both sides run through Moses' tokeniser and back. ``tod_bench`` reads placeholders
of any style and leaves the text as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from tod_metrics.base import Annotation, FloatArray, Metric, Signature
from tod_metrics.items import DialogueItem, DialogueTurn, ResponseItem
from tod_metrics.normalization.mwzeval_script import moses_version, script_response
from tod_metrics.response.delexicalise import delexicalise, with_kinds
from tod_metrics.response.sacre_bleu import SacreBleu

DelexProtocol: TypeAlias = Literal["tod_bench", "mwzeval"]
PROTOCOLS = ("tod_bench", "mwzeval")


@dataclass(frozen=True)
class DelexBleu(Metric[DialogueItem]):
    """Corpus BLEU of delexicalised responses against delexicalised references, 0 to 100.

    Attributes:
        protocol: ``tod_bench``, or ``mwzeval`` for that script's reading (it needs sacremoses, of the extra ``style``).
    """

    protocol: DelexProtocol = "tod_bench"

    item: ClassVar[type] = DialogueItem
    annotations: ClassVar[tuple[Annotation, ...] | None] = ("responses", "spans")
    name: ClassVar[str] = "delex_bleu"
    protocols: ClassVar[tuple[str, ...]] = PROTOCOLS
    columns: ClassVar[tuple[str, ...]] = SacreBleu.columns

    @property
    def signature(self) -> Signature:
        """The options of sacrebleu, how placeholders are written, and Moses' version where it is used."""
        options = {"protocol": self.protocol, "placeholders": "kinds", **self._moses, **_bleu().signature.options}
        return Signature(self.name, options)

    @property
    def _moses(self) -> dict[str, str]:
        return {"detok": moses_version()} if self.protocol == "mwzeval" else {}

    def statistics(self, items: Sequence[DialogueItem]) -> FloatArray:
        """Counts of each dialogue, summed over its turns; a turn without a response counts as an empty one."""
        turns = [self._bleu_item(item, place, turn) for item in items for place, turn in enumerate(item.turns)]
        rows = _bleu().statistics(turns)
        owner = np.repeat(np.arange(len(items)), [len(item.turns) for item in items])
        sums = np.zeros((len(items), len(self.columns)))
        np.add.at(sums, owner, rows)
        return sums

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """BLEU of summed counts."""
        return _bleu().aggregate(sums)

    def _bleu_item(self, item: DialogueItem, place: int, turn: DialogueTurn) -> ResponseItem:
        if self.protocol == "mwzeval":
            reference = script_response(delexicalise(turn.reference, turn.spans, "bare", longest_first=False))
            return ResponseItem(item.dialogue_id, place, reference, script_response(turn.response or ""))
        reference = _comparable(delexicalise(turn.reference, turn.spans))
        return ResponseItem(item.dialogue_id, place, reference, _comparable(turn.response or ""))


def _comparable(text: str) -> str:
    # Some systems write "[value_name] -s" and "moderate -ly"; the script undoes that too.
    return with_kinds(text).replace("-s", "").replace("-ly", "")


@cache
def _bleu() -> SacreBleu:
    # Not at import: sacrebleu is an extra, and a metric is described without it.
    return SacreBleu()
