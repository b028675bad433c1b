"""Every example exactly once an epoch, in both modes, for any number of examples and processes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_baselines.pptod.batches import SOURCE_BUCKET, TARGET_BUCKET, BatchSampler
from tod_bench.errors import UserError

LENGTHS = st.lists(st.integers(1, 120), min_size=4, max_size=80)


def samplers(lengths: list[int], processes: int, **options: int) -> list[BatchSampler]:
    targets = [7 * length % 31 for length in lengths]
    return [
        BatchSampler(lengths, targets, seed=3, rank=rank, processes=processes, **options) for rank in range(processes)
    ]


MODES = [{"batch_size": 4}, {"batch_tokens": 64}]


@pytest.mark.parametrize("mode", MODES, ids=["examples", "tokens"])
@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("count", [16, 17, 15, 4, 5])
def test_every_example_once_an_epoch(mode: dict[str, int], processes: int, count: int) -> None:
    lengths = [1 + (7 * index) % 30 for index in range(count)]
    ranks = samplers(lengths, processes, **mode)
    for epoch in range(3):
        for sampler in ranks:
            sampler.set_epoch(epoch)
        batches = [list(sampler) for sampler in ranks]
        assert sorted(number for share in batches for batch in share for number in batch) == list(range(count))
        assert {len(share) for share in batches} == {len(ranks[0])}
        assert all(batch for share in batches for batch in share)


@given(LENGTHS, st.integers(1, 4), st.booleans(), st.integers(1, 9))
def test_every_example_once_whatever_the_lengths(lengths: list[int], processes: int, tokens: bool, size: int) -> None:
    options = {"batch_tokens": 32 * size} if tokens else {"batch_size": size}
    shares = [list(sampler) for sampler in samplers(lengths, processes, **options)]
    assert sorted(number for share in shares for batch in share for number in batch) == list(range(len(lengths)))
    assert len({len(share) for share in shares}) == 1


@given(LENGTHS, st.integers(1, 200))
def test_token_batches_stay_within_the_budget(lengths: list[int], budget: int) -> None:
    for batch in BatchSampler(lengths, seed=0, batch_tokens=budget):
        padded = len(batch) * max(lengths[number] for number in batch)
        assert padded <= budget or len(batch) == 1


def test_example_batches_are_full_but_the_last() -> None:
    assert [len(batch) for batch in BatchSampler([5] * 33, seed=0, batch_size=16)] == [16, 16, 1]


def test_two_processes_halve_a_batch_that_is_left_over() -> None:
    shares = samplers([5] * 33, 2, batch_size=16)
    assert [[len(batch) for batch in share] for share in shares] == [[8, 16], [8, 1]]


def test_epochs_and_seeds_differ_and_repeat() -> None:
    sampler = BatchSampler(list(range(1, 200)), seed=0, batch_tokens=256)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    second = list(sampler)
    assert second != first
    # Within buckets examples change places too, so not even the same batches come in another order.
    assert {tuple(sorted(batch)) for batch in second} != {tuple(sorted(batch)) for batch in first}
    assert list(BatchSampler(list(range(1, 200)), seed=1, batch_tokens=256)) != first


def test_batches_are_not_ordered_by_length() -> None:
    lengths = np.arange(1, 400)
    means = [lengths[batch].mean() for batch in BatchSampler(lengths, seed=0, batch_tokens=512)]
    correlation = np.corrcoef(means, np.arange(len(means)))[0, 1]
    assert abs(correlation) < 0.35


def test_token_batches_hardly_pad() -> None:
    lengths = np.random.default_rng(0).integers(20, 300, 2000)

    def waste(sampler: BatchSampler) -> float:
        padded = sum(len(batch) * lengths[batch].max() for batch in sampler)
        return float(1 - lengths.sum() / padded)

    assert waste(BatchSampler(lengths, seed=0, batch_tokens=4096)) < 0.05
    assert waste(BatchSampler(lengths, seed=0, batch_size=16)) > 0.3


def test_too_few_examples_for_the_processes() -> None:
    with pytest.raises(UserError, match="1 training examples are too few for 2 processes"):
        BatchSampler([5], seed=0, batch_size=2, processes=2)


def test_targets_of_like_length_come_together_among_sources_of_like_length() -> None:
    random = np.random.default_rng(0)
    sources, targets = random.integers(20, 300, 4000), random.integers(2, 60, 4000)

    def padded(lengths: Any, sampler: BatchSampler) -> float:
        return float(sum(len(batch) * lengths[batch].max() for batch in sampler) / lengths.sum())

    by_source, by_both = (BatchSampler(sources, some, seed=0) for some in (None, targets))
    assert padded(targets, by_source) > 1.7
    assert padded(targets, by_both) < 1.3
    assert padded(sources, by_both) == pytest.approx(padded(sources, by_source), abs=0.01)


def test_target_lengths_leave_batches_of_examples_as_they_were() -> None:
    plain, told = (BatchSampler([5] * 33, some, seed=0, batch_size=16) for some in (None, range(33)))
    assert list(plain) == list(told)


def test_buckets_are_small_against_the_lengths() -> None:
    assert SOURCE_BUCKET <= 16
    assert TARGET_BUCKET <= 4
