"""Loading and scoring SGD's training split: the first time, which writes the cache, and from the cache.

Each is a process of its own, so that time and peak memory are its own. The first scores the gold against itself once it
has loaded; the others walk over every dialogue.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Row

REPEATS = 3
BOUNDS = {"first": 60.0, "cached": 2.0, "memory": 1.5}
"""Seconds, seconds and GiB."""

CHILD = """
import json, resource, sys, time
began = time.perf_counter()
from tod_bench.corpora.base import open_corpus
from tod_bench.scoring import score
from tod_bench.splits import read_all
from tod_bench.tasks import gold_prediction

opened = open_corpus("sgd")
loaded = turns = 0
if {scoring}:
    dialogues = read_all(opened, "train")
    gold = (gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns)
    told = dict(corpus_name=opened.name, split="train", schema=opened.schema)
    score("dst", dialogues, gold, metrics=["jga"], draws=0, **told)
else:
    dialogues = opened.dialogues("train")
for dialogue in dialogues:
    loaded, turns = loaded + 1, turns + 2 * len(dialogue.turns)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps([loaded, turns, seconds, peak]))
"""


def run(*, smoke: bool, out: Path) -> list[Row]:
    """Seconds and peak memory; nothing where TOD_BENCH_DATA is not set, or in a smoke run."""
    del out
    if smoke or not os.environ.get("TOD_BENCH_DATA"):
        print("SGD is not loaded: TOD_BENCH_DATA is not set, or this is a smoke run", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as folder:
        firsts = [child(folder, scoring=True)]
        cached = [child(folder, scoring=False) for _ in range(REPEATS)]
    dialogues, turns = (int(number) for number in firsts[0][:2])
    what = f"SGD train ({dialogues:,} dialogues, {turns:,} utterances)"
    first, again = (tuple(one[2] for one in found) for found in (firsts, cached))
    return [
        Row(f"{what}: loading and scoring, first time", "s", first, target=BOUNDS["first"]),
        Row(f"{what}: loading, cached", "s", again, target=BOUNDS["cached"]),
        Row(f"{what}: peak memory of both", "GiB", tuple(found[3] for found in firsts), target=BOUNDS["memory"]),
    ]


def child(cache: str, *, scoring: bool) -> list[float]:
    """Dialogues, utterances, seconds and peak GiB of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(scoring=scoring)],
        env={**os.environ, "TOD_BENCH_CACHE": cache},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: list[float] = json.loads(done.stdout)
    return found
