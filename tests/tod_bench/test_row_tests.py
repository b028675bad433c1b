"""Tests between rows, worked by hand: two dialogues, of which there are four draws."""

from dataclasses import replace

import numpy as np
import pytest

from tod_bench.scores import Score
from tod_bench.scoring import PooledRow, ScoreRow, bootstrap_test
from tod_bench.statistics import approximate_randomization, bootstrap_difference, paired_bootstrap
from tod_metrics.base import Pool, PooledMetric, Signature

DRAWS = 4000
SCORE = Score("toy", "toy", None, Signature("toy", {}, "1"), 2)


def share(sums):
    with np.errstate(invalid="ignore"):
        return 100 * sums[..., 0] / sums[..., 1]


def row(*dialogues):
    """A row of (right, asked) of each dialogue."""
    return ScoreRow(SCORE, np.array(dialogues, dtype=float), share)


def test_a_side_is_the_mean_of_its_seeds_and_a_draw_takes_a_dialogue_with_all_of_them():
    first, second = row((1, 1), (0, 3)), row((1, 1), (1, 1))  # 25 and 100; of both together it would be 2 of 6
    floor = row((0, 1), (0, 1))
    test = bootstrap_test([first, second], [floor], draws=DRAWS, seed=1)
    assert test.effect == (25 + 100) / 2
    # The first dialogue twice: 100 and 100. Both: 25 and 100. The second twice: 0 and 100.
    assert (test.interval.low, test.interval.high) == (50, 100)
    assert test.p_value == 1 / (DRAWS + 1)
    turned = bootstrap_test([floor], [first, second], draws=DRAWS, seed=1)
    assert turned.effect == -test.effect
    assert turned.p_value == test.p_value


def test_seeds_that_differ_by_dialogue_cancel_out():
    one, other = row((1, 1), (0, 1)), row((0, 1), (1, 1))
    test = bootstrap_test([one, other], [row((0, 1), (0, 1))], draws=DRAWS, seed=1)
    assert (test.effect, test.interval.low, test.interval.high) == (50, 50, 50)
    # One alone against the other: 100, 0 or -100 in a quarter, a half and a quarter of the draws.
    alone = bootstrap_test([one], [other], draws=DRAWS, seed=1)
    assert (alone.effect, alone.interval.low, alone.interval.high) == (0, -100, 100)
    assert alone.p_value == 1


def test_one_seed_a_side_is_the_paired_bootstrap():
    rng = np.random.default_rng(1)
    a, b = (row(*[(right, 4) for right in rng.integers(0, 5, 20)]) for _ in range(2))
    assert bootstrap_test([a], [b], draws=200, seed=3) == paired_bootstrap(a.sums, b.sums, share, draws=200, seed=3)
    both = np.hstack([a.sums, b.sums])
    by_hand = bootstrap_difference(both, lambda sums: share(sums[..., :2]) - share(sums[..., 2:]), draws=200, seed=3)
    assert by_hand == paired_bootstrap(a.sums, b.sums, share, draws=200, seed=3)


def test_a_seed_without_a_score_has_no_difference():
    test = bootstrap_test([row((0, 0), (0, 0)), row((1, 1), (1, 1))], [row((1, 1), (0, 1))], draws=20, seed=1)
    assert (test.effect, test.p_value) == (None, None)
    assert "undefined" in test.note
    for paired in (paired_bootstrap, approximate_randomization):
        with pytest.raises(ValueError, match="the same dialogues"):
            paired(np.zeros((2, 2)), np.zeros((3, 2)), share)


class Right(Pool):
    """Whether each dialogue was right."""

    def __init__(self, *right):
        self.right = np.array(right, dtype=float)

    clusters = property(lambda self: len(self.right))

    def __len__(self):
        return len(self.right)

    def only(self, clusters):
        return Right(*self.right[list(clusters)])

    def beside(self, other):
        return Right(*self.right, *other.right)


class RightShare(PooledMetric):
    """The share of right dialogues, by how often each is counted."""

    name, protocol, item, signature = "toy", "toy", int, SCORE.signature

    def __init__(self):
        pass

    def pool(self, items, clusters, dialogues):
        raise NotImplementedError

    def of_pool(self, pool, counts):
        return 100 * counts @ pool.right / counts.sum(axis=1)

    def score_corpus(self, items):
        raise NotImplementedError


def test_pooled_units_are_averaged_over_seeds_too():
    a, b, floor = (PooledRow(SCORE, RightShare(), Right(*right)) for right in ((1, 0), (1, 1), (0, 0)))
    test = bootstrap_test([a, b], [floor], draws=DRAWS, seed=1)
    assert (test.effect, test.interval.low, test.interval.high) == (75, 50, 100)
    assert test.p_value == 1 / (DRAWS + 1)
    with pytest.raises(TypeError, match="same metric"):
        bootstrap_test([a, row((1, 1), (1, 1))], [floor], draws=20, seed=1)
    assert replace(SCORE, value=1.0).meaning == SCORE.meaning
