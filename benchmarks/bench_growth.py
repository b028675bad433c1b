"""How cost grows with the number of dialogues: simulated ones are made and scored, a thousand to a hundred thousand.

The plot has seconds over dialogues (logarithmic), with the line of proportional growth from the first point. The
row has the exponent of a power law through the points: 1 is linear growth.
"""

from collections.abc import Mapping
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.report import Row
from tod_bench.corpora.base import open_corpus
from tod_bench.scoring import score
from tod_bench.splits import read_all
from tod_bench.tasks import gold_prediction

SIZES = (1_000, 10_000, 100_000)
LIMIT = 1.1
"""Exponent up to which growth passes for linear."""


def run(*, smoke: bool, out: Path) -> list[Row]:
    """The seconds of each size, and the exponent; the plot beside the table."""
    seconds = {size: make_and_score(size) for size in ((20, 60) if smoke else SIZES)}
    plot(seconds, out / "growth.svg")
    rows = [Row(f"{size:,} simulated dialogues made and scored", "s", (second,)) for size, second in seconds.items()]
    return [*rows, Row("exponent of that growth", "", (exponent(seconds),), target=LIMIT)]


def make_and_score(size: int) -> float:
    """Seconds for making dialogues and scoring their gold."""
    began = perf_counter()
    corpus = open_corpus("simulated", dialogues={"test": size})
    dialogues = read_all(corpus, "test")
    gold = (gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns)
    score("dst", dialogues, gold, corpus_name=corpus.name, split="test", schema=corpus.schema, metrics=["jga"], draws=0)
    return perf_counter() - began


def exponent(seconds: Mapping[int, float]) -> float:
    """The slope of log seconds over log dialogues."""
    return float(np.polyfit(np.log(list(seconds)), np.log(list(seconds.values())), 1)[0])


def plot(seconds: Mapping[int, float], path: Path) -> None:
    """Writes the plot."""
    from tod_bench.reports.charts import Datum, lines

    smallest = min(seconds)
    data = [Datum("measured", taken, label=str(size)) for size, taken in seconds.items()]
    data += [Datum("proportional", seconds[smallest] * size / smallest, label=str(size)) for size in seconds]
    chart = lines(data, "simulated dialogues", title="Seconds, making and scoring", log=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(chart.svg(), encoding="utf-8")
