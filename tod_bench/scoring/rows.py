"""Rows of a score sheet: a metric's statistics once, then the whole, every domain, every group from the same matrix."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tod_bench.errors import DataError, UserError
from tod_bench.records import Dialogue, Schema
from tod_bench.scores import Score, Slice
from tod_bench.scoring.items import build_items, clusters_of, group_of
from tod_bench.scoring.pairing import Pairing
from tod_bench.scoring.responses import written_otherwise
from tod_bench.statistics import cluster_sums
from tod_metrics import CorpusMetric, Metric
from tod_metrics.act.acts import ActBatch
from tod_metrics.base import FloatArray
from tod_metrics.items import FrameItem, ResponseItem
from tod_metrics.state.frames import FrameBatch, FrameMetric
from tod_metrics.state.state_metric import StateMetric
from tod_metrics.state.states import StateBatch
from tod_metrics.style.richness import jackknife_interval


@dataclass(frozen=True)
class ScoreRow:
    """A score before its interval, with all that tests and intervals need.

    Attributes:
        score: The score without value and interval.
        sums: Statistics of each dialogue, shape (dialogues, k), in corpus order.
        aggregate: The score of sums.
    """

    score: Score
    sums: FloatArray
    aggregate: Callable[[FloatArray], FloatArray]


class Batches:
    """The items of each kind, built once, and the dialogues that they belong to.

    Args:
        pairing: Dialogues and predictions.
        schema: The corpus's schema.
        service_groups: Names for several services at once.
    """

    def __init__(self, pairing: Pairing, schema: Schema, service_groups: Mapping[str, frozenset[str]]) -> None:
        self.pairing, self.schema, self.service_groups = pairing, schema, service_groups
        self._built: dict[type, Sequence[Any]] = {}
        self._clusters: dict[type, NDArray[np.int64]] = {}

    def of(self, kind: type) -> Sequence[Any]:
        """The items of a kind."""
        if kind not in self._built:
            self._built[kind] = build_items(kind, self.pairing, self.schema, self.service_groups)
        return self._built[kind]

    def sums(self, kind: type, statistics: FloatArray) -> FloatArray:
        """Statistics summed by dialogue; every dialogue has a row, also one without items."""
        if kind not in self._clusters:
            self._clusters[kind] = np.array(
                clusters_of(kind, self.pairing.task, self.pairing.dialogues), dtype=np.int64
            )
        sums = cluster_sums(statistics, self._clusters[kind])
        missing = len(self.pairing.dialogues) - len(sums)
        return np.vstack([sums, np.zeros((missing, statistics.shape[1]))]) if missing else sums

    def domains(self, kind: type) -> tuple[str, ...]:
        """The domains, services and groups of services that get rows of their own."""
        batch = self.of(kind)
        if isinstance(batch, StateBatch | ActBatch | FrameBatch):
            present = set(batch.domains)
            extra = [name for name, members in self.service_groups.items() if members & present]
            return (*batch.domains, *extra)
        return ()


def metric_rows(
    metric: Metric[Any], batches: Batches, where: Mapping[str, str], groups: Sequence[str]
) -> list[ScoreRow]:
    """The rows of a metric: the whole, every domain where it has them, every group that is asked for."""
    rows = [_row(metric, batches, where)]
    if metric.by_domain:
        rows += [_row(metric.of_domain(domain), batches, where) for domain in batches.domains(metric.item)]
    for grouping in groups:
        rows += _group_rows(rows[0], metric, batches.pairing, grouping)
    return rows


def _row(metric: Metric[Any], batches: Batches, where: Mapping[str, str]) -> ScoreRow:
    batch = batches.of(metric.item)
    if isinstance(metric, FrameMetric):
        _check_answered(metric, batch)
    try:
        metric = metric.resolved(batch)
        statistics = metric.statistics(batch)
    except ValueError as error:
        raise DataError(str(error)) from None
    draft = _draft(metric, batches, where, _counted(metric, statistics, len(batch)))
    return ScoreRow(draft, batches.sums(metric.item, statistics), metric.aggregate)


def _check_answered(metric: FrameMetric, batch: Sequence[FrameItem]) -> None:
    """Refuses a metric over frames that nothing was predicted for; that there is gold, `scoring.gold` has seen."""
    if not any(metric.predicted(item) for item in batch):
        raise UserError(
            f"{metric.name} scores the field {metric.answered_by!r} of predictions, and no turn has it; "
            "docs/prediction.schema.json has its form"
        )


def _draft(metric: Metric[Any], batches: Batches, where: Mapping[str, str], n: int) -> Score:
    """A score without its value and interval."""
    batch, domain = batches.of(metric.item), metric.domain
    place = {**where, **({"domain": domain} if domain else {}), **_slot_options(metric, batch), "n": n}
    return Score(
        metric=metric.name,
        protocol=metric.protocol,
        value=None,
        signature=metric.signature.placed(**place),
        n=n,
        slice=Slice("services" if domain in batches.service_groups else "domain", domain) if domain else None,
        coverage=batches.pairing.coverage,
        notes=tuple(_notes(metric, batch, batches.pairing)),
    )


def _counted(metric: Metric[Any], statistics: FloatArray, items: int) -> int:
    if not metric.denominator:
        return items
    return round(float(statistics[:, metric.columns.index(metric.denominator)].sum()))


def _slot_options(metric: Metric[Any], batch: Sequence[Any]) -> dict[str, int | str]:
    """How many domains and slots count, which a state metric's number depends on."""
    if not isinstance(metric, StateMetric) or not isinstance(batch, StateBatch):
        return {}
    rules = metric.rules
    if rules.slots in ("file", "span"):
        return {"slots": "as-given"}
    slots = batch.states(rules).slots
    return {
        "domains": sum(1 for names in slots.values() if names),
        "slots": sum(len(names) for names in slots.values()),
    }


def _notes(metric: Metric[Any], batch: Sequence[Any], pairing: Pairing) -> list[str]:
    notes = list(metric.notes)
    if metric.item is ResponseItem:
        notes += filter(None, [written_otherwise(metric.name, batch)])
    if pairing.without_gold:
        notes.append(_without_gold(pairing))
    if pairing.coverage < 1:
        predicted = len(pairing.predictions)
        others = "empty" if pairing.task == "response" else "wrong"
        notes.append(f"{predicted} of {pairing.turns} turns are predicted; the others count as {others}")
    if isinstance(metric, StateMetric) and isinstance(batch, StateBatch):
        invented = batch.states(metric.rules).invented
        if batch.uncounted and metric.rules.slots == "scored":
            named = ", ".join("-".join(key) for key in batch.uncounted)
            notes.append(f"slots that the corpus leaves out and gold has values for: {named}")
        if invented:
            example = "-".join(invented[0])
            notes.append(f"{len(invented)} predicted slots are in no schema and count as wrong, e.g. {example}")
    return notes


def _without_gold(pairing: Pairing) -> str:
    every = pairing.turns + pairing.without_gold
    lacking = "system utterance" if pairing.task == "response" else "system utterance or act annotation"
    return (
        f"{pairing.without_gold} of {every} turns have no gold {lacking} and are left out; answers there do not count"
    )


def _group_rows(whole: ScoreRow, metric: Metric[Any], pairing: Pairing, grouping: str) -> list[ScoreRow]:
    rows, dialogues = [], pairing.dialogues
    for name, places in _groups(dialogues, grouping).items():
        sums = whole.sums[places]
        items = len(clusters_of(metric.item, pairing.task, [dialogues[place] for place in places]))
        n = _counted(metric, sums, items)
        rows.append(ScoreRow(_grouped(whole.score, grouping, name, n), sums, metric.aggregate))
    return rows


def _groups(dialogues: Sequence[Dialogue], grouping: str) -> dict[str, list[int]]:
    """Group -> places of its dialogues, groups sorted by name."""
    found: dict[str, list[int]] = {}
    for place, dialogue in enumerate(dialogues):
        name = group_of(dialogue.persona).get(grouping)
        if name:
            found.setdefault(name, []).append(place)
    return dict(sorted(found.items()))


def _grouped(whole: Score, grouping: str, name: str, n: int) -> Score:
    options: dict[str, str] = {}
    for key, value in whole.signature.options.items():
        options |= {"group": f"{grouping}={name}", "n": str(n)} if key == "n" else {key: value}
    return replace(whole, slice=Slice(grouping, name), n=n, signature=replace(whole.signature, options=options))


def corpus_scores(
    metric: CorpusMetric[Any], batches: Batches, where: Mapping[str, str], groups: Sequence[str]
) -> list[Score]:
    """The scores of a metric of the corpus as one: the whole, and every group that is asked for."""
    items, dialogues = batches.of(metric.item), batches.pairing.dialogues
    whole = _draft(metric, batches, where, len(items))
    scores = [_of_the_corpus(metric, whole, items)]
    for grouping in groups:
        for name in _groups(dialogues, grouping):
            chosen = [item for item in items if item.group.get(grouping) == name]
            scores.append(_of_the_corpus(metric, _grouped(whole, grouping, name, len(chosen)), chosen))
    return scores


def _of_the_corpus(metric: CorpusMetric[Any], draft: Score, items: Sequence[Any]) -> Score:
    try:
        value, without = metric.score_corpus(items), metric.leave_one_out(items)
    except ValueError as error:
        raise DataError(str(error)) from None
    if not np.isfinite(value):
        return draft
    if without is None or len(without) < 2 or not np.all(np.isfinite(without)):
        return replace(draft, value=float(value))
    low, high = jackknife_interval(float(value), without)
    note = "the interval is a jackknife over dialogues"
    return replace(draft, value=float(value), low=low, high=high, notes=(*draft.notes, note))
