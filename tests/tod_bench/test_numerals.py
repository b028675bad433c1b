"""Numbers as text: no interval shuts out its value, no minus sign stands before zero."""

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tod_bench.numerals import decimal, interval, with_interval
from tod_bench.reports.numbers import Number, against_published, written

NUMBERS = st.floats(-1000, 1000)


def ends(text: str) -> tuple[float, float]:
    low, high = re.fullmatch(r"\[(\S+), (\S+)\]", text).groups()
    return float(low), float(high)


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (57.32, 55.11, 59.48, "57.32 [55.1, 59.5]"),
        (2.94, 2.94, 2.94, "2.94 [2.94, 2.94]"),
        (2.94, 2.6, 2.943, "2.94 [2.60, 2.94]"),
        (100.0, 100.0, 100.0, "100.00 [100.0, 100.0]"),
        (40.04, 40.031, 40.049, "40.04 [40.03, 40.05]"),
        (-0.001, -0.04, 0.04, "0.00 [0.0, 0.0]"),
        (1.0, None, None, "1.00"),
        (0.000123, 0.0001, 0.00015, "0.00012 [0.00010, 0.00015]"),
        (0.0123, 0.01, 0.02, "0.012 [0.010, 0.020]"),
        (0.0999, None, None, "0.100"),
        (0.0, 0.0, 0.0, "0.00 [0.0, 0.0]"),
        (1e-30, None, None, "0.000000000"),
    ],
)
def test_intervals_get_a_digit_more_where_rounding_would_shut_their_value_out(value, low, high, expected):
    assert with_interval(value, low, high) == expected
    assert written(Number(value, low, high)) == expected


@given(NUMBERS, NUMBERS, NUMBERS, st.integers(0, 3), st.integers(0, 3))
@example(2.9, 2.6, 3.4, 0, 1)
def test_a_printed_interval_contains_its_printed_value(a, b, c, digits, beside):
    low, value, high = sorted((a, b, c))
    start, end = ends(interval(value, low, high, digits=min(digits, beside), beside=beside))
    assert start <= float(decimal(value, beside)) <= end
    assert abs(start - low) <= 0.5
    assert abs(end - high) <= 0.5


def test_an_interval_that_lies_beside_its_value_is_printed_so():
    assert interval(2.0, 3.0, 4.0) == "[3.0, 4.0]"
    assert with_interval(math.nan, math.nan, math.nan) == "nan [nan, nan]"


@given(NUMBERS, st.integers(0, 4))
def test_what_is_printed_is_the_number_rounded_and_zero_has_no_minus(value, digits):
    text = decimal(value, digits)
    assert float(text) == pytest.approx(value, abs=0.5001 * 10**-digits)
    assert not re.fullmatch(r"-[0.]+", text)
    assert decimal(value, digits, signed=True)[0] in "+-"


def test_what_is_scripted_is_not_held_against_published_values():
    measured = Number(50.0, 40.0, 45.0, published=47.17)
    assert against_published(measured) == "47.17 (+2.83, outside our interval)"
    assert against_published(Number(50.0, 40.0, 45.0, published=47.17, scripted=True)) == "47.17"
