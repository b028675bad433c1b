"""The two pictures of confidence: the risk-coverage curve and the reliability diagram, as numbers."""

from dataclasses import dataclass

import numpy as np

from tod_metrics.confidence.ece import Binning, bins_of
from tod_metrics.confidence.pool import ConfidencePool


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What a threshold does.

    Attributes:
        threshold: Units at least this confident are accepted, 0 to 1.
        coverage: Share of units that are accepted, in %.
        risk: Share of those that are wrong, in %.
    """

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """A bin of a reliability diagram.

    Attributes:
        low: Least confidence in it, 0 to 1.
        high: Largest confidence in it.
        confidence: Mean confidence, in %.
        right: Share of units that are right, in %.
        units: Number of units.
    """

    low: float
    high: float
    confidence: float
    right: float
    units: int


def risk_coverage(pool: ConfidencePool, points: int = 200) -> list[RiskPoint]:
    """The risk-coverage curve, the largest threshold first.

    Args:
        pool: The units.
        points: Points at most, spread evenly over coverage; the ends are always among them.
    """
    if not len(pool):
        return []
    values, units, right = (array[::-1] for array in pool.whole)
    accepted, wrong = np.cumsum(units), np.cumsum(units - right)
    chosen = np.searchsorted(accepted, np.linspace(accepted[0], accepted[-1], min(points, len(values))))
    return [
        RiskPoint(
            float(values[place]),
            float(100 * accepted[place] / accepted[-1]),
            float(100 * wrong[place] / accepted[place]),
        )
        for place in np.unique(chosen)
    ]


def reliability(pool: ConfidencePool, bins: int = 15, binning: Binning = "mass") -> list[ReliabilityBin]:
    """The bins of `tod_metrics.confidence.ece.ECE` that hold a unit, the least confident first.

    Args:
        pool: The units.
        bins: Number of bins.
        binning: How they are cut.
    """
    values, units, right = pool.whole
    if not len(values):
        return []
    places = bins_of(values, units[:, None], bins, binning)[:, 0]
    found = []
    for place in np.unique(places):
        of_bin = places == place
        size = units[of_bin].sum()
        found.append(
            ReliabilityBin(
                float(values[of_bin][0]),
                float(values[of_bin][-1]),
                float(100 * (values[of_bin] * units[of_bin]).sum() / size),
                float(100 * right[of_bin].sum() / size),
                int(size),
            )
        )
    return found
