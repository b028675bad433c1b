"""The alternative annotator test: may a judge take a person's place among the raters?

Calderon, Reichart and Dror (ACL 2025, arXiv 2501.10970). Each rater in turn is left out, and rater and judge are held
against the raters who remain: on every item, who of the two is nearer to them? The rater's advantage must lie below
epsilon, what the judge's lower price is worth, by a one-sided test; the false discovery rate over raters is held down
by Benjamini and Yekutieli's correction, which allows the comparisons to depend on each other. The judge passes where it
beats at least half of the raters (omega); its average advantage probability (rho) compares judges with each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tod_bench.statistics.bootstrap import FloatArray, cluster_sums

Alignment: TypeAlias = Literal["accuracy", "rmse"]
"""How near an answer is to those of the remaining raters: the share that is equal, or minus the root mean square
difference (labels, and numbers or points of a scale)."""

T_TEST_FROM = 30
"""Items from which the paper tests by Student's t; by Wilcoxon's signed ranks where there are fewer."""

_GRID = 101
"""Values of the nuisance parameter at which the exact test looks for its largest p."""

_EXACT_UP_TO = 200
"""Items up to which the exact test is made; with more, Student's is near enough and the other takes long."""

_OUTSIDE = 1e-6
"""Chance that the nuisance parameter lies outside of where the exact test looks."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The judge against one rater.

    Attributes:
        rater: Place of the rater who was left out.
        items: Items that the rater, the judge and at least one other rater answered.
        units: Dialogues of those items, as many as items where each is one of its own.
        judge: Advantage probability of the judge: share of items on which it is at least as near to the others as the
            rater is, 0 to 1.
        person: The same of the rater.
        test: ``t`` or ``wilcoxon``.
        p: One-sided p of the hypothesis that the rater's advantage over the judge is epsilon or more.
        exact: The same by an exact test; None where dialogues have several items, or the rater more than
            200, or it was not asked for.
        corrected: p after the correction over the family of comparisons.
        exact_corrected: The exact one (p where there is none) after the same correction.
    """

    rater: int
    items: int
    units: int
    judge: float
    person: float
    test: Literal["t", "wilcoxon"]
    p: float
    exact: float | None
    corrected: float = 1.0
    exact_corrected: float = 1.0


@dataclass(frozen=True, slots=True)
class AlternativeTest:
    """What the test says of one question.

    Attributes:
        epsilon: What the judge's lower price is worth, as an advantage probability.
        comparisons: One a rater with enough items.
        left_out: Raters with too few items, each with how many it has.
        level: False discovery rate.
    """

    epsilon: float
    comparisons: tuple[Comparison, ...]
    left_out: tuple[tuple[int, int], ...]
    level: float = 0.05

    @property
    def omega(self) -> float | None:
        """Winning rate: share of raters whom the judge beats, 0 to 1; None where nobody could be compared."""
        return _share([one.corrected <= self.level for one in self.comparisons])

    @property
    def omega_exact(self) -> float | None:
        """The winning rate by the exact tests, by p where a rater has too many items; None where there are none."""
        if all(one.exact is None for one in self.comparisons):
            return None
        return _share([one.exact_corrected <= self.level for one in self.comparisons])

    @property
    def rho(self) -> float | None:
        """Average advantage probability of the judge over raters, 0 to 1."""
        return _share([one.judge for one in self.comparisons])

    @property
    def passes(self) -> bool | None:
        """Whether the judge may replace a rater: omega of a half or more."""
        return None if self.omega is None else self.omega >= 0.5


def alternative_test(
    ratings: ArrayLike,
    judge: ArrayLike,
    *,
    alignment: Alignment,
    epsilon: float,
    clusters: ArrayLike | None = None,
    least_items: int = T_TEST_FROM,
    level: float = 0.05,
    exactly: bool = True,
) -> AlternativeTest:
    """Tests whether a judge may replace one of the raters of a question.

    Args:
        ratings: Answers as numbers (labels: any codes), shape (raters, items); NaN where a rater gave none.
        judge: The judge's answers, shape (items,); NaN where it gave none, and the item does not count.
        alignment: How answers are compared.
        epsilon: The paper's advice: 0.2 for experts, 0.15 for skilled raters, 0.1 for crowd workers.
        clusters: The dialogue of each item, shape (items,), whole numbers from 0; each its own by default. Items of one
            dialogue are not independent: the t test then takes its standard error over dialogues.
        least_items: Raters with fewer items are left out of the test (30 in the released code).
        level: False discovery rate.
        exactly: Whether the exact tests are made, too, which is most of the work.

    Returns:
        The test, corrected over its own raters; see `corrected_together` for several questions.

    Raises:
        ValueError: The shapes do not fit, epsilon is not in [0, 1), or the level not in (0, 1).
    """
    table, answers = np.asarray(ratings, dtype=np.float64), np.asarray(judge, dtype=np.float64)
    if table.ndim != 2 or answers.shape != table.shape[1:]:
        raise ValueError(f"ratings must be (raters, items) and judge (items,), not {table.shape} and {answers.shape}")
    if not 0 <= epsilon < 1 or not 0 < level < 1:
        raise ValueError(f"epsilon must be in [0, 1) and level in (0, 1), not {epsilon} and {level}")
    numbers = np.arange(table.shape[1]) if clusters is None else np.asarray(clusters)
    usable = np.isfinite(answers) & (np.isfinite(table).sum(axis=0) >= 2)
    comparisons, left_out = [], []
    for rater, row in enumerate(table):
        places = np.flatnonzero(usable & np.isfinite(row))
        if len(places) < max(1, least_items):
            left_out.append((rater, len(places)))
            continue
        others = np.delete(table[:, places], rater, axis=0)
        wins, losses = _advantages(row[places], answers[places], others, alignment)
        comparisons.append(_compared(rater, wins, losses, numbers[places], epsilon, exactly=exactly))
    return corrected_together([AlternativeTest(epsilon, tuple(comparisons), tuple(left_out), level)])[0]


def corrected_together(tests: Sequence[AlternativeTest]) -> list[AlternativeTest]:
    """The tests of several questions with their p-values corrected over all comparisons of all of them."""
    compared = [one for test in tests for one in test.comparisons]
    corrected = _yekutieli([one.p for one in compared])
    exact = _yekutieli([one.p if one.exact is None else one.exact for one in compared])
    settled = iter(
        replace(one, corrected=p, exact_corrected=q) for one, p, q in zip(compared, corrected, exact, strict=True)
    )
    return [replace(test, comparisons=tuple(next(settled) for _ in test.comparisons)) for test in tests]


def exact_p(ahead: int, behind: int, items: int, epsilon: float) -> float:
    """The p of the hypothesis that the rater's advantage is epsilon or more, valid for any number of independent items.

    On an item the rater is ahead (+1), behind (-1) or level (0). Outcomes are ordered by the advantage less epsilon
    over its standard error; at the edge of the hypothesis the chance of +1 is that of -1 plus epsilon. p is the largest
    chance of an outcome as far down that order as the one seen, over the chances of -1 in an interval that holds the
    true one but for `_OUTSIDE`, which is added (Berger and Boos 1994, JASA 89, 1012-1016). Student's test is too ready
    to find the judge good where few of the values differ from 0, as nothing is normal there.

    Args:
        ahead: Items on which the rater is nearer to the others.
        behind: Items on which the judge is.
        items: All items.
        epsilon: The advantage, in [0, 1).
    """
    from scipy.special import betaincinv, gammaln, xlogy

    least = betaincinv(behind, items - behind + 1, _OUTSIDE / 2) if behind else 0.0
    most = betaincinv(behind + 1, items - behind, 1 - _OUTSIDE / 2) if behind < items else 1.0
    edge = (1 - epsilon) / 2
    chance = np.linspace(min(least, edge), min(most, edge), _GRID)[:, None]
    up, down = (np.ravel(one) for one in np.indices((items + 1, items + 1)))
    inside = up + down <= items
    inside &= _order(up, down, items, epsilon) <= _order(np.array(ahead), np.array(behind), items, epsilon) + 1e-12
    up, down = up[inside], down[inside]
    level = items - up - down
    ways = gammaln(items + 1) - gammaln(up + 1) - gammaln(down + 1) - gammaln(level + 1)
    spread = xlogy(up, chance + epsilon) + xlogy(down, chance)
    spread += xlogy(level, np.maximum(1 - epsilon - 2 * chance, 0))
    return min(1.0, float(np.exp(ways + spread).sum(axis=1).max()) + _OUTSIDE)


def _order(ahead: NDArray[np.int64], behind: NDArray[np.int64], items: int, epsilon: float) -> FloatArray:
    """The advantage less epsilon over its standard error, up to a factor; one item more keeps that from 0."""
    advantage = (ahead - behind) / items
    variance = (ahead + behind + 1) / (items + 1) - (items * advantage / (items + 1)) ** 2
    return np.asarray((advantage - epsilon) / np.sqrt(variance))


def _advantages(
    person: FloatArray, judge: FloatArray, others: FloatArray, alignment: Alignment
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """On which items the judge, and on which the person, is at least as near to the others as the other one."""
    given = np.isfinite(others)
    if alignment == "accuracy":
        far_judge, far_person = (((others != one) & given).sum(axis=0) for one in (judge, person))
        return far_judge <= far_person, far_person <= far_judge
    squares = [np.where(given, (others - one) ** 2, 0.0).sum(axis=0) for one in (judge, person)]
    # Differences of rounding are none: answers that are fractions may not sum to the same last digit.
    slack = 1e-9 * np.maximum(squares[0], squares[1])
    return squares[0] <= squares[1] + slack, squares[1] <= squares[0] + slack


def _compared(
    rater: int,
    wins: NDArray[np.bool_],
    losses: NDArray[np.bool_],
    clusters: NDArray[np.int64],
    epsilon: float,
    *,
    exactly: bool,
) -> Comparison:
    ahead = losses.astype(np.float64) - wins
    of_dialogue = np.unique(clusters, return_inverse=True)[1]
    sums = cluster_sums(np.stack([ahead, np.ones(len(ahead))], axis=1), of_dialogue)
    exactly = exactly and len(sums) == len(ahead) <= _EXACT_UP_TO
    few = len(sums) < T_TEST_FROM
    return Comparison(
        *(rater, len(ahead), len(sums), float(wins.mean()), float(losses.mean())),
        test="wilcoxon" if few else "t",
        p=_wilcoxon(sums[:, 0] / sums[:, 1], epsilon) if few else _t_test(sums, epsilon),
        exact=exact_p(int((~wins).sum()), int((~losses).sum()), len(ahead), epsilon) if exactly else None,
    )


def _t_test(sums: FloatArray, epsilon: float) -> float:
    """One-sided p by Student's t, the standard error over dialogues; that of `ttest_1samp` where each has one item."""
    from scipy.special import stdtr

    units, items = len(sums), sums[:, 1].sum()
    mean = sums[:, 0].sum() / items
    error = np.sqrt(np.sum((sums[:, 0] - mean * sums[:, 1]) ** 2) * units / (units - 1)) / items
    if error < 1e-12:
        return float(mean >= epsilon)
    return float(stdtr(units - 1, (mean - epsilon) / error))


def _wilcoxon(values: FloatArray, epsilon: float) -> float:
    from scipy.stats import wilcoxon

    moved = values - epsilon
    return float(wilcoxon(moved, alternative="less").pvalue) if np.any(moved) else 1.0


def _yekutieli(p_values: Sequence[float]) -> list[float]:
    from scipy.stats import false_discovery_control

    return [float(p) for p in false_discovery_control(p_values, method="by")] if p_values else []


def _share(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
