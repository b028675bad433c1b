"""Krippendorff's alpha: published examples, hand-worked cases, equality of the matrix form with the package."""

from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_bench.statistics import agreement, agreements, resample_weights
from tod_metrics.judge.agreement import Alpha, NoAlpha, alpha, alpha_of_coincidences, count_ratings, unit_coincidences

N = None
# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": A (two observers, binary), B (two observers, nominal)
# and C (four observers, twelve units, missing values), with the values of alpha that he prints.
BINARY = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
LABELS = [list("aabbdcccedda"), list("babbbccceddd")]
FOUR = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]
EXAMPLES = {"| A ": BINARY, "| B ": LABELS, "| C ": FOUR}


@pytest.mark.parametrize(
    ("ratings", "level", "printed"),
    [
        (BINARY, "nominal", 0.095),
        (LABELS, "nominal", 0.692),
        (FOUR, "nominal", 0.743),
        (FOUR, "ordinal", 0.815),
        (FOUR, "interval", 0.849),
    ],
)
def test_published_examples(ratings, level, printed):
    assert alpha(ratings, level).value == pytest.approx(printed, abs=5e-4)


def test_the_cards_table_is_true():
    card = (Path(__file__).parents[2] / "docs" / "metrics" / "agreement.md").read_text(encoding="utf-8")
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in card.splitlines() if line[:4] in EXAMPLES]
    assert len(rows) == 5
    for example, level, published, ours in rows:
        assert f"{alpha(EXAMPLES[f'| {example} '], level).value:.4f}" == ours
        assert float(ours) == pytest.approx(float(published), abs=5e-4)


def test_by_hand():
    # Two raters, three units: (1,1) (1,2) (2,2). Coincidences o11 = 2, o12 = o21 = 1, o22 = 2; n1 = n2 = 3, n = 6.
    # D_o = 2/6, D_e = 2*3*3/(6*5) = 18/30, alpha = 1 - (2/6)/(18/30) = 4/9.
    found = alpha([[1, 1, 2], [1, 2, 2]], "nominal")
    assert found == Alpha(pytest.approx(4 / 9), "nominal", raters=2, units=3, ratings=6)


def test_what_counts_is_counted():
    # The last unit of FOUR has one rating and does not count: 11 units, 40 ratings of 41.
    found = alpha(FOUR, "ordinal")
    assert (found.raters, found.units, found.ratings) == (4, 11, 40)


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        ([], "at least two raters, and there is none"),
        ([[1, 2, 3]], "at least two raters, and there is 1"),
        ([[1, 2, 3], [N, N, N]], "at least two raters, and there is 1"),
        ([[1, N], [N, 2]], "no unit has ratings of two raters"),
        ([[3, 3, N], [3, 3, 4]], "every rating is 3, and without variation"),
    ],
    ids=["nobody", "one rater", "one who rated", "never the same unit", "no variation where it counts"],
)
def test_where_alpha_does_not_exist_the_reason_is_told(ratings, reason):
    found = alpha(ratings, "ordinal")
    assert isinstance(found, NoAlpha)
    assert reason in found.reason
    interval = agreement(ratings, "ordinal")
    assert (interval.alpha, interval.interval.low) == (None, None)
    assert reason in interval.note


@pytest.mark.parametrize(
    ("ratings", "level", "values", "problem"),
    [
        ([[1, 2], [1]], "nominal", None, "same units"),
        ([["a", "b"], ["a", "b"]], "interval", None, "must be numbers, not 'a'"),
        ([["a", "b"], ["a", "b"]], "ordinal", None, "need `values`"),
        ([[1, 9], [1, 2]], "ordinal", [1, 2, 3], "9 is not one of the values 1, 2, 3"),
    ],
)
def test_bad_ratings_are_refused_in_a_sentence(ratings, level, values, problem):
    with pytest.raises(ValueError, match=problem):
        alpha(ratings, level, values)


def test_labels_in_order_are_their_ranks():
    names = ["no", "rather not", "rather", "yes", "very"]
    named = [[N if rating is N else names[rating - 1] for rating in row] for row in FOUR]
    assert alpha(named, "ordinal", names) == alpha(FOUR, "ordinal")


def test_nan_is_a_missing_rating():
    assert alpha([[np.nan if r is N else float(r) for r in row] for row in FOUR], "interval") == alpha(FOUR, "interval")


ratings_ = st.integers(2, 5).flatmap(
    lambda raters: st.integers(1, 12).flatmap(
        lambda units: st.lists(
            st.lists(st.sampled_from([N, 1, 2, 3, 4]), min_size=units, max_size=units), min_size=raters, max_size=raters
        )
    )
)


@given(ratings_, st.sampled_from(["nominal", "ordinal", "interval"]))
@settings(max_examples=150, deadline=None)
def test_the_matrix_form_is_the_packages(ratings, level):
    counted = count_ratings(ratings, level)
    if isinstance(counted, NoAlpha):
        return
    ours = alpha_of_coincidences(counted.scale, level)(unit_coincidences(counted.counts).sum(axis=0))
    table = np.array([[np.nan if rating is N else rating for rating in row] for row in ratings], dtype=float)
    assert ours == pytest.approx(krippendorff.alpha(table, level_of_measurement=level), abs=1e-12)
    assert ours == pytest.approx(alpha(ratings, level).value, abs=1e-12)


@given(ratings_, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_who_rated_and_in_which_order_is_irrelevant(ratings, random):
    units = list(range(len(ratings[0])))
    random.shuffle(units)
    shuffled = [[row[unit] for unit in units] for row in ratings[::-1]]
    one, other = alpha(ratings, "ordinal"), alpha(shuffled, "ordinal")
    assert type(one) is type(other)
    if isinstance(one, Alpha):
        assert one.value == pytest.approx(other.value, abs=1e-12)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_bootstrap_draws_are_the_alphas_of_the_drawn_units(level):
    """A loop over the package with each draw's units repeated gives the draws of the matrix product."""
    counted = count_ratings(FOUR, level)
    sums, aggregate = unit_coincidences(counted.counts), alpha_of_coincidences(counted.scale, level)
    for weights in resample_weights(12, 20, 5):
        table = np.array([[np.nan if r is N else r for r in row] for row in FOUR], dtype=float)
        drawn = np.repeat(table, weights, axis=1)
        expected = krippendorff.alpha(drawn, level_of_measurement=level)
        assert aggregate(weights.astype(float) @ sums) == pytest.approx(expected, abs=1e-12)


def raters_of(rng, items, noise):
    quality = rng.normal(0, 1, items)
    return [np.clip(np.round(2.5 + quality + rng.normal(0, noise, items)), 1, 4).tolist() for _ in range(3)]


def test_interval_surrounds_alpha_and_narrows_with_items():
    few, many = (agreement(raters_of(np.random.default_rng(1), n, 0.5), "ordinal") for n in (30, 500))
    for found in (few, many):
        assert found.interval.low < found.alpha < found.interval.high
    assert many.interval.high - many.interval.low < (few.interval.high - few.interval.low) / 2.5


@pytest.mark.slow
def test_interval_covers_about_nominally():
    truth = agreement(raters_of(np.random.default_rng(0), 200_000, 0.7), "interval", draws=10).alpha
    found = [
        agreement(raters_of(np.random.default_rng(seed), 60, 0.7), "interval", draws=400, seed=seed + 10_000).interval
        for seed in range(400)
    ]
    assert 0.92 <= np.mean([one.low <= truth <= one.high for one in found]) <= 0.98


def test_questions_apart_and_together():
    style, semantics = ([[1, 2, 3, 1], [1, 2, 3, 2]], [[4, 4, 4, 4], [4, 4, 4, 4]])
    apart = agreements({"style": style, "semantics": semantics}, "ordinal")
    assert [one.question for one in apart] == ["style", "semantics", "overall"]
    assert apart[0].alpha == alpha(style, "ordinal").value
    assert (apart[1].alpha, "without variation" in apart[1].note) == (None, True)
    pooled = [one + other for one, other in zip(style, semantics, strict=True)]
    assert apart[2].alpha == alpha(pooled, "ordinal").value
    assert apart[2].units == 8
    assert [one.question for one in agreements({"style": style}, "ordinal")] == ["style"]


def test_together_items_are_resampled_with_all_their_questions():
    """Asking the same question twice adds no information, so the interval must not narrow."""
    table = raters_of(np.random.default_rng(3), 40, 0.5)
    once, _, twice = agreements({"a": table, "b": table}, "interval")
    assert twice.interval.high - twice.interval.low == pytest.approx(once.interval.high - once.interval.low, rel=0.05)


def test_questions_over_other_items_are_refused():
    with pytest.raises(ValueError, match="same raters and items"):
        agreements({"a": [[1, 2], [1, 2]], "b": [[1], [1]]}, "ordinal")
