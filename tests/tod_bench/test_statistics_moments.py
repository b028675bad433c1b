"""Pearson's correlation from sums of moments is numpy's of the pairs, and there is none where one side stands still."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_bench.statistics import correlation, pair_moments

POINTS = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=30)


@given(POINTS)
def test_it_is_that_of_the_pairs(pairs):
    x, y = np.array(pairs, dtype=float).T
    found = float(correlation(pair_moments(x, y).sum(axis=0)))
    if x.std() == 0 or y.std() == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)


def test_points_of_any_size_have_one_where_nothing_is_taken_for_rounding():
    sums = pair_moments(np.array([1e-6, 2e-6]), np.array([1e-6, 3e-6])).sum(axis=0)
    assert np.isnan(correlation(sums))
    assert float(correlation(sums, flat=0.0)) == pytest.approx(1.0)
