"""The combined score of context-to-response on MultiWOZ: BLEU + (Inform + Success) / 2 (Mehri et al. 2019)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from tod_metrics.base import Annotation, FloatArray, Metric, Signature, percentage
from tod_metrics.dialogue.inform_success import PROTOCOLS, Inform, InformProtocol
from tod_metrics.dialogue.venues import Database
from tod_metrics.items import DialogueItem
from tod_metrics.response.delex_bleu import DelexBleu
from tod_metrics.sources import ActiveOption, StateSource, TextForm


@dataclass(frozen=True)
class Combined(Metric[DialogueItem]):
    """BLEU + (Inform + Success) / 2, 0 to 200; see `tod_metrics.dialogue.inform_success.Inform` for the options."""

    database: Database
    state: StateSource = "auto"
    active: ActiveOption = "auto"
    text: TextForm = "auto"
    protocol: InformProtocol = "tod_bench"
    notes: tuple[str, ...] = field(default=(), init=False, compare=False, repr=False)

    item: ClassVar[type] = DialogueItem
    annotations: ClassVar[tuple[Annotation, ...] | None] = ("responses", "spans", "goals")
    name: ClassVar[str] = "combined"
    protocols: ClassVar[tuple[str, ...]] = PROTOCOLS
    columns: ClassVar[tuple[str, ...]] = (*DelexBleu.columns, *Inform.columns)
    denominator: ClassVar[str] = "dialogues"
    needs: ClassVar[tuple[str, ...]] = ("database",)
    percent: ClassVar[bool] = False

    @property
    def signature(self) -> Signature:
        """The options of its parts."""
        options = {**self._inform().signature.options, **self._bleu().signature.options}
        return Signature(self.name, options)

    def resolved(self, items: Sequence[DialogueItem]) -> "Combined":
        """The metric with each ``auto`` settled by what these items have."""
        settled = self._inform().resolved(items)
        combined = replace(self, state=settled.state, active=settled.active, text=settled.text)
        object.__setattr__(combined, "notes", settled.notes)
        return combined

    def statistics(self, items: Sequence[DialogueItem]) -> FloatArray:
        """The columns of `DelexBleu` and of `Inform`, one row a dialogue."""
        inform = self._inform().resolved(items)
        return np.hstack([self._bleu().statistics(inform.delexicalised(items)), inform.statistics(items)])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The combined score."""
        rates = percentage(sums[..., -3] + sums[..., -2], 2.0 * sums[..., -1])
        return self._bleu().aggregate(sums[..., :-3]) + rates

    def _inform(self) -> Inform:
        return Inform(self.database, self.state, self.active, self.text, protocol=self.protocol)

    def _bleu(self) -> DelexBleu:
        return DelexBleu(self.protocol)
