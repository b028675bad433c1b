"""Pearson's correlation from sums, so that dialogues, items or goals can be resampled by adding up what they bring."""

import numpy as np

from tod_bench.statistics.bootstrap import FloatArray


def pair_moments(x: FloatArray | float, y: FloatArray | float) -> FloatArray:
    """Number, sums and products of pairs, whose sums are all that a correlation needs.

    Args:
        x: One side of the pairs, of any shape; centred where its values are large, or digits are lost.
        y: The other side, of the same shape.

    Returns:
        Shape (..., 6): 1, x, y, x², y² and xy.
    """
    one, other = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    return np.stack([np.ones_like(one), one, other, one * one, other * other, one * other], axis=-1)


def correlation(sums: FloatArray, *, flat: float = 1e-9) -> FloatArray:
    """Pearson's r, -1 to 1, of summed moments; NaN where one side does not vary.

    Args:
        sums: Shape (..., 6), sums of what `pair_moments` gives.
        flat: The largest ``n Σx² - (Σx)²`` that is taken for rounding.
    """
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    of_x, of_y = n * xx - x * x, n * yy - y * y
    still = (of_x <= flat) | (of_y <= flat)
    return np.where(still, np.nan, np.clip((n * xy - x * y) / np.sqrt(np.where(still, 1.0, of_x * of_y)), -1, 1))
