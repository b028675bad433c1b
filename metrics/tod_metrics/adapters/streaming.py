"""A metric that is fed in batches: for training loops, and for shards scored apart and merged.

Since a score is a function of summed statistics, the state of a stream is one vector, however many items it has seen.
Batches in any order, shards merged in any order and one big batch give the same number.

    stream = Stream(metric("jga"))
    for batch in loader:
        stream.update(predictions=model(batch), references=batch["state"])
    stream.compute()

It has the methods of a ``torchmetrics.Metric`` (`update`, `compute`, `reset`, calling it for a batch's own value)
without importing torch. Between processes states are summed: ``all_reduce`` the vector of `state`, then `load_state`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tod_metrics.base import FloatArray, Metric
from tod_metrics.items import StateItem
from tod_metrics.pairs import items_of
from tod_metrics.state.slot_sets import Slots, beyond_multiwoz, is_multiwoz
from tod_metrics.state.states import StateBatch


class Stream:
    """Running statistics of one metric. It can be pickled and copied where its metric can.

    Args:
        metric: The metric, with every option that it would otherwise choose by the data (``auto``) said.
        schema: For belief states, domain -> slot -> whether it is categorical; None for MultiWOZ. A batch alone does
            not show which slots there are, and a corpus with MultiWOZ's slots alone (CamRest) would pass for it.

    Raises:
        ValueError: The metric's score is not a function of sums over batches (a number of types, say).
    """

    def __init__(self, metric: Metric[Any], schema: Slots | None = None) -> None:
        if not metric.batchable:
            raise ValueError(f"{metric.name} looks at the whole corpus at once; give it all items, not batches")
        self.metric = metric
        self.schema = schema
        self.reset()

    def reset(self) -> None:
        """Forgets everything seen."""
        self._sums: FloatArray = np.zeros(len(self.metric.columns))
        self._seen = 0

    def update(self, predictions: Sequence[Any], references: Sequence[Any]) -> None:
        """Takes in a batch of plain values, as `tod_metrics.pairs` describes them.

        Args:
            predictions: What the system answered, one a turn.
            references: Gold, in the same order; turns of one dialogue that a metric must see together stand together.

        Raises:
            ValueError: The two differ in length, or a value is not what the metric scores; nothing was taken in.
        """
        self.update_items(items_of(self.metric.item, predictions, references))

    def update_items(self, items: Sequence[Any]) -> None:
        """Takes in a batch of the metric's own items.

        Raises:
            ValueError: They are states of a corpus other than MultiWOZ, and the stream was given no schema; or the
                metric would choose its options by the batch.
        """
        if self.metric.resolved(items) != self.metric:
            raise ValueError(
                f"{self.metric.name} would choose by the batch where state and active domains come from; "
                f"say so beforehand (for this batch it would be {self.metric.resolved(items).signature})"
            )
        if items and isinstance(items[0], StateItem):
            items = StateBatch(items, self.schema)
            if self.schema is None and not is_multiwoz(items.schema):
                foreign = "-".join(sorted(beyond_multiwoz(items.schema))[0])
                raise ValueError(f"{foreign!r} is no slot of MultiWOZ; give the stream the corpus's schema")
        self._take(self.metric.statistics(items))

    def __call__(self, predictions: Sequence[Any], references: Sequence[Any]) -> float | None:
        """Takes in a batch and returns the score of that batch alone."""
        before = self.state()
        self.update(predictions, references)
        return self._score(self.state()[:-1] - before[:-1])

    def compute(self) -> float | None:
        """The score of everything seen; None where it is undefined (nothing seen, nothing to divide by)."""
        return self._score(self._sums)

    def merge(self, other: "Stream") -> None:
        """Takes in what another stream of the same metric has seen.

        Raises:
            ValueError: The other's signature is another one.
        """
        ours, theirs = str(self.metric.signature), str(other.metric.signature)
        if ours != theirs:
            raise ValueError(f"streams of different metrics cannot be merged: {ours} and {theirs}")
        self._sums = self._sums + other._sums
        self._seen += other._seen

    def state(self) -> FloatArray:
        """The summed statistics and, last, the number of items: shape (k + 1,). States of shards may be added up."""
        return np.append(self._sums, float(self._seen))

    def load_state(self, state: FloatArray) -> None:
        """Takes over a state, or the sum of several.

        Raises:
            ValueError: It is not a state of this metric.
        """
        values = np.asarray(state, dtype=np.float64)
        if values.shape != (len(self.metric.columns) + 1,) or not np.isfinite(values).all():
            raise ValueError(f"a state of {self.metric.name} has {len(self.metric.columns) + 1} finite numbers")
        self._sums, self._seen = values[:-1].copy(), int(values[-1])

    def __len__(self) -> int:
        """Items seen."""
        return self._seen

    def __repr__(self) -> str:
        return f"Stream({self.metric.signature}, items={self._seen})"

    def _take(self, statistics: FloatArray) -> None:
        self._sums = self._sums + statistics.sum(axis=0)
        self._seen += len(statistics)

    def _score(self, sums: FloatArray) -> float | None:
        score = float(self.metric.aggregate(sums))
        return score if np.isfinite(score) else None
