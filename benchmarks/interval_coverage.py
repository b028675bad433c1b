"""How often nominal 95% intervals hold the true score, by kind of interval and number of dialogues.

Prints the table of ``docs/metrics/significance.md``. The samples are dialogues of 3 to 11 turns (or with about 16 gold
slots) whose difficulty varies from dialogue to dialogue; the truth is the score of a million of them.

    python benchmarks/interval_coverage.py            # two minutes
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from tod_bench.statistics import Aggregate, bootstrap_interval
from tod_bench.statistics.bootstrap import Method
from tod_metrics.base import FloatArray, percentage

Maker = Callable[[np.random.Generator, int], FloatArray]
CLUSTERS = (10, 20, 50, 200)


def share(sums: FloatArray) -> FloatArray:
    """Right turns per turn, in percent."""
    return percentage(sums[..., 0], sums[..., 1])


def f1(sums: FloatArray) -> FloatArray:
    """F1 of true positives, false positives and false negatives, in percent."""
    return percentage(2 * sums[..., 0], 2 * sums[..., 0] + sums[..., 1] + sums[..., 2])


def f1_difference(sums: FloatArray) -> FloatArray:
    """F1 of one system less F1 of another on the same dialogues."""
    return f1(sums[..., :3]) - f1(sums[..., 3:])


def turns(rate: float) -> Maker:
    """Maker of right turns and turns, the rate of right ones varying by dialogue (Beta, concentration 1.5)."""

    def make(rng: np.random.Generator, clusters: int) -> FloatArray:
        total = rng.integers(3, 12, clusters)
        right = rng.binomial(total, rng.beta(1.5 * rate, 1.5 * (1 - rate), clusters))
        return np.stack([right, total], axis=1).astype(float)

    return make


def slots(rng: np.random.Generator, clusters: int) -> FloatArray:
    """True positives, false positives and false negatives of slots, F1 near 88."""
    gold, skill = rng.poisson(15, clusters) + 1, rng.beta(3.4, 0.6, clusters)
    return _counts(rng, gold, skill)


def two_systems(rng: np.random.Generator, clusters: int) -> FloatArray:
    """The same of two systems that find the same dialogues hard."""
    gold, skill = rng.poisson(15, clusters) + 1, rng.beta(3.0, 1.0, clusters)
    return np.hstack([_counts(rng, gold, skill), _counts(rng, gold, 0.97 * skill)])


SAMPLES: Mapping[str, tuple[Maker, Aggregate]] = {
    "JGA near 50": (turns(0.5), share),
    "JGA near 90": (turns(0.9), share),
    "JGA near 3": (turns(0.03), share),
    "slot F1 near 88": (slots, f1),
    "difference of slot F1": (two_systems, f1_difference),
}


def coverage(sample: str, clusters: int, method: Method, repeats: int = 1000, draws: int = 1000) -> float:
    """Share of samples whose 95% interval holds the true score."""
    make, aggregate = SAMPLES[sample]
    truth = float(aggregate(make(np.random.default_rng(0), 1_000_000).sum(axis=0)))
    covered = 0
    for repeat in range(repeats):
        sums = make(np.random.default_rng(1 + repeat), clusters)
        # Another seed than the sample's, lest the draws be made of the sample's own random bits.
        interval = bootstrap_interval(sums, aggregate, draws=draws, method=method, seed=1_000_000 + repeat)
        covered += interval.low is not None and interval.low <= truth <= (interval.high or 0.0)
    return covered / repeats


def table() -> str:
    """The table in Markdown, in percent."""
    lines = ["| sample | interval | " + " | ".join(f"{clusters} dialogues" for clusters in CLUSTERS) + " |"]
    lines.append("|---|---|" + "---:|" * len(CLUSTERS))
    for sample in SAMPLES:
        methods: tuple[Method, ...] = ("bca", "percentile")
        for method in methods:
            cells = [f"{100 * coverage(sample, clusters, method):.1f}" for clusters in CLUSTERS]
            lines.append(f"| {sample} | `{method}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _counts(rng: np.random.Generator, gold: NDArray[np.int64], skill: FloatArray) -> FloatArray:
    right = rng.binomial(gold, skill)
    return np.stack([right, rng.poisson((1 - skill) * gold * 0.6), gold - right], axis=1).astype(float)


if __name__ == "__main__":
    print(table())
