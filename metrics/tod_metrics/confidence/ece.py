"""Expected calibration error: how far the mean confidence of a bin is from its share of right units."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from tod_metrics.base import FloatArray, percentage
from tod_metrics.confidence.confidence_metric import ConfidenceMetric
from tod_metrics.state.alignment import IntArray

Binning: TypeAlias = Literal["mass", "width"]


@dataclass(frozen=True)
class ECE(ConfidenceMetric):
    """Expected calibration error, in %: how far a bin's mean confidence is from its share right, weighted by units.

    Bins of equal mass are the default: nearly all confidences of a language model lie close to 1, so that of bins of
    equal width one holds nearly everything and hides what happens there, and the others are noise (Nixon et al. 2019;
    Roelofs et al. 2022). Units of one confidence are always in one bin. The estimate is biased upwards, the more so
    the fewer units a bin has: compare systems on the same units, or of the same number.

    Attributes:
        bins: Number of bins, at least 1.
        binning: ``mass``: a bin for each of as many quantiles; ``width``: of equal width over 0 to 1, open below
            (Guo et al. 2017).
    """

    bins: int = 15
    binning: Binning = "mass"

    name: ClassVar[str] = "ece"
    biased: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuses a number of bins that is none."""
        super().__post_init__()
        if self.bins < 1:
            raise ValueError(f"the metric 'ece': bins must be at least 1, not {self.bins}")

    @property
    def notes(self) -> tuple[str, ...]:
        """That the estimate is biased, and what is done about it."""
        return (
            "ECE is biased upwards, by less the more dialogues there are; its interval is the bootstrap draws "
            "reflected at the score, which corrects for that, so that the score may lie at its upper end or above",
        )

    def own_options(self) -> dict[str, str]:
        """The bins."""
        return {"bins": f"{self.bins}-equal-{self.binning}"}

    def of_counts(self, confidence: FloatArray, units: FloatArray, right: FloatArray) -> FloatArray:
        """``sum over bins of |sum of confidences - number right| / units``, in %."""
        draws = units.shape[1]
        places = bins_of(confidence, units, self.bins, self.binning) * draws + np.arange(draws)
        gap = np.bincount(
            places.ravel(),
            weights=(confidence[:, None] * units - right).ravel(),
            minlength=self.bins * draws,
        )
        return percentage(np.abs(gap).reshape(self.bins, draws).sum(axis=0), units.sum(axis=0))


def bins_of(confidence: FloatArray, units: FloatArray, bins: int, binning: Binning) -> IntArray:
    """The bin of each distinct confidence.

    Of equal mass: bin ``floor(bins * (units below + half of its own) / units)``, so that units of one confidence stay
    together and the order of units does not matter. Of equal width: ``(b / bins, (b + 1) / bins]``, 0 in the first.

    Args:
        confidence: Distinct confidences ascending, shape (v,).
        units: Units of each, shape (v, draws).
        bins: Number of bins.
        binning: How bins are cut.

    Returns:
        Shape (v, draws), 0 to ``bins - 1``.
    """
    if binning == "width":
        number = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.int64)
        return np.repeat(number[:, None], units.shape[1], axis=1)
    middle = np.cumsum(units, axis=0) - units / 2
    total = np.maximum(units.sum(axis=0), 1.0)
    return np.asarray(np.clip(np.floor(bins * middle / total), 0, bins - 1).astype(np.int64))
