"""BLEU of delexicalised responses on MultiWOZ, as MultiWOZ_Evaluation reports it (Nekvinda and Dušek 2021).

References are the corpus's responses, delexicalised by their annotated spans. On both sides text is lower-cased and a
placeholder of whatever style becomes its kind in capitals; then sacrebleu's default. That script also runs both sides
through Moses' tokeniser and back, which moves the score by less than 0.01 and is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from metrics.base import FloatArray, Signature
from metrics.delexicalise import delexicalise, with_kinds
from metrics.items import DialogueItem, DialogueTurn, ResponseItem
from metrics.sacre_bleu import SacreBleu


@dataclass(frozen=True)
class DelexBleu:
    """Corpus BLEU of delexicalised responses against delexicalised references, 0 to 100."""

    item: ClassVar[type] = DialogueItem
    name: ClassVar[str] = "delex_bleu"
    protocol: ClassVar[str] = "mwzeval"
    columns: ClassVar[tuple[str, ...]] = SacreBleu.columns
    percent: ClassVar[bool] = True
    higher_is_better: ClassVar[bool | None] = True

    @property
    def signature(self) -> Signature:
        """The options of sacrebleu, and how placeholders are written."""
        return Signature(self.name, {"protocol": self.protocol, "placeholders": "kinds", **_bleu().signature.options})

    def statistics(self, items: Sequence[DialogueItem]) -> FloatArray:
        """Counts of each dialogue, summed over its turns; a turn without a response counts as an empty one."""
        turns = [_bleu_item(item, place, turn) for item in items for place, turn in enumerate(item.turns)]
        rows = _bleu().statistics(turns)
        owner = np.repeat(np.arange(len(items)), [len(item.turns) for item in items])
        sums = np.zeros((len(items), len(self.columns)))
        np.add.at(sums, owner, rows)
        return sums

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """BLEU of summed counts."""
        return _bleu().aggregate(sums)


def _bleu_item(item: DialogueItem, place: int, turn: DialogueTurn) -> ResponseItem:
    reference = delexicalise(turn.reference, turn.spans)
    return ResponseItem(item.dialogue_id, place, _comparable(reference), _comparable(turn.response or ""))


def _comparable(text: str) -> str:
    # Some systems write "[value_name] -s" and "moderate -ly"; the script undoes that too.
    return with_kinds(text).replace("-s", "").replace("-ly", "")


@cache
def _bleu() -> SacreBleu:
    # Not at import: sacrebleu is an extra, and a metric is described without it.
    return SacreBleu()
