"""Speed of the cluster bootstrap against a plain Python loop, in one run on one machine.

The work is that of a full score table: 60 scores of four statistics each over 1,000 dialogues, 10,000 draws, a 95%
interval each. The loop does what most scripts do (draw dialogues, add up their statistics, score, sort) and is timed on
fewer draws, its time scaled up, as it would take minutes. It takes plain percentiles where ours are BCa.
"""

import random
from pathlib import Path

import numpy as np

from benchmarks.report import Row, interleaved
from tod_bench.statistics import bootstrap_intervals, resample_weights
from tod_metrics.base import FloatArray, percentage

DIALOGUES, METRICS, DRAWS, LOOP_DRAWS, REPEATS, SEED = 1000, 60, 10_000, 10, 5, 0


def aggregate(sums: FloatArray) -> FloatArray:
    """Precision, the plainest of ratios."""
    return percentage(sums[..., 0], sums[..., 1])


def tables() -> list[FloatArray]:
    """Statistics of every metric, shape (dialogues, 4) each."""
    generator = np.random.default_rng(SEED)
    return [generator.integers(1, 12, (DIALOGUES, 4)).astype(float) for _ in range(METRICS)]


def fast(scores: list[FloatArray]) -> list[tuple[float | None, float | None]]:
    """The product's way, the draws made anew."""
    resample_weights.cache_clear()
    intervals = bootstrap_intervals([(table, aggregate) for table in scores], draws=DRAWS)
    return [(interval.low, interval.high) for interval in intervals]


def loop(scores: list[FloatArray], draws: int) -> list[tuple[float, float]]:
    """The plain way."""
    generator = random.Random(SEED)
    rows = [[tuple(row) for row in table.tolist()] for table in scores]
    drawn: list[list[float]] = [[] for _ in rows]
    for _ in range(draws):
        taken = [generator.randrange(DIALOGUES) for _ in range(DIALOGUES)]
        for found, table in zip(drawn, rows, strict=True):
            right = sum(table[dialogue][0] for dialogue in taken)
            everything = sum(table[dialogue][1] for dialogue in taken)
            found.append(100 * right / everything)
    return [(sorted(found)[int(0.025 * draws)], sorted(found)[int(0.975 * draws)]) for found in drawn]


def run(*, smoke: bool, out: Path) -> list[Row]:
    """One row."""
    del out
    scores, loop_draws = tables(), 1 if smoke else LOOP_DRAWS
    sides = {"ours": lambda: fast(scores), "loop": lambda: loop(scores, loop_draws)}
    seconds = interleaved(sides, 1 if smoke else REPEATS)
    whole = tuple(second * DRAWS / loop_draws for second in seconds["loop"])
    what = f"bootstrap of {METRICS} scores, {DIALOGUES:,} dialogues, {DRAWS:,} draws"
    return [Row(what, "s", tuple(seconds["ours"]), whole, f"plain loop, from {loop_draws} draws")]
