"""Intervals and tests over dialogues: everything that says how far a number can be trusted.

All of it works on one matrix, the sufficient statistics of each dialogue (`cluster_sums`), and on the metric's own
aggregate, so an interval, a p-value and the score itself cannot disagree. What is resampled are dialogues, never turns.
"""

from tod_bench.statistics.alternative import AlternativeTest, Comparison, alternative_test, corrected_together
from tod_bench.statistics.bootstrap import (
    Aggregate,
    Interval,
    Method,
    bootstrap_interval,
    bootstrap_intervals,
    cluster_sums,
    resample_weights,
    resampled_sums,
)
from tod_bench.statistics.corrected import CorrectedMean, corrected_mean, naive_mean, tuned_weight
from tod_bench.statistics.families import PairTest, compare_all
from tod_bench.statistics.label_plan import LabelPlan, plan_labels
from tod_bench.statistics.moments import correlation, pair_moments
from tod_bench.statistics.paired import (
    PairedTest,
    approximate_randomization,
    bootstrap_difference,
    holm,
    minimal_detectable_difference,
    paired_bootstrap,
    standard_error,
)
from tod_bench.statistics.permutation import (
    PermutationTest,
    jensen_shannon,
    permutation_test,
    total_variation,
)
from tod_bench.statistics.pooled import PooledTests, pooled_bootstrap, pooled_interval, pooled_tests
from tod_bench.statistics.reliability import Agreement, agreement, agreements
from tod_bench.statistics.rogan_gladen import CorrectedRate, corrected_rate

__all__ = [
    "Aggregate",
    "Agreement",
    "AlternativeTest",
    "Comparison",
    "CorrectedMean",
    "CorrectedRate",
    "Interval",
    "LabelPlan",
    "Method",
    "PairTest",
    "PairedTest",
    "PermutationTest",
    "PooledTests",
    "agreement",
    "agreements",
    "alternative_test",
    "approximate_randomization",
    "bootstrap_difference",
    "bootstrap_interval",
    "bootstrap_intervals",
    "cluster_sums",
    "compare_all",
    "corrected_mean",
    "corrected_rate",
    "corrected_together",
    "correlation",
    "holm",
    "jensen_shannon",
    "minimal_detectable_difference",
    "naive_mean",
    "pair_moments",
    "paired_bootstrap",
    "permutation_test",
    "plan_labels",
    "pooled_bootstrap",
    "pooled_interval",
    "pooled_tests",
    "resample_weights",
    "resampled_sums",
    "standard_error",
    "total_variation",
    "tuned_weight",
]
