"""How large a difference can this test set resolve at all?"""

import numpy as np

from tod_bench.statistics.clusters import Aggregate, FloatArray
from tod_bench.statistics.intervals import ROUNDING, jackknife
from tod_bench.statistics.paired import difference


def standard_error(sums: FloatArray, aggregate: Aggregate) -> float | None:
    """Standard error of a score by leaving out each dialogue in turn (the jackknife; Efron & Tibshirani 1993, ch. 11).

    Args:
        sums: Statistics of each dialogue, shape (clusters, k).
        aggregate: The score of sums.

    Returns:
        The standard error in the score's unit; None with fewer than two dialogues, or where the score is undefined
        without one of them.
    """
    clusters = len(sums)
    if clusters < 2:
        return None
    left_out = jackknife(sums, aggregate)
    error = float(np.sqrt((clusters - 1) / clusters * np.sum((left_out - left_out.mean()) ** 2)))
    return error if np.isfinite(error) else None


def minimal_detectable_difference(
    a: FloatArray,
    b: FloatArray,
    aggregate: Aggregate,
    *,
    level: float = 0.95,
    power: float = 0.8,
    comparisons: int = 1,
) -> float | None:
    """The smallest true difference that a paired, two-sided test on these dialogues finds with the given power.

    The difference of two scores over many dialogues is near normal, so with standard error s a test at significance
    alpha finds a true difference d with probability ``power`` when ``d = (t(1 - alpha/2) + t(power)) * s``, t being
    quantiles of Student's distribution with one degree of freedom less than there are dialogues (Cohen 1988,
    chapter 2; for NLP: Card et al. 2020). s is that of these two systems: systems that answer more alike are told apart
    at smaller differences, so it says what this test set can do for a pair such as this one.

    Args:
        a: Statistics of each dialogue for system A, shape (clusters, k).
        b: The same for system B, dialogues in the same order.
        aggregate: The score of sums.
        level: One minus the significance alpha of the test.
        power: Wanted probability of finding the difference.
        comparisons: Comparisons that share alpha (Bonferroni: the worst that Holm asks for).

    Returns:
        The difference in the metric's unit; None where the standard error is unknown, or is zero (up to rounding)
        because the two systems do not differ on any dialogue.
    """
    from scipy.special import stdtrit

    error = standard_error(np.hstack([a, b]), difference(aggregate, a.shape[1]))
    if error is None or error <= ROUNDING:
        return None
    freedom, alpha = len(a) - 1, (1 - level) / comparisons
    return float((stdtrit(freedom, 1 - alpha / 2) + stdtrit(freedom, power)) * error)
