"""How episodes are dealt out to workers."""

import math

from hypothesis import example, given
from hypothesis import strategies as st

from tod_bench.interact.tasks import FEWEST, ROUNDS, chunk_size

COUNT = st.integers(1, 5000)


@example(side_by_side=6, tasks=601, workers=30)
@given(side_by_side=st.integers(1, 200), tasks=COUNT, workers=st.integers(1, 64))
def test_every_worker_has_a_chunk_where_there_are_enough(side_by_side, tasks, workers):
    size = chunk_size(side_by_side, tasks, workers)
    smallest = max(FEWEST, side_by_side)
    assert size >= smallest
    assert math.ceil(tasks / size) >= min(workers, math.ceil(tasks / smallest))


def test_places_are_filled_anew_a_few_times():
    assert chunk_size(32, 4000, 2) == ROUNDS * 32
    assert chunk_size(32, 100, 2) == 50
    assert chunk_size(32, 40, 2) == 32


def test_agents_that_play_one_at_a_time_bring_them_back_soon():
    assert chunk_size(1, 4000, 2) == FEWEST
