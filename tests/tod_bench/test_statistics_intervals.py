"""Bootstrap intervals: hand-worked cases, equality with scipy, and coverage in a simulation."""

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tod_bench.statistics import bootstrap_interval, bootstrap_intervals, cluster_sums, resample_weights, resampled_sums
from tod_bench.statistics.bootstrap import _widened

ROOT = Path(__file__).parents[2]
SIMULATION = run_path(str(ROOT / "benchmarks" / "interval_coverage.py"))


def mean(sums):
    with np.errstate(all="ignore"):
        return sums[..., 0] / sums[..., 1]


def f1(sums):
    return 200 * sums[..., 0] / (2 * sums[..., 0] + sums[..., 1] + sums[..., 2])


def test_cluster_sums_add_the_rows_of_each_cluster():
    values = [[1, 10], [2, 20], [4, 40], [8, 80]]
    assert cluster_sums(values, [0, 2, 0, 2]).tolist() == [[5, 50], [0, 0], [10, 100]]


@pytest.mark.parametrize(
    ("values", "clusters"),
    [([[1.0]], [0, 1]), ([1.0], [0]), ([[1.0]], [-1]), ([[1.0]], [0.5])],
    ids=["lengths", "one axis", "negative", "fraction"],
)
def test_cluster_sums_refuses_what_does_not_fit(values, clusters):
    with pytest.raises(ValueError, match="clusters"):
        cluster_sums(np.array(values), np.array(clusters))


def test_no_items_are_no_clusters():
    assert cluster_sums(np.zeros((0, 3)), np.zeros(0, dtype=int)).shape == (0, 3)


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_every_draw_takes_as_many_clusters_as_there_are(clusters, draws, seed):
    weights = resample_weights(clusters, draws, seed)
    assert weights.shape == (draws, clusters)
    assert (weights.sum(axis=1, dtype=int) == clusters).all()


def test_draws_follow_the_seed_and_are_shared():
    assert resample_weights(30, 50, 1) is resample_weights(30, 50, 1)
    assert not np.array_equal(resample_weights(30, 50, 1), resample_weights(30, 50, 2))
    with pytest.raises(ValueError, match="read-only"):
        resample_weights(30, 50, 1)[0, 0] = 1


def test_counts_are_multinomial():
    # Each count is binomial(n, 1/n): mean 1, variance 1 - 1/n.
    weights = resample_weights(50, 20_000, 3).astype(float)
    assert weights.mean() == 1.0
    assert weights.var(axis=0) == pytest.approx(np.full(50, 0.98), abs=0.05)


def test_resampled_sums_are_the_sums_of_the_drawn_rows():
    # The same generator drawn by hand, row by row.
    sums = np.arange(24.0).reshape(8, 3)
    taken = np.random.default_rng(7).integers(0, 8, size=(20, 8))
    assert np.array_equal(resampled_sums(sums, 20, 7), np.stack([sums[rows].sum(axis=0) for rows in taken]))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_intervals_are_those_of_scipy(method, seed):
    """Same generator, same draws: scipy's interval of the same ratio, to rounding."""
    rng = np.random.default_rng(100 + seed)
    turns = rng.integers(1, 9, 25)
    sums = np.stack([rng.binomial(turns, 0.8), turns], axis=1).astype(float)
    low, high = (0.025, 0.975) if method == "percentile" else _widened(0.95, 25)
    theirs = stats.bootstrap(
        (sums[:, 0], sums[:, 1]),
        lambda right, all_, axis=-1: right.sum(axis=axis) / all_.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=2000,
        confidence_level=high - low,
        method={"percentile": "percentile", "bca": "BCa"}[method],
        rng=np.random.default_rng(seed),
    ).confidence_interval
    ours = bootstrap_interval(sums, mean, draws=2000, seed=seed, method=method)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_tails_widen_for_few_clusters_and_not_for_many():
    # t(0.975, 9) = 2.262157, times sqrt(10/9) = 2.384523; Phi(-2.384523) = 0.0085508 (tables of both).
    assert _widened(0.95, 10) == pytest.approx([0.00855, 0.99145], abs=1e-5)
    assert _widened(0.95, 100_000) == pytest.approx([0.025, 0.975], abs=1e-5)


def test_many_scores_at_once_are_each_alone():
    rng = np.random.default_rng(0)
    tables = [(rng.integers(0, 9, (40, 2)) + 1.0, mean), (rng.integers(0, 9, (40, 3)) + 1.0, f1)]
    assert bootstrap_intervals(tables) == [bootstrap_interval(*table) for table in tables]
    assert bootstrap_intervals([]) == []
    with pytest.raises(ValueError, match="same clusters"):
        bootstrap_intervals([(np.ones((2, 2)), mean), (np.ones((3, 2)), mean)])


def test_duplicated_turns_do_not_narrow_the_interval():
    """Statistics of dialogues, not turns: scoring every turn twice changes neither the score nor its interval."""
    sums = np.random.default_rng(0).integers(1, 9, (30, 2)).astype(float)
    assert bootstrap_interval(sums * 2, mean) == bootstrap_interval(sums, mean)


@given(st.permutations(range(12)))
@settings(max_examples=20, deadline=None)
def test_order_of_dialogues_moves_an_interval_by_its_sampling_error_only(order):
    sums = np.stack([np.arange(12.0), np.full(12, 12.0)], axis=1)
    one = bootstrap_interval(sums, mean, draws=4000, seed=1)
    other = bootstrap_interval(sums[list(order)], mean, draws=4000, seed=1)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.04)


@pytest.mark.parametrize(
    ("sums", "note"),
    [
        ([[1, 2]], "at least two dialogues"),
        ([[0, 0], [0, 0]], "undefined"),
        ([[0, 0]] * 30 + [[1, 2]], ""),
    ],
    ids=["one dialogue", "nothing to divide by", "one dialogue that counts"],
)
def test_no_interval_says_why(sums, note):
    interval = bootstrap_interval(np.array(sums, dtype=float), mean)
    if note:
        assert (interval.low, interval.high) == (None, None)
    assert note in interval.note
    assert interval.note


def test_undefined_draws_are_left_out_and_counted():
    # A draw of five dialogues misses the two that count with probability (3/5)^5 = 0.0778.
    sums = np.array([[1, 1], [0, 1], [0, 0], [0, 0], [0, 0]], dtype=float)
    interval = bootstrap_interval(sums, mean, draws=10_000)
    assert interval.undefined / 10_000 == pytest.approx(0.0778, abs=0.01)
    assert (interval.low, interval.high) == (0.0, 1.0)
    assert interval.note == f"undefined in {interval.undefined} of 10000 draws, which are left out"


def test_a_constant_score_is_said_to_be_one():
    interval = bootstrap_interval(np.array([[0.0, 5.0]] * 20), mean)
    assert (interval.low, interval.high) == (0.0, 0.0)
    assert "every draw gives the same score" in interval.note


def documented():
    """The table of the significance card: (sample, method, dialogues) -> coverage in percent."""
    text = (ROOT / "docs" / "metrics" / "significance.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip(" `") for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if "`bca`" in line or "`perc" in line
    ]
    return {
        (row[0], row[1], clusters): float(cell)
        for row in rows
        if row[0] in SIMULATION["SAMPLES"]
        for clusters, cell in zip(SIMULATION["CLUSTERS"], row[2:], strict=True)
    }


@pytest.mark.slow
@pytest.mark.parametrize("method", ["bca", "percentile"])
@pytest.mark.parametrize(
    ("sample", "clusters"), [("JGA near 50", 10), ("slot F1 near 88", 10), ("slot F1 near 88", 20)]
)
def test_the_documented_coverage_is_what_the_simulation_gives(sample, method, clusters):
    found = 100 * SIMULATION["coverage"](sample, clusters, method)
    assert found == pytest.approx(documented()[sample, method, clusters], abs=0.5)


def test_nominal_intervals_cover_about_nominally():
    """As documented: 95% intervals cover in 93 to 97% from 200 dialogues on, ours more than plain ones below."""
    table = documented()
    assert len(table) == 40
    for (sample, method, clusters), covered in table.items():
        if method == "bca":
            assert covered > table[sample, "percentile", clusters] - 1
        if method == "bca" and clusters == 200:
            assert 93 <= covered <= 97
        if method == "bca" and clusters >= 20 and "near 3" not in sample:
            assert 91 <= covered <= 97


def test_intervals_of_turns_taken_for_independent_would_be_too_narrow():
    """The test that clusters matter: the same turns resampled one by one give an interval that covers far less."""
    covered = 0
    for repeat in range(200):
        sums = SIMULATION["turns"](0.5)(np.random.default_rng(repeat), 60)
        turns = np.concatenate([np.repeat([[1.0, 1.0], [0.0, 1.0]], [int(r), int(n - r)], axis=0) for r, n in sums])
        interval = bootstrap_interval(turns, mean, draws=300, seed=repeat + 1000)
        covered += interval.low <= 0.5 <= interval.high
    assert covered / 200 < 0.85
