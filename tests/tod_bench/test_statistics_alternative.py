"""The alternative annotator test: against the released code's definition, by hand, and by what must hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, multinomial, ttest_1samp, wilcoxon

from tod_bench.statistics.alternative import alternative_test, corrected_together, exact_p

NAN = np.nan


def study(raters=4, items=60, skill=0.8, judge=0.8, labels=3, seed=0):
    """Raters and a judge who give the true label as often as they are skilled, and any label otherwise."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, items)

    def answers(right, size):
        guesses = rng.integers(0, labels, (size, items))
        return np.where(rng.random((size, items)) < right, truth, guesses).astype(float)

    return answers(skill, raters), answers(judge, 1)[0]


def plainly(table, judge, rater, epsilon, near):
    """p and the judge's advantage probability against one rater, item by item and by SciPy's own test."""
    ahead, wins = [], []
    for item in range(table.shape[1]):
        others = [row[item] for place, row in enumerate(table) if place != rater and not np.isnan(row[item])]
        if not others or np.isnan(table[rater, item]) or np.isnan(judge[item]):
            continue
        of_judge, of_person = near(judge[item], others), near(table[rater, item], others)
        wins.append(of_judge >= of_person)
        ahead.append(int(of_person >= of_judge) - int(of_judge >= of_person))
    if len(ahead) >= 30:
        return ttest_1samp(ahead, epsilon, alternative="less").pvalue, np.mean(wins)
    return wilcoxon(np.array(ahead) - epsilon, alternative="less").pvalue, np.mean(wins)


def equal(answer, others):
    return np.mean([answer == other for other in others])


def close(answer, others):
    return -np.sqrt(np.mean([(answer - other) ** 2 for other in others]))


@pytest.mark.parametrize(("alignment", "near"), [("accuracy", equal), ("rmse", close)])
@pytest.mark.parametrize("items", [60, 20])
def test_each_comparison_is_the_definition_spelt_out(alignment, near, items):
    table, judge = study(items=items, labels=5)
    table[0, :5] = table[1, 3:9] = judge[7] = NAN
    found = alternative_test(table, judge, alignment=alignment, epsilon=0.15, least_items=5)
    assert len(found.comparisons) == 4
    for one in found.comparisons:
        p, wins = plainly(table, judge, one.rater, 0.15, near)
        assert one.p == pytest.approx(p, rel=1e-9)
        assert one.judge == pytest.approx(wins, abs=1e-12)


def test_three_raters_by_hand():
    # Items 1-20: all say 0. Items 21-40: the raters say 0, 0, 1 and the judge 0.
    table = np.zeros((3, 40))
    table[2, 20:] = 1
    found = alternative_test(table, np.zeros(40), alignment="accuracy", epsilon=0.1)
    assert [one.judge for one in found.comparisons] == [1, 1, 1]
    assert [one.person for one in found.comparisons] == [1, 1, 0.5]
    assert [one.p for one in found.comparisons[:2]] == [0, 0]  # the judge is never behind, and never differs
    assert found.omega == 1
    assert found.rho == 1
    assert found.passes


def test_a_judge_that_guesses_fails_and_a_skilled_one_passes():
    table, good = study(items=200, judge=0.9)
    _, bad = study(items=200, judge=0.0, seed=1)
    assert alternative_test(table, good, alignment="accuracy", epsilon=0.15).passes
    found = alternative_test(table, bad, alignment="accuracy", epsilon=0.15)
    assert found.omega == 0
    assert found.rho < 0.6


def test_corrected_ps_are_benjamini_and_yekutieli_over_all_questions():
    tests = [alternative_test(*study(seed=seed), alignment="accuracy", epsilon=0.2) for seed in (1, 2)]
    ps = np.array([one.p for test in tests for one in test.comparisons])
    together = [one.corrected for test in corrected_together(tests) for one in test.comparisons]
    order, m = np.argsort(ps), len(ps)
    raw = ps[order] * m * (1 / np.arange(1, m + 1)).sum() / np.arange(1, m + 1)
    expected = np.empty(m)
    expected[order] = np.minimum(1, np.minimum.accumulate(raw[::-1])[::-1])
    assert together == pytest.approx(expected)


def test_raters_with_few_items_are_named_and_not_compared():
    table, judge = study()
    table[3, 20:] = NAN
    found = alternative_test(table, judge, alignment="accuracy", epsilon=0.2)
    assert found.left_out == ((3, 20),)
    assert [one.rater for one in found.comparisons] == [0, 1, 2]
    nobody = alternative_test(table[:, :10], judge[:10], alignment="accuracy", epsilon=0.2)
    assert (nobody.omega, nobody.rho, nobody.passes) == (None, None, None)


def test_items_of_one_dialogue_do_not_count_as_many():
    table, judge = study(items=60)
    single = alternative_test(table, judge, alignment="accuracy", epsilon=0.2)
    # Every item five times over: nothing new is known.
    copied = alternative_test(
        np.tile(table, 5), np.tile(judge, 5), alignment="accuracy", epsilon=0.2, clusters=np.tile(np.arange(60), 5)
    )
    for one, other in zip(single.comparisons, copied.comparisons, strict=True):
        assert other.p == pytest.approx(one.p)
        assert (other.items, other.units, other.exact) == (300, 60, None)
    naive = alternative_test(np.tile(table, 5), np.tile(judge, 5), alignment="accuracy", epsilon=0.2)
    assert naive.comparisons[0].p < single.comparisons[0].p


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), epsilon=st.sampled_from([0.0, 0.1, 0.2]))
def test_names_of_labels_and_the_order_of_items_do_not_matter(seed, epsilon):
    table, judge = study(raters=3, items=35, seed=seed)
    found = alternative_test(table, judge, alignment="accuracy", epsilon=epsilon)
    order, names = np.random.default_rng(seed).permutation(35), np.array([7.0, 2.0, 40.0])
    renamed = alternative_test(
        names[table.astype(int)][:, order], names[judge.astype(int)][order], alignment="accuracy", epsilon=epsilon
    )
    assert [one.p for one in renamed.comparisons] == pytest.approx([one.p for one in found.comparisons])
    assert renamed.rho == found.rho


def test_the_exact_p_at_its_ends():
    assert exact_p(2, 0, 25, 0.2) >= binom.cdf(2, 25, 0.2)  # the chance of -1 may be 0
    assert exact_p(0, 25, 25, 0.2) < 0.001
    assert exact_p(25, 0, 25, 0.2) == 1
    assert exact_p(2, 2, 60, 0.2) < 0.001


@pytest.mark.parametrize("behind", [0.0, 0.1, 0.3])
def test_the_exact_test_keeps_its_level_at_the_edge(behind):
    items, epsilon = 15, 0.2
    rejected = 0.0
    for up in range(items + 1):
        for down in range(items + 1 - up):
            if exact_p(up, down, items, epsilon) <= 0.05:
                shares = (behind + epsilon, behind, 1 - epsilon - 2 * behind)
                rejected += multinomial.pmf((up, down, items - up - down), items, shares)
    assert rejected <= 0.05


def test_signed_ranks_do_not_keep_theirs():
    # The rater is ahead on 20% of items, the judge on none: at the edge, where 5% may be rejected.
    rejected = 0.0
    for ahead in range(26):
        values = np.zeros(25)
        values[:ahead] = 1
        if wilcoxon(values - 0.2, alternative="less").pvalue <= 0.05:
            rejected += binom.pmf(ahead, 25, 0.2)
    assert rejected > 0.3


def test_shapes_and_ranges_are_checked():
    table, judge = study()
    with pytest.raises(ValueError, match="must be"):
        alternative_test(table, judge[1:], alignment="accuracy", epsilon=0.2)
    with pytest.raises(ValueError, match="epsilon"):
        alternative_test(table, judge, alignment="accuracy", epsilon=1)
