"""Batches of like length, so that little is padded: which examples make one, an epoch at a time.

Importing this imports torch and transformers.
"""

from collections.abc import Iterator, Sequence

import torch
from transformers.trainer_pt_utils import get_length_grouped_indices

from tod_bench.errors import UserError


class LikeLengths:
    """Batches of example numbers for one process; the epoch decides which (see `set_epoch`).

    Examples are shuffled, sorted by length fifty batches at a time, and cut; the batches are then shuffled.

    Args:
        lengths: Tokens of each example.
        batch_size: Examples a batch.
        seed: Seed of the shuffling.
        rank: This process, from 0.
        processes: How many processes there are.

    Raises:
        UserError: There are fewer batches than processes.
    """

    def __init__(
        self, lengths: Sequence[int], batch_size: int, *, seed: int, rank: int = 0, processes: int = 1
    ) -> None:
        self._lengths, self._size, self._seed = list(lengths), batch_size, seed
        self._rank, self._processes = rank, processes
        self.epoch = 0
        if not len(self):
            raise UserError(f"pictor: {len(lengths)} examples are too few for {processes} processes; lower batch_size")

    def set_epoch(self, epoch: int) -> None:
        """Chooses the batches of an epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Batches an epoch for this process; a rest that not every process has a batch of is left out."""
        return -(-len(self._lengths) // self._size) // self._processes

    def __iter__(self) -> Iterator[list[int]]:
        """This process's batches of the epoch."""
        random = torch.Generator().manual_seed(1_000_003 * self._seed + self.epoch)
        order = get_length_grouped_indices(self._lengths, self._size, generator=random)
        batches = [order[start : start + self._size] for start in range(0, len(order), self._size)]
        shuffled = torch.randperm(len(batches), generator=random).tolist()
        for number in shuffled[self._rank : len(self) * self._processes : self._processes]:
            yield batches[number]
