"""Speed of scoring belief states against a plain reference loop, in one run on one machine.

The work is that of `tod-bench score`: every belief-state metric under every protocol that defines it, for as many turns
as MultiWOZ's test split has (7,372 in 1,000 dialogues; simulated, or real MultiWOZ where TOD_BENCH_DATA is set). The
loop does what most scripts do: for each metric and protocol it walks all turns, normalises both states anew and
compares them. It is timed on a tenth of the dialogues, its time scaled up.
"""

import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.report import Row, interleaved
from tod_bench.corpora.base import open_corpus
from tod_bench.records import Dialogue, Prediction, Schema
from tod_bench.scoring import pair
from tod_bench.scoring.pairing import build_items
from tod_bench.tasks import gold_prediction
from tod_metrics import metric, metric_class
from tod_metrics.base import CorpusMetric
from tod_metrics.items import StateItem
from tod_metrics.normalization import NORMALISERS, canonical_slot
from tod_metrics.protocols import PROTOCOLS, StateProtocol, state_protocol
from tod_metrics.state.states import StateBatch

DIALOGUES, REPEATS, LOOP_SHARE, SEED = 1000, 3, 10, 0
PROTOCOL_NAMES = (*PROTOCOLS, "trade+dropnone", "tod_bench+strict", "tod_bench+fuzzy")
SPECS = [
    f"{name}@{protocol}"
    for protocol in PROTOCOL_NAMES
    for name in sorted(state_protocol(protocol).metrics)
    if not issubclass(metric_class(name), CorpusMetric)  # metrics of confidence, which these answers have none of
]


def corpus(count: int) -> tuple[str, list[Dialogue], Schema]:
    """Name, dialogues and schema of what is scored."""
    if os.environ.get("TOD_BENCH_DATA"):
        opened = open_corpus("multiwoz", version="2.1")
    else:
        opened = open_corpus("simulated", dialogues={"test": count})
    return opened.name, list(opened.dialogues("test"))[:count], opened.schema


def answers(dialogues: Sequence[Dialogue]) -> list[Prediction]:
    """Gold with a twentieth of the slots lost and a tenth of the values altered."""
    generator, found = random.Random(SEED), []
    for dialogue in dialogues:
        for turn in dialogue.turns:
            gold = gold_prediction(dialogue, turn)
            state = {
                domain: {
                    slot: value if generator.random() > 0.1 else f"{value} x"
                    for slot, value in slots.items()
                    if generator.random() > 0.05
                }
                for domain, slots in (gold.state or {}).items()
            }
            found.append(Prediction(dialogue.id, turn.index, state))
    return found


def ours(items: Sequence[StateItem], schema: Mapping[str, Mapping[str, bool]]) -> list[float]:
    """The product's way: one batch, every metric; the caches of values start empty."""
    for normalise in set(NORMALISERS.values()):
        normalise.cache_clear()  # type: ignore[attr-defined]
    batch = StateBatch(items, schema)
    built = [metric(spec) for spec in SPECS]
    return [float(one.aggregate(one.statistics(batch).sum(axis=0))) for one in built]


def loop(items: Sequence[StateItem]) -> list[float]:
    """The plain way, metric by metric; metrics other than the joint goal cost it no more than that."""
    return [
        100 * sum(plain(item, state_protocol(spec.partition("@")[2])) for item in items) / len(items) for spec in SPECS
    ]


def plain(item: StateItem, rules: StateProtocol) -> bool:
    """Whether a state is right, as a script would find out: both states normalised, then compared."""
    normalise = NORMALISERS.get(rules.norm, NORMALISERS["strict"])
    uncached = getattr(normalise, "__wrapped__", normalise)
    gold = {}
    for domain, slots in item.gold.items():
        for slot, values in slots.items():
            key = canonical_slot(domain, slot)
            gold[key] = {uncached(*key, value) for value in values}
    predicted = {}
    for domain, answered in item.predicted.items():
        for slot, value in answered.items():
            key = canonical_slot(domain, slot)
            predicted[key] = uncached(*key, value)
    return gold.keys() == predicted.keys() and all(predicted[key] in gold[key] for key in gold)


def run(*, smoke: bool, out: Path) -> list[Row]:
    """One row."""
    del out
    name, dialogues, schema = corpus(20 if smoke else DIALOGUES)
    items: list[StateItem] = list(build_items(StateItem, pair("dst", dialogues, answers(dialogues)), schema, {}))
    flags = {domain: {slot: spec.categorical for slot, spec in slots.items()} for domain, slots in schema.items()}
    some = items[: len(items) // LOOP_SHARE]
    sides = {"ours": lambda: ours(items, flags), "loop": lambda: loop(some)}
    seconds = interleaved(sides, 1 if smoke else REPEATS)
    whole = tuple(LOOP_SHARE * second for second in seconds["loop"])
    what = f"scoring {len(items):,} belief states under {len(SPECS)} metrics x protocols, {name}"
    return [Row(what, "s", tuple(seconds["ours"]), whole, f"plain loop, from 1/{LOOP_SHARE}")]
