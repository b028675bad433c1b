"""Speed of Inform and Success against a plain loop, and of the other response metrics, in one run on one machine.

The work is MultiWOZ's test split (1,000 dialogues, 7,372 turns) where TOD_BENCH_DATA is set, else as many simulated
dialogues; the responses are the corpus's own. The plain loop does what the usual script does: at every mention of a
venue it walks the whole table and compares every constraint with every entry, and again for the goal. It is timed on a
fifth of the dialogues, its time scaled up; of these both give the same rates.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Row, interleaved
from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.scoring import pair
from tod_bench.scoring.pairing import build_items
from tod_bench.tasks import gold_prediction
from tod_metrics import CorpusMetric, metric
from tod_metrics.dialogue.bookings import bookings_of
from tod_metrics.dialogue.inform_success import REQUESTABLE, Inform, Success
from tod_metrics.dialogue.partial_ratio import partial_ratio
from tod_metrics.dialogue.venues import FUZZY, RATIO, SEARCHED, minutes
from tod_metrics.items import DialogueItem, ResponseItem
from tod_metrics.normalization.mwzeval import database_value
from tod_metrics.response.bleu import NltkBleu
from tod_metrics.response.delexicalise import kind_of, kinds_in
from tod_metrics.state.active_domains import from_state_changes

DIALOGUES, REPEATS, LOOP_SHARE = 1000, 3, 5
OTHERS = ("bleu", "sacrebleu", "gunning_fog", "politeness", "msttr", "conditional_entropy")
Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def work(count: int) -> tuple[Corpus, list[DialogueItem], list[ResponseItem]]:
    """The corpus, its dialogues answered by themselves in delexicalised form, and the responses as they are."""
    real = bool(os.environ.get("TOD_BENCH_DATA"))
    corpus = open_corpus("multiwoz", version="2.1") if real else open_corpus("simulated", dialogues={"test": count})
    dialogues = list(corpus.dialogues("test"))[:count]
    answers = [gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]
    pairing = pair("response", dialogues, answers)
    whole = build_items(DialogueItem, pairing, corpus.schema, {})
    lexicalised = Inform(corpus.database, text="lexicalised")  # type: ignore[arg-type]
    return corpus, list(lexicalised.delexicalised(whole)), list(build_items(ResponseItem, pairing, corpus.schema, {}))


def ours(corpus: Corpus, items: Sequence[DialogueItem]) -> tuple[float, float]:
    """Inform and Success as the product computes them, everything built anew."""
    kinds_in.cache_clear()
    found = [kind(corpus.database, "gold", "state_changes") for kind in (Inform, Success)]  # type: ignore[arg-type]
    inform, success = (float(one.aggregate(one.statistics(items).sum(axis=0))) for one in found)
    return inform, success


def loop(tables: Tables, items: Sequence[DialogueItem]) -> tuple[float, float]:
    """The same by walking the tables."""
    outcomes = [walk(tables, item) for item in items]
    return tuple(100 * sum(column) / len(outcomes) for column in zip(*outcomes, strict=True))  # type: ignore[return-value]


def walk(tables: Tables, item: DialogueItem) -> tuple[bool, bool]:
    """Whether a dialogue is informed, and succeeds."""
    states = [plain_state(turn.gold_state) for turn in item.turns]
    offered: dict[str, set[str]] = {}
    given: dict[str, set[str]] = {domain: set() for domain in item.goal}
    for turn, state, active, booked in zip(
        item.turns, states, from_state_changes(states), bookings_of(item.turns), strict=True
    ):
        kinds = kinds_in(turn.response or "")
        for domain in active & item.goal.keys():
            if ("TRAINID" if domain == "train" else "NAME") in kinds and domain in SEARCHED:
                found = search(tables, domain, state.get(domain))
                if not offered.get(domain) or not offered[domain] <= found:
                    offered[domain] = found
            given[domain] |= {kind for kind in kinds & REQUESTABLE if kind != "REFERENCE" or domain in booked}
    informed = answered = True
    for domain, wish in item.goal.items():
        asked = {kind_of(slot) for slot in wish.request} & REQUESTABLE | ({"REFERENCE"} if wish.book else set())
        answered &= asked <= given[domain]
        if domain in SEARCHED and "name" not in wish.inform:
            own = offered.get(domain)
            free = domain == "train" and "TRAINID" not in asked
            informed &= own <= search(tables, domain, wish.inform) if own else free
    return informed, informed and answered


def plain_state(gold: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, dict[str, str]]:
    """First values, without dontcare and none."""
    state = {
        domain: {
            slot: values[0]
            for slot, values in slots.items()
            if "dontcare" not in values and values[0].lower() != "none"
        }
        for domain, slots in gold.items()
    }
    return {domain: slots for domain, slots in state.items() if slots}


def search(tables: Tables, domain: str, constraints: Mapping[str, str] | None) -> set[str]:
    """Ids of the entries that meet the constraints."""
    if constraints is None:
        return set()
    return {
        str(entry.get("trainid") or entry.get("id") or number)
        for number, entry in enumerate(tables[domain])
        if all(meets(domain, slot, entry[slot], value) for slot, value in constraints.items() if slot in entry)
    }


def meets(domain: str, slot: str, has: str, value: str) -> bool:
    """Whether an entry's value meets a constraint."""
    if has == "?" or value.lower() in ("dontcare", "don't care"):
        return True
    has, wanted = database_value(slot, has.lower()), database_value(slot, value.lower().strip())
    if slot == "leaveat":
        return minutes(has) >= minutes(wanted)
    if slot == "arriveby":
        return minutes(has) <= minutes(wanted)
    return partial_ratio(has, wanted) >= RATIO if slot in FUZZY[domain] else has == wanted


def run(*, smoke: bool, out: Path) -> list[Row]:
    """Inform and Success against the loop; the other metrics by themselves, libraries loaded beforehand.

    Raises:
        ValueError: The loop finds other rates.
    """
    del out
    corpus, items, rows = work(20 if smoke else DIALOGUES)
    tables = {domain: list(corpus.database.query(domain, {})) for domain in SEARCHED}  # type: ignore[union-attr]
    some = items[::LOOP_SHARE]
    rates = ours(corpus, some), loop(tables, some)
    if rates[0] != rates[1]:
        raise ValueError(f"the two disagree: {rates}")
    sides = {"ours": lambda: ours(corpus, items), "loop": lambda: loop(tables, some)}
    seconds = interleaved(sides, 1 if smoke else REPEATS)
    whole = tuple(second * len(items) / len(some) for second in seconds["loop"])
    what = f"Inform and Success, {len(rows):,} turns, {corpus.name}"
    first = Row(what, "s", tuple(seconds["ours"]), whole, f"plain loop, from 1/{LOOP_SHARE}")
    NltkBleu().statistics(rows[:1])
    others = {f"{name}, {len(rows):,} responses, {corpus.name}": job(name, rows) for name in OTHERS}
    return [first, *(Row(name, "s", tuple(found)) for name, found in interleaved(others, 1).items())]


def job(name: str, rows: Sequence[ResponseItem]) -> Callable[[], object]:
    """Scoring all responses under one metric, made ready."""
    # With a parser the time would be spaCy's, and there is not one everywhere.
    one = metric(name, **({"parser": "none"} if name == "politeness" else {}))
    score = one.score_corpus if isinstance(one, CorpusMetric) else one.statistics
    score(rows[:2])
    return lambda: score(rows)
