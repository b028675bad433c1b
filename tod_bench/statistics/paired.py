"""Is system A better than system B on the same dialogues? Two paired tests over the dialogues' statistics.

`approximate_randomization` asks how often a difference this large arises when the two answers to each dialogue are
swapped at random (the hypothesis: the systems are interchangeable). `paired_bootstrap` asks how far the difference
moves when the test set is drawn anew (the hypothesis: the difference is zero). The units are dialogues, never turns.
`bootstrap_difference` does so for means over several runs of either system.
`holm` corrects the p-values of several comparisons; `minimal_detectable_difference` says what could have been found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tod_bench.statistics.bootstrap import (
    ROUNDING,
    Aggregate,
    FloatArray,
    Interval,
    bootstrap_interval,
    coins,
    jackknife,
    resampled_sums,
)

_TIE = 1e-9
"""Relative tolerance within which a drawn difference counts as equal to the observed one."""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """What a paired test found.

    Attributes:
        effect: Score of A minus score of B, in the metric's unit; None where one of the scores is undefined.
        p_value: Two-sided p-value; None where there is no effect to test.
        interval: Interval of the difference, by the bootstrap over dialogues.
        draws: Draws that the p-value rests on.
        exact: Whether every possible swap was tried, so that the p-value has no sampling error.
        note: Why there is no p-value, or what must be known of it; mostly empty.
    """

    effect: float | None
    p_value: float | None
    interval: Interval
    draws: int
    exact: bool = False
    note: str = ""


def paired_bootstrap(
    a: FloatArray, b: FloatArray, aggregate: Aggregate, *, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> PairedTest:
    """The paired bootstrap: both systems are scored on the same resampled dialogues.

    The p-value is the share of draws whose difference lies at least as far from the observed difference as that lies
    from zero (the draws, moved to have the hypothesis's mean of zero, as in Efron & Tibshirani 1993, chapter 16;
    for MT: Koehn 2004, Riezler & Maxwell 2005), with one added to both counts.

    Args:
        a: Statistics of each dialogue for system A, shape (clusters, k).
        b: The same for system B, dialogues in the same order.
        aggregate: The score of sums.
        draws: Bootstrap draws.
        seed: Seed of the draws.
        level: Coverage of the interval.

    Returns:
        The test.
    """
    return bootstrap_difference(*_side_by_side(a, b, aggregate), draws=draws, seed=seed, level=level)


def bootstrap_difference(
    sums: FloatArray, statistic: Aggregate, *, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> PairedTest:
    """The paired bootstrap of any difference between scores of the same dialogues; `paired_bootstrap` is a case of it.

    Args:
        sums: Statistics of each dialogue, those of all scores side by side, shape (clusters, k).
        statistic: The difference, of sums of shape (..., k) to (...).
        draws: Bootstrap draws.
        seed: Seed of the draws.
        level: Coverage of the interval.

    Returns:
        The test.
    """
    effect, interval, note = _observed(sums, statistic, draws=draws, seed=seed, level=level)
    if effect is None or note:
        return PairedTest(effect, None, interval, 0, note=note)
    drawn = statistic(resampled_sums(sums, draws, seed))
    drawn = drawn[np.isfinite(drawn)]
    return PairedTest(effect, tail_share(np.abs(drawn - effect), abs(effect)), interval, len(drawn))


def approximate_randomization(
    a: FloatArray, b: FloatArray, aggregate: Aggregate, *, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> PairedTest:
    """Approximate randomisation: the two systems' answers to each dialogue are swapped, or not, by a fair coin.

    The p-value is ``(1 + swaps with a difference at least as large) / (1 + swaps)`` (Noreen 1989; the added one counts
    the arrangement that was observed and keeps the test valid: Phipson & Smyth 2010). Where all swaps together are no
    more than `draws`, all of them are tried and the p-value is exact. A swap in which the score is undefined counts as
    at least as large.

    Args:
        a: Statistics of each dialogue for system A, shape (clusters, k).
        b: The same for system B, dialogues in the same order.
        aggregate: The score of sums.
        draws: Random swaps, and bootstrap draws of the interval.
        seed: Seed of both.
        level: Coverage of the interval.

    Returns:
        The test.
    """
    both, statistic = _side_by_side(a, b, aggregate)
    effect, interval, note = _observed(both, statistic, draws=draws, seed=seed, level=level)
    if effect is None or note:
        return PairedTest(effect, None, interval, 0, note=note)
    drawn, exact = swapped_statistics(a, b, statistic, draws, seed)
    return PairedTest(effect, tail_share(np.abs(drawn), abs(effect), exact=exact), interval, len(drawn), exact)


def difference(aggregate: Aggregate, columns: int) -> Aggregate:
    """The aggregate of two systems' statistics side by side: the score of the left less the score of the right."""
    return lambda sums: aggregate(sums[..., :columns]) - aggregate(sums[..., columns:])


def swapped_statistics(
    a: FloatArray, b: FloatArray, statistic: Aggregate, draws: int, seed: int
) -> tuple[FloatArray, bool]:
    """A statistic of both sides' sums under random swaps of each dialogue's two rows.

    Dialogues on which both sides have the same statistics are left alone: swapping them changes nothing.

    Args:
        a: Statistics of each dialogue on one side, shape (clusters, k).
        b: The same on the other side.
        statistic: Of sums side by side, shape (..., 2k) to (...).
        draws: Random swaps; if there are no more swaps than that, each is made once.
        seed: Seed of the swaps.

    Returns:
        The statistic of every swap, and whether these are all swaps there are.
    """
    change = (b - a)[np.any(a != b, axis=1)]
    blocks, exact = coins(len(change), draws, seed)
    total_a, total_b = a.sum(axis=0), b.sum(axis=0)
    drawn = []
    for block in blocks:
        moved = block.astype(np.float64) @ change
        drawn.append(statistic(np.hstack([total_a + moved, total_b - moved])))
    return np.concatenate(drawn), exact


def tail_share(drawn: FloatArray, observed: float, *, exact: bool = False) -> float:
    """The p-value of a statistic that is large when the hypothesis is wrong.

    Args:
        drawn: The statistic under rearrangements; one that is undefined counts as large.
        observed: The statistic that was observed.
        exact: Whether every rearrangement was tried; else the observed one is added to the draws.

    Returns:
        Share of arrangements in which the statistic is at least as large, up to rounding.
    """
    extreme = int(np.sum(~(drawn < observed - _TIE * max(1.0, observed))))
    return extreme / len(drawn) if exact else (extreme + 1) / (len(drawn) + 1)


def _side_by_side(a: FloatArray, b: FloatArray, aggregate: Aggregate) -> tuple[FloatArray, Aggregate]:
    """The statistics of both systems in one matrix, and the difference of their scores."""
    if a.shape != b.shape:
        raise ValueError(f"both systems need the statistics of the same dialogues, not {a.shape} and {b.shape}")
    return np.hstack([a, b]), difference(aggregate, a.shape[1])


def _observed(
    both: FloatArray, statistic: Aggregate, *, draws: int, seed: int, level: float
) -> tuple[float | None, Interval, str]:
    """The observed difference, its interval, and why it cannot be tested (empty where it can)."""
    interval = bootstrap_interval(both, statistic, draws=draws, seed=seed, level=level)
    effect = float(statistic(both.sum(axis=0)))
    if not np.isfinite(effect):
        return None, interval, "the score is undefined for one of the systems"
    return effect, interval, "" if len(both) > 1 else interval.note


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusts p-values so that the chance of any false finding in the family stays below the level of each.

    Step-down Bonferroni: the i-th smallest of m p-values is multiplied by m - i + 1, and no adjusted value may be below
    one of a smaller p-value (Holm 1979, Scandinavian Journal of Statistics 6, 65-70). Valid whatever the dependence
    between the tests, which metrics over the same predictions need.

    Args:
        p_values: The p-values of the family, each from 0 to 1.

    Returns:
        Adjusted p-values, at most 1, in the order given.

    Raises:
        ValueError: A value is not a number from 0 to 1.
    """
    values = np.asarray(p_values, dtype=np.float64)
    if not np.all((values >= 0) & (values <= 1)):
        raise ValueError(f"p-values must lie between 0 and 1, not {[float(value) for value in values]}")
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]


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
    error = standard_error(np.hstack([a, b]), difference(aggregate, a.shape[1]))
    if error is None or error <= ROUNDING:
        return None
    return detectable_difference(error, len(a), level=level, power=power, comparisons=comparisons)


def detectable_difference(
    error: float, clusters: int, *, level: float = 0.95, power: float = 0.8, comparisons: int = 1
) -> float:
    """The smallest detectable difference of a standard error; see `minimal_detectable_difference`."""
    from scipy.special import stdtrit

    freedom, alpha = clusters - 1, (1 - level) / comparisons
    return float((stdtrit(freedom, 1 - alpha / 2) + stdtrit(freedom, power)) * error)
