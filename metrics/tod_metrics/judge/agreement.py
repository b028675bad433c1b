"""Krippendorff's alpha: how far raters agree beyond what their overall use of the values would give by chance.

    alpha = 1 - D_o / D_e

D_o is the disagreement observed within units, D_e that expected if ratings were dealt to units at random; 1 is perfect
agreement, 0 chance, below 0 systematic disagreement. Missing ratings are allowed; units with a single rating do not
count (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"). The value is the ``krippendorff`` package's.

Both terms are functions of the coincidences of values, which are sums over units. So `unit_coincidences` and
`alpha_of_coincidences` are a metric's statistics and aggregate, and a bootstrap over units is one matrix product.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tod_metrics.base import FloatArray, ratio
from tod_metrics.errors import extra_needed

Level: TypeAlias = Literal["nominal", "ordinal", "interval"]
"""Level of measurement: which differences between values count, and how much."""

Rating: TypeAlias = str | float | None
"""A rating: a label or a number; None where the rater gave none."""

Ratings: TypeAlias = Sequence[Sequence[Rating]]
"""One row a rater, one column a unit."""


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's alpha of a table of ratings.

    Attributes:
        value: Alpha, at most 1.
        level: Level of measurement.
        raters: Raters with a rating that counts.
        units: Units with two ratings or more.
        ratings: Ratings in those units.
    """

    value: float
    level: Level
    raters: int
    units: int
    ratings: int


@dataclass(frozen=True, slots=True)
class NoAlpha:
    """Alpha does not exist for these ratings.

    Attributes:
        reason: Why, as a sentence without a full stop.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """A table of ratings as counts, known to have an alpha.

    Attributes:
        counts: How often each unit was given each value, shape (units, V).
        scale: Where the values lie, shape (V,): the numbers themselves for ``interval``, else their ranks.
        level: Level of measurement.
        raters: Raters with at least one rating.
    """

    counts: NDArray[np.int64]
    scale: FloatArray
    level: Level
    raters: int


def alpha(ratings: Ratings, level: Level, values: Sequence[Rating] | None = None) -> Alpha | NoAlpha:
    """Krippendorff's alpha.

    Args:
        ratings: Rater by unit; None or NaN where there is no rating.
        level: ``nominal`` for labels, ``ordinal`` for ranks (Likert), ``interval`` for numbers.
        values: The values in their order; needed for ordinal labels, else the values found, sorted.

    Returns:
        Alpha, or the reason why there is none (fewer than two raters, no unit with two ratings, no variation).

    Raises:
        ValueError: A rating is not one of the values or not a number where one is needed, or rows differ in length.
    """
    counted = count_ratings(ratings, level, values)
    return counted if isinstance(counted, NoAlpha) else alpha_of_counts(counted)


def alpha_of_counts(counted: Counts) -> Alpha:
    """Krippendorff's alpha of ratings that are counted already."""
    package_alpha = alpha_package()
    paired = counted.counts[counted.counts.sum(axis=1) >= 2]
    value = package_alpha(value_counts=paired, value_domain=counted.scale, level_of_measurement=counted.level)
    return Alpha(float(value), counted.level, counted.raters, len(paired), int(paired.sum()))


def alpha_package() -> Callable[..., float]:
    """The function of the ``krippendorff`` package.

    Raises:
        MissingExtraError: The package is not installed.
    """
    with extra_needed("judge", "Krippendorff's alpha"):
        from krippendorff import alpha as package_alpha
    found: Callable[..., float] = package_alpha
    return found


def count_ratings(ratings: Ratings, level: Level, values: Sequence[Rating] | None = None) -> Counts | NoAlpha:
    """Counts how often each unit was given each value; arguments and errors as in `alpha`."""
    if len({len(row) for row in ratings}) > 1:
        raise ValueError(f"raters must rate the same units (None where not); rows have {sorted(map(len, ratings))}")
    raters = sum(any(not missing(rating) for rating in row) for row in ratings)
    if raters < 2:
        return NoAlpha(f"agreement needs at least two raters, and there is {raters or 'none'}")
    domain = _domain(ratings, level, values)
    place: dict[Hashable, int] = {value: index for index, value in enumerate(domain)}
    counts = np.zeros((len(ratings[0]), len(domain)), dtype=np.int64)
    for row in ratings:
        for unit, rating in enumerate(row):
            if not missing(rating):
                counts[unit, _index(place, rating)] += 1
    counted = counts[counts.sum(axis=1) >= 2].sum(axis=0)
    if not counted.any():
        return NoAlpha("no unit has ratings of two raters")
    if np.count_nonzero(counted) < 2:
        return NoAlpha(f"every rating is {domain[int(counted.argmax())]!r}, and without variation alpha is undefined")
    scale = np.array(domain if level == "interval" else range(len(domain)), dtype=np.float64)
    return Counts(counts, scale, level, raters)


def unit_coincidences(counts: NDArray[np.int64]) -> FloatArray:
    """Each unit's share of the coincidence matrix, upper triangle row by row.

    A unit with m ratings adds ``count(c) * (count(k) - [c = k]) / (m - 1)`` to cell (c, k); one with fewer than two
    ratings adds nothing (Krippendorff 2011, section C).

    Args:
        counts: How often each unit was given each value, shape (units, V).

    Returns:
        Shape (units, V * (V + 1) / 2).
    """
    m = counts.sum(axis=1)[:, None]
    rows, columns = np.triu_indices(counts.shape[1])
    pairs = counts[:, rows] * (counts[:, columns] - (rows == columns))
    return np.asarray(np.where(m >= 2, pairs / np.maximum(m - 1, 1), 0.0))


def alpha_of_coincidences(scale: FloatArray, level: Level) -> Callable[[FloatArray], FloatArray]:
    """The aggregate that goes with `unit_coincidences`: summed coincidences to alpha.

    Args:
        scale: Where the values lie, shape (V,); used for ``interval`` only.
        level: Level of measurement.

    Returns:
        A function of shape (..., V * (V + 1) / 2) to (...); NaN where there is no variation.
    """
    size = len(scale)
    rows, columns = np.triu_indices(size)
    doubled = np.where(rows == columns, 1.0, 2.0)
    belongs = np.eye(size)[rows] + np.eye(size)[columns] * (rows != columns)[:, None]

    def aggregate(sums: FloatArray) -> FloatArray:
        totals = sums @ belongs
        n = totals.sum(axis=-1)
        distance = _distance(totals, scale, level)[..., rows, columns]
        observed = (sums * doubled * distance).sum(axis=-1)
        expected = (totals[..., rows] * totals[..., columns] * doubled * distance).sum(axis=-1)
        return 1.0 - ratio((n - 1) * observed, expected)

    return aggregate


def missing(rating: Rating) -> bool:
    """Whether there is no rating: None or NaN."""
    return rating is None or (isinstance(rating, float) and np.isnan(rating))


def _distance(totals: FloatArray, scale: FloatArray, level: Level) -> FloatArray:
    """Squared distance between any two values, shape (..., V, V) or (V, V)."""
    if level == "nominal":
        return 1.0 - np.eye(len(scale))
    position = scale if level == "interval" else np.cumsum(totals, axis=-1) - totals / 2
    return np.asarray((position[..., :, None] - position[..., None, :]) ** 2)


def _domain(ratings: Ratings, level: Level, values: Sequence[Rating] | None) -> list[Rating]:
    """The values in their order."""
    given = {rating for row in ratings for rating in row if not missing(rating)}
    text = sorted(str(rating) for rating in given if isinstance(rating, str))
    if level == "interval" and text:
        raise ValueError(f"interval ratings must be numbers, not {text[0]!r}")
    if values is not None:
        return list(values)
    if text and (level == "ordinal" or len(text) < len(given)):
        raise ValueError(
            "ratings that are labels need `values`, the labels in their order, unless all are nominal labels"
        )
    return sorted(given)  # type: ignore[type-var]


def _index(place: dict[Hashable, int], rating: Rating) -> int:
    if rating not in place:
        raise ValueError(f"the rating {rating!r} is not one of the values {', '.join(repr(value) for value in place)}")
    return place[rating]
