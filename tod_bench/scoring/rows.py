"""Rows of a score sheet: a metric's statistics once, then the whole, every domain, every group from the same matrix."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tod_bench.errors import DataError, UserError
from tod_bench.records import Dialogue, Schema
from tod_bench.scores import Score, Slice
from tod_bench.scoring.pairing import Pairing, build_items, clusters_of, group_of
from tod_bench.statistics import Method, cluster_sums, pooled_interval
from tod_metrics import CorpusMetric, Metric
from tod_metrics.act.acts import ActBatch
from tod_metrics.base import FloatArray, Pool, PooledMetric
from tod_metrics.items import ResponseItem
from tod_metrics.sources import delexicalised_share
from tod_metrics.state.frames import FrameBatch, FrameMetric
from tod_metrics.state.state_metric import StateMetric
from tod_metrics.state.states import StateBatch
from tod_metrics.style.richness import jackknife_interval

_COMPARING = frozenset({"bleu", "sacrebleu", "entity_f1"})
"""Metrics that hold a response against the lexicalised reference."""


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

    @property
    def value(self) -> float | None:
        """The score; None where it is undefined."""
        value = float(self.aggregate(self.sums.sum(axis=0)))
        return value if np.isfinite(value) else None


@dataclass(frozen=True)
class PooledRow:
    """A score of pooled units before its interval (see `tod_metrics.base.PooledMetric`).

    Attributes:
        score: The score without value and interval.
        metric: The metric.
        pool: Its units, dialogues in corpus order.
    """

    score: Score
    metric: PooledMetric[Any, Any]
    pool: Pool

    def of_counts(self, counts: NDArray[Any]) -> FloatArray:
        """Scores of how often each dialogue is counted: shape (draws, dialogues) to (draws,)."""
        return self.metric.of_pool(self.pool, counts)

    @property
    def value(self) -> float | None:
        """The score; None where it is undefined."""
        value = float(self.of_counts(np.ones((1, self.pool.clusters)))[0])
        return value if np.isfinite(value) else None

    def scored(self, draws: int, seed: int) -> Score:
        """The score with its value and, for any draws, its interval."""
        score = replace(self.score, value=self.value)
        if not draws:
            return score
        method: Method = "basic" if self.metric.biased else "bca"
        interval = pooled_interval(self.of_counts, self.pool.clusters, draws=draws, seed=seed, method=method)
        notes = (*score.notes, *filter(None, [interval.note]))
        low, high = (None if end is None else max(end, self.metric.lowest) for end in (interval.low, interval.high))
        return replace(score, low=low, high=high, notes=notes)


class Batches:
    """The items of each kind, built once, and the dialogues that they belong to.

    Args:
        pairing: Dialogues and predictions.
        schema: The corpus's schema.
        service_groups: Names for several services at once.
        where: Corpus and split, for signatures.
    """

    def __init__(
        self,
        pairing: Pairing,
        schema: Schema,
        service_groups: Mapping[str, frozenset[str]],
        where: Mapping[str, str],
    ) -> None:
        self.pairing, self.schema, self.service_groups, self.where = pairing, schema, service_groups, where
        self._built: dict[type, Sequence[Any]] = {}
        self._clusters: dict[type, NDArray[np.int64]] = {}

    def of(self, kind: type) -> Sequence[Any]:
        """The items of a kind."""
        if kind not in self._built:
            self._built[kind] = build_items(kind, self.pairing, self.schema, self.service_groups)
        return self._built[kind]

    def clusters(self, kind: type) -> NDArray[np.int64]:
        """The dialogue of each item of a kind, as a number."""
        if kind not in self._clusters:
            self._clusters[kind] = np.array(
                clusters_of(kind, self.pairing.task, self.pairing.dialogues), dtype=np.int64
            )
        return self._clusters[kind]

    def sums(self, kind: type, statistics: FloatArray) -> FloatArray:
        """Statistics summed by dialogue; every dialogue has a row, also one without items."""
        sums = cluster_sums(statistics, self.clusters(kind))
        missing = len(self.pairing.dialogues) - len(sums)
        return np.vstack([sums, np.zeros((missing, statistics.shape[1]))]) if missing else sums

    def domains(self, kind: type) -> tuple[str, ...]:
        """The domains, services and groups of services that get rows of their own."""
        batch = self.of(kind)
        if not isinstance(batch, StateBatch | ActBatch | FrameBatch):
            return ()
        present = set(batch.domains)
        return (*batch.domains, *(name for name, members in self.service_groups.items() if members & present))


def metric_rows(metric: Metric[Any], batches: Batches, groups: Sequence[str]) -> list[ScoreRow]:
    """The rows of a metric: the whole, every domain where it has them, every group that is asked for."""
    whole = _row(metric, batches)
    rows = [whole]
    if metric.by_domain:
        rows += [_row(metric.of_domain(domain), batches) for domain in batches.domains(metric.item)]
    dialogues = batches.pairing.dialogues
    for grouping in groups:
        for name, places in _groups(dialogues, grouping).items():
            sums = whole.sums[places]
            items = len(clusters_of(metric.item, batches.pairing.task, [dialogues[place] for place in places]))
            score = _grouped(whole.score, grouping, name, _counted(metric, sums, items))
            rows.append(ScoreRow(score, sums, metric.aggregate))
    return rows


def _row(metric: Metric[Any], batches: Batches) -> ScoreRow:
    items = batches.of(metric.item)
    # That there is gold, `scoring.gold` has seen.
    if isinstance(metric, FrameMetric) and not any(metric.predicted(item) for item in items):
        raise UserError(
            f"{metric.name} scores the field {metric.answered_by!r} of predictions, and no turn has it; "
            "docs/prediction.schema.json has its form"
        )
    try:
        metric = metric.resolved(items)
        statistics = metric.statistics(items)
    except ValueError as error:
        raise DataError(str(error)) from None
    score = _without_value(metric, batches, _counted(metric, statistics, len(items)))
    return ScoreRow(score, batches.sums(metric.item, statistics), metric.aggregate)


def _counted(metric: Metric[Any], statistics: FloatArray, items: int) -> int:
    """How many items took part: all, or the sum of the column that counts them."""
    if not metric.denominator:
        return items
    return round(float(statistics[:, metric.columns.index(metric.denominator)].sum()))


def _without_value(metric: Metric[Any], batches: Batches, n: int) -> Score:
    """A score without its value and interval."""
    domain, items = metric.domain, batches.of(metric.item)
    slots: dict[str, str | int] = {}
    if isinstance(metric, StateMetric) and isinstance(items, StateBatch):
        slots = _slots_counted(metric, items)
    place = {**batches.where, **({"domain": domain} if domain else {}), **slots, "n": n}
    return Score(
        metric=metric.name,
        protocol=metric.protocol,
        value=None,
        signature=metric.signature.placed(**place),
        n=n,
        slice=Slice("services" if domain in batches.service_groups else "domain", domain) if domain else None,
        coverage=batches.pairing.coverage,
        notes=_notes(metric, items, batches.pairing),
    )


def _slots_counted(metric: StateMetric, batch: StateBatch) -> dict[str, str | int]:
    """How many domains and slots count, which a state metric's number depends on."""
    if metric.rules.slots in ("file", "span"):
        return {"slots": "as-given"}
    slots = batch.states(metric.rules).slots
    return {"domains": sum(bool(names) for names in slots.values()), "slots": sum(map(len, slots.values()))}


def _notes(metric: Metric[Any], items: Sequence[Any], pairing: Pairing) -> tuple[str, ...]:
    notes = [*metric.notes, *metric.remarks(items)]
    if metric.item is ResponseItem and metric.name in _COMPARING:
        notes += _delexicalised_against_lexicalised(metric.name, items)
    if pairing.without_gold:
        lacking = "system utterance" if pairing.task == "response" else "system utterance or act annotation"
        notes.append(
            f"{pairing.without_gold} of {pairing.turns + pairing.without_gold} turns have no gold {lacking} and are "
            "left out; answers there do not count"
        )
    if pairing.coverage < 1:
        others = "empty" if pairing.task == "response" else "wrong"
        notes.append(f"{len(pairing.predictions)} of {pairing.turns} turns are predicted; the others count as {others}")
    if isinstance(metric, StateMetric) and isinstance(items, StateBatch):
        if items.uncounted and metric.rules.slots == "scored":
            named = ", ".join("-".join(key) for key in items.uncounted)
            notes.append(f"slots that the corpus leaves out and gold has values for: {named}")
        if hallucinated := items.states(metric.rules).hallucinated:
            example = "-".join(hallucinated[0])
            notes.append(f"{len(hallucinated)} predicted slots are in no schema and count as wrong, e.g. {example}")
    return tuple(notes)


def _delexicalised_against_lexicalised(name: str, items: Sequence[ResponseItem]) -> list[str]:
    """A sentence where delexicalised responses are compared with lexicalised references."""
    texts = [item.response for item in items if item.response]
    references = [item.reference for item in items if item.reference]
    having, is_delexicalised = delexicalised_share(texts)
    if not having or not is_delexicalised or not references or delexicalised_share(references)[1]:
        return []
    return [
        f"{having} of {len(texts)} responses have placeholders, and {name} compares them with lexicalised references; "
        "for delexicalised responses take delex_bleu"
    ]


def _groups(dialogues: Sequence[Dialogue], grouping: str) -> dict[str, list[int]]:
    """Group -> places of its dialogues, groups sorted by name."""
    groups: dict[str, list[int]] = {}
    for place, dialogue in enumerate(dialogues):
        name = group_of(dialogue.persona).get(grouping)
        if name:
            groups.setdefault(name, []).append(place)
    return dict(sorted(groups.items()))


def _grouped(whole: Score, grouping: str, name: str, n: int) -> Score:
    options: dict[str, str] = {}
    for key, value in whole.signature.options.items():
        options |= {"group": f"{grouping}={name}", "n": str(n)} if key == "n" else {key: value}
    return replace(whole, slice=Slice(grouping, name), n=n, signature=replace(whole.signature, options=options))


def pooled_rows(
    metric: PooledMetric[Any, Any], batches: Batches, groups: Sequence[str], *, domains: bool = True
) -> list[PooledRow]:
    """The rows of a metric of pooled units: the whole, every domain where it has them, every group that is asked for.

    Args:
        metric: The metric.
        batches: The items.
        groups: Groupings of users.
        domains: Whether domains get rows at all.
    """
    whole = _pooled_row(metric, batches)
    rows = [whole]
    if metric.by_domain and domains:
        rows += [_pooled_row(metric.of_domain(domain), batches) for domain in batches.domains(metric.item)]
    for grouping in groups:
        for name, places in _groups(batches.pairing.dialogues, grouping).items():
            part = whole.pool.only(places)
            rows.append(PooledRow(_grouped(whole.score, grouping, name, len(part)), metric, part))
    return rows


def _pooled_row(metric: PooledMetric[Any, Any], batches: Batches) -> PooledRow:
    clusters = batches.clusters(metric.item).tolist()
    try:
        pool = metric.pool(batches.of(metric.item), clusters, len(batches.pairing.dialogues))
    except ValueError as error:
        raise DataError(str(error)) from None
    return PooledRow(_without_value(metric, batches, len(pool)), metric, pool)


def corpus_scores(metric: CorpusMetric[Any], batches: Batches, groups: Sequence[str]) -> list[Score]:
    """The scores of a metric of the corpus as one: the whole, and every group that is asked for."""
    items = batches.of(metric.item)
    whole = _without_value(metric, batches, len(items))
    scores = [_of_the_corpus(metric, whole, items)]
    for grouping in groups:
        for name in _groups(batches.pairing.dialogues, grouping):
            members = [item for item in items if item.group.get(grouping) == name]
            scores.append(_of_the_corpus(metric, _grouped(whole, grouping, name, len(members)), members))
    return scores


def _of_the_corpus(metric: CorpusMetric[Any], score: Score, items: Sequence[Any]) -> Score:
    try:
        value, without = metric.score_corpus(items), metric.leave_one_out(items)
    except ValueError as error:
        raise DataError(str(error)) from None
    if not np.isfinite(value):
        return score
    if without is None or len(without) < 2 or not np.all(np.isfinite(without)):
        return replace(score, value=float(value))
    low, high = jackknife_interval(float(value), without)
    note = "the interval is a jackknife over dialogues"
    return replace(score, value=float(value), low=low, high=high, notes=(*score.notes, note))
