"""Scores that hardly vary: a degenerate interval, never a division by zero or an end that means nothing."""

import warnings
from typing import Any

import numpy as np
import pytest

from tod_bench.statistics import approximate_randomization, bootstrap_interval, minimal_detectable_difference
from tod_metrics.items import ResponseItem
from tod_metrics.response.bleu import NltkBleu


def mean(sums: Any) -> Any:
    return sums[..., 0] / sums[..., 1]


def bleu_sums(answer: str) -> Any:
    references = [f"the {word} is in the north , i do think" for word in ("inn", "bar", "park", "mill", "pub")] * 4
    items = [ResponseItem(str(place), 0, text, answer) for place, text in enumerate(references)]
    return NltkBleu().statistics(items)


def test_bleu_of_one_answer_everywhere_has_a_degenerate_interval() -> None:
    sums = bleu_sums("I do not know")
    score = float(NltkBleu().aggregate(sums.sum(axis=0)))
    assert 0 < score < 1e-50  # nltk's BLEU without smoothing
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        interval = bootstrap_interval(sums, NltkBleu().aggregate, draws=500)
    assert (interval.low, interval.high) == (score, score)
    assert "every draw gives the same score" in interval.note


@pytest.mark.parametrize("scale", [1e-150, 1e-120, 1e-30])
def test_scores_that_vary_by_next_to_nothing(scale: float) -> None:
    sums = np.column_stack([50.0 + scale * np.arange(30), np.ones(30)])
    with np.errstate(all="raise"):
        interval = bootstrap_interval(sums, mean, draws=500)
    assert interval.low == interval.high == pytest.approx(50)
    tiny = np.column_stack([scale * np.arange(30), np.ones(30)])
    with np.errstate(all="raise", under="ignore"):
        interval = bootstrap_interval(tiny, mean, draws=500)
    assert interval.low == interval.high == pytest.approx(14.5 * scale)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-6, 1e4])
def test_the_correction_for_skewness_has_no_scale(scale: float) -> None:
    values = np.random.default_rng(1).exponential(size=40)
    plain = bootstrap_interval(np.column_stack([values, np.ones(40)]), mean, draws=2000)
    scaled = bootstrap_interval(np.column_stack([scale * values, np.ones(40)]), mean, draws=2000)
    assert scaled.low == pytest.approx(scale * plain.low, rel=1e-9)
    assert scaled.high == pytest.approx(scale * plain.high, rel=1e-9)
    assert scaled.low < scale * values.mean() < scaled.high


def test_two_systems_that_differ_by_next_to_nothing_are_not_told_apart() -> None:
    first, second = bleu_sums("I do not know"), bleu_sums("I do not care")
    found = approximate_randomization(first, second, NltkBleu().aggregate, draws=200)
    assert found.p_value == 1.0
    assert minimal_detectable_difference(first, second, NltkBleu().aggregate) is None
