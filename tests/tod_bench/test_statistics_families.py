"""All pairs at once: exact values by hand, agreement with the test of one pair, and few false findings."""

import numpy as np
import pytest

from tod_bench.statistics import approximate_randomization, compare_all
from tod_metrics import metric


def right(places, total=12):
    """A system that is right in some of the dialogues, of one turn each."""
    return np.array([[float(number in places), 1.0] for number in range(total)])


def share(sums):
    return sums[..., 0] / sums[..., 1]


def p_values(*systems, **options):
    found = compare_all(systems, share, draws=10_000, **options)
    return {(one.first, one.second): one.p_value for one in found}


def test_one_pair_has_the_p_value_of_the_exact_test():
    a, b = right(range(9)), right(range(3))
    # 6 dialogues differ, all the same way: 2 of 2**6 swaps are as extreme.
    assert p_values(a, b) == {(0, 1): pytest.approx(2 / 64)}
    assert approximate_randomization(a, b, share).p_value == pytest.approx(2 / 64)


def test_p_values_of_a_family_are_those_worked_by_hand():
    # b and c are each worse than a in 5 dialogues of their own; b and c differ in 10, evenly.
    a, b, c = right(range(12)), right(range(5, 12)), right([*range(5), 10, 11])
    found = p_values(a, b, c)
    # Both first pairs have the statistic sqrt(5). The third, of ten coins, has |x - y| / sqrt(10) for the sums x and y
    # of the two blocks of five; where neither block falls one way, that is at most 6 / sqrt(10), less than sqrt(5).
    assert found[0, 1] == found[0, 2] == pytest.approx(1 - (1 - 2 / 32) ** 2)
    assert found[1, 2] == 1


def test_the_same_test_again_costs_nothing():
    a, b = right(range(9)), right(range(3))
    assert p_values(a, b, b, b)[0, 1] == pytest.approx(2 / 64)
    assert p_values(a, b, b, b)[1, 2] == 1


def test_corrected_values_are_in_the_order_of_the_statistics_and_no_smaller_than_alone():
    generator = np.random.default_rng(3)
    systems = [generator.binomial(1, chance, (60, 1)) for chance in (0.2, 0.35, 0.5, 0.6, 0.9)]
    systems = [np.hstack([one, np.ones_like(one)]).astype(float) for one in systems]
    family = p_values(*systems)
    for (first, second), p_value in family.items():
        alone = p_values(systems[first], systems[second])[0, 1]
        assert p_value >= alone - 0.01
        assert p_value <= min(1.0, 10 * alone + 0.01)  # Bonferroni's is the worst that it can be


def test_false_findings_are_as_rare_as_they_should_be():
    generator = np.random.default_rng(1)
    found = 0
    for number in range(100):
        hard = generator.random((80, 1))
        systems = [(generator.random((80, 4)) < hard).sum(axis=1, keepdims=True) for _ in range(6)]
        sums = [np.hstack([one, np.full_like(one, 4)]).astype(float) for one in systems]
        found += any(one.p_value < 0.05 for one in compare_all(sums, share, draws=500, seed=number))
    # Fifteen tests at 5% each, uncorrected, would find something in about a third of the families.
    assert found <= 12


def test_ratios_with_unlike_denominators_agree_with_the_test_of_one_pair():
    generator = np.random.default_rng(5)
    slot_f1 = metric("slot_f1")
    a, b = (generator.integers(0, 6, (100, len(slot_f1.columns))).astype(float) for _ in range(2))
    a[:, 0] += 1
    (test,) = compare_all([a, b], slot_f1.aggregate, draws=10_000)
    alone = approximate_randomization(a, b, slot_f1.aggregate, draws=10_000)
    assert test.effect == pytest.approx(alone.effect)
    assert test.p_value == pytest.approx(alone.p_value, abs=0.01)


def test_what_cannot_be_compared():
    assert compare_all([], share, draws=10) == []
    assert compare_all([right([0])], share, draws=10) == []
    nothing = np.zeros((12, 2))
    with np.errstate(invalid="ignore"):
        assert [(one.first, one.second) for one in compare_all([right([0]), nothing, right([1])], share, draws=10)] == [
            (0, 2)
        ]
    with pytest.raises(ValueError, match="the same dialogues"):
        compare_all([right([0]), right([0], total=13)], share, draws=10)


def test_the_order_of_the_systems_makes_no_difference():
    systems = [right(range(9)), right(range(3)), right(range(2, 12, 2))]
    there = p_values(*systems)
    back = p_values(*systems[::-1])
    assert there == {(2 - b, 2 - a): p_value for (a, b), p_value in back.items()}
