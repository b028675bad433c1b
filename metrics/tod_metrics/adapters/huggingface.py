"""Every metric as a module of Hugging Face evaluate, with the same numbers.

    import evaluate
    from tod_metrics.adapters.hf import path

    jga = evaluate.load(path("jga"))                      # the default protocol
    trade = evaluate.load(path("jga"), "trade")           # the configuration is the protocol
    jga.compute(predictions=[{"hotel": {"area": "east"}}], references=[{"hotel": {"area": ["east"]}}])
    evaluate.combine([path("jga"), path("slot_f1")]).compute(predictions=..., references=...)

Rows are those of `tod_metrics.pairs`. evaluate keeps rows in Arrow tables, whose columns would merge the domains and
slots of all rows into one type; so a row is stored as JSON text.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import evaluate
import numpy as np
from datasets import Features, Value

from tod_metrics import metric, metric_class
from tod_metrics.items import StateItem
from tod_metrics.pairs import items_of
from tod_metrics.state.slot_sets import Slots
from tod_metrics.state.states import StateBatch


class Module(evaluate.Metric):  # type: ignore[misc]
    """A metric of the registry as an evaluation module.

    Args:
        config_name: The protocol; by default the metric's own.
        metric_options: Keyword arguments of the metric's class.
        schema: For belief states, domain -> slot -> whether it is categorical; by default MultiWOZ's, or, where gold
            has a slot that is not among them, the slots that gold mentions.
        **options: Those of `evaluate.load` (``keep_in_memory``, ``num_process``, ...).
    """

    registered: ClassVar[str]
    """The metric's name in the registry."""

    def __init__(
        self,
        config_name: str | None = None,
        metric_options: Mapping[str, Any] | None = None,
        schema: Slots | None = None,
        **options: Any,
    ) -> None:
        spec = f"{self.registered}@{config_name}" if config_name else self.registered
        chosen, needs = dict(metric_options or {}), metric_class(self.registered).needs
        if needs and not chosen:
            example = f"metric_options={{'{needs[0]}': ...}}"
            raise ValueError(f"{self.registered} needs its {needs[0]}: evaluate.load(path, {example})")
        self.metric, self.schema = metric(spec, **chosen), schema
        super().__init__(config_name=config_name, **options)

    def _info(self) -> evaluate.MetricInfo:
        documented = metric_class(self.registered).__doc__ or ""
        return evaluate.MetricInfo(
            description=documented,
            citation="",
            inputs_description=_INPUTS,
            features=Features({"predictions": Value("string"), "references": Value("string")}),
        )

    def add(self, *, prediction: Any = None, reference: Any = None) -> None:
        """Takes in one row."""
        super().add(prediction=_text(prediction), reference=_text(reference))

    def add_batch(self, *, predictions: Sequence[Any] | None = None, references: Sequence[Any] | None = None) -> None:
        """Takes in rows."""
        super().add_batch(
            predictions=[_text(row) for row in predictions or ()], references=[_text(row) for row in references or ()]
        )

    def _compute(self, predictions: Sequence[str], references: Sequence[str]) -> dict[str, Any]:
        rows = ([json.loads(row) for row in side] for side in (predictions, references))
        items = items_of(self.metric.item, *rows)
        if self.metric.item is StateItem:
            items = StateBatch(items, self.schema)
        settled = self.metric.resolved(items)
        score = settled.score(items)
        return {
            self.registered: score if np.isfinite(score) else None,
            f"{self.registered}_signature": str(settled.signature),
        }


def _text(row: Any) -> str:
    return json.dumps(row, ensure_ascii=False)


_INPUTS = """
Args:
    predictions: One row a turn, in the form that `tod_metrics.pairs` gives for what the metric scores.
    references: Gold, in the same order and form.
Returns:
    The score under the metric's name (None where it is undefined), and its signature.
"""
