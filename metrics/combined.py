"""The combined score of context-to-response on MultiWOZ: BLEU + (Inform + Success) / 2 (Mehri et al. 2019)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from metrics.active_domains import ActiveSource
from metrics.base import FloatArray, Signature, percentage
from metrics.delex_bleu import DelexBleu
from metrics.inform_success import Inform, StateSource, TextForm
from metrics.items import DialogueItem
from metrics.venues import Database

_BLEU = DelexBleu()


@dataclass(frozen=True)
class Combined:
    """BLEU + (Inform + Success) / 2, 0 to 200; see `metrics.inform_success.Inform` for the options."""

    database: Database
    state: StateSource = "auto"
    active: Literal["auto"] | ActiveSource = "auto"
    text: TextForm = "auto"

    item: ClassVar[type] = DialogueItem
    annotations: ClassVar[tuple[str, ...]] = ("responses", "spans", "goals")
    name: ClassVar[str] = "combined"
    protocol: ClassVar[str] = "mwzeval"
    columns: ClassVar[tuple[str, ...]] = (*DelexBleu.columns, *Inform.columns)
    denominator: ClassVar[str] = "dialogues"
    needs: ClassVar[tuple[str, ...]] = ("database",)
    percent: ClassVar[bool] = False
    higher_is_better: ClassVar[bool | None] = True

    @property
    def signature(self) -> Signature:
        """The options of its parts."""
        options = {**self._inform().signature.options, **_BLEU.signature.options}
        return Signature(self.name, options)

    def resolved(self, items: Sequence[DialogueItem]) -> "Combined":
        """The metric with each ``auto`` settled by what these items have."""
        settled = self._inform().resolved(items)
        return replace(self, state=settled.state, active=settled.active, text=settled.text)

    def statistics(self, items: Sequence[DialogueItem]) -> FloatArray:
        """The columns of `DelexBleu` and of `Inform`, one row a dialogue."""
        inform = self._inform().resolved(items)
        return np.hstack([_BLEU.statistics(inform.delexicalised(items)), inform.statistics(items)])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The combined score."""
        rates = percentage(sums[..., -3] + sums[..., -2], 2.0 * sums[..., -1])
        return _BLEU.aggregate(sums[..., :-3]) + rates

    def _inform(self) -> Inform:
        return Inform(self.database, self.state, self.active, self.text)
