"""How often nominal 95% intervals of ECE hold the true one: bootstrap draws as they are, corrected, and reflected.

Prints the table of ``docs/metrics/confidence.md``. The samples are dialogues of 2 to 11 values whose confidence lies
mostly near 1; a value is right by the odds of its confidence, divided by a factor (1: calibrated) and by another of
each dialogue's own. The truth is the ECE of 300,000 dialogues.

    python -m benchmarks.ece_coverage            # ten minutes
"""

import math

import numpy as np

from tod_bench.statistics import Method, pooled_interval
from tod_metrics.confidence.ece import ECE
from tod_metrics.confidence.pool import ConfidencePool

METHODS: tuple[Method, ...] = ("percentile", "bca", "basic")
CLUSTERS, SHIFTS = (100, 400), (0.0, 0.3, 1.0)
SAMPLES, DRAWS, MANY = 200, 400, 300_000


def sample(rng: np.random.Generator, clusters: int, shift: float) -> ConfidencePool:
    """Values of dialogues; `shift` is the logarithm of the factor by which the system is too sure of itself."""
    cluster = np.repeat(np.arange(clusters), rng.integers(2, 12, clusters))
    confidence = np.clip(rng.random(len(cluster)) ** 0.25, 1e-4, 1 - 1e-4)
    own = rng.normal(0, 0.5, clusters)[cluster]
    odds = np.log(confidence / (1 - confidence)) - shift + own
    return ConfidencePool(confidence, rng.random(len(cluster)) < 1 / (1 + np.exp(-odds)), cluster, clusters)


def main() -> None:
    """Prints the table."""
    ece = ECE()
    print("| true ECE | dialogues | mean ECE | " + " | ".join(f"`{method}`" for method in METHODS) + " |")
    print("|---:|---:|---:|" + "---:|" * len(METHODS))
    for shift in SHIFTS:
        whole = sample(np.random.default_rng(MANY), MANY, shift)
        truth = float(ece.of_pool(whole, np.ones((1, MANY)))[0])
        for clusters in CLUSTERS:
            scores, held = list[float](), dict.fromkeys(METHODS, 0)
            for seed in range(SAMPLES):
                pool = sample(np.random.default_rng(seed), clusters, shift)
                scores.append(float(ece.of_pool(pool, np.ones((1, clusters)))[0]))
                for method in METHODS:
                    found = pooled_interval(
                        lambda counts, pool=pool: ece.of_pool(pool, counts),  # type: ignore[misc]
                        clusters,
                        draws=DRAWS,
                        seed=seed,
                        method=method,
                    )
                    low, high = found.low or 0.0, math.inf if found.high is None else found.high
                    held[method] += max(low, ece.lowest) <= truth <= high
            shares = " | ".join(f"{100 * held[method] / SAMPLES:.0f}" for method in METHODS)
            print(f"| {truth:.2f} | {clusters} | {np.mean(scores):.2f} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
