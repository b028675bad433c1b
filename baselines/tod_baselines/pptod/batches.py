"""Batches: which examples make one, and the padded tensors it becomes.

In training every example comes exactly once an epoch, whatever the number of examples and processes:

    examples   shuffle, then cut:          [7 2 9 4] [1 8 3 6] [5 0]
    tokens     sort by length, cut where the padded batch is full, shuffle the batches:
               length 5 5 6 | 8 8 | 13 | 21      ->      [13]  [5 6 5]  [21]  [8 8]

The length is that of the source. Among sources of like length, targets go up in one bucket and down in the next, so
that neighbours have targets of like length too:

               source 1 to 8       9 to 16         17 to 24
               target 2 4 7 9      9 8 5 3         2 3 6 8

With several processes each step takes one batch a process. If the batches do not come out even, the largest are halved
until they do; so no process is left without a batch, and no example is repeated to fill one up.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tod_bench.errors import UserError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

IGNORED = -100
"""Label of positions without a loss."""

MAX_BATCH = 256
"""Examples in a batch of `length_batches`, however short."""

SOURCE_BUCKET, TARGET_BUCKET = 8, 2
"""Lengths are rounded up to multiples of these: examples within a bucket change places from epoch to epoch."""


class BatchSampler:
    """Batches of example numbers for one process; the epoch decides their order (see `set_epoch`).

    Args:
        lengths: Source tokens of each example.
        target_lengths: Target tokens of each example, where batches are filled by tokens; None if they do not matter.
        seed: Seed of the shuffling.
        batch_size: Examples a batch; None to fill batches by tokens.
        batch_tokens: Source tokens a batch, padding included, where `batch_size` is None. An example longer than this
            is a batch of its own.
        rank: This process, from 0.
        processes: How many processes there are.

    Raises:
        UserError: There are fewer examples than processes.
    """

    def __init__(
        self,
        lengths: Sequence[int] | NDArray[np.int64],
        target_lengths: Sequence[int] | NDArray[np.int64] | None = None,
        *,
        seed: int,
        batch_size: int | None = None,
        batch_tokens: int = 4096,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        if len(lengths) < processes:
            raise UserError(f"pptod: {len(lengths)} training examples are too few for {processes} processes")
        self._sources = _bucket(np.asarray(lengths, np.int64), SOURCE_BUCKET)
        targets = np.zeros_like(self._sources) if target_lengths is None else np.asarray(target_lengths, np.int64)
        downwards = self._sources // SOURCE_BUCKET % 2 == 0
        self._targets = _bucket(targets, TARGET_BUCKET) * np.where(downwards, -1, 1)
        self._seed, self._size, self._tokens = seed, batch_size, batch_tokens
        self._rank, self._processes = rank, processes
        self._sizes = self._cut()
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order of an epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Batches an epoch for this process; the same in every epoch."""
        return len(self._sizes) // self._processes

    def __iter__(self) -> Iterator[list[int]]:
        """This process's batches of the epoch."""
        random = np.random.default_rng([self._seed, self.epoch])
        order = random.permutation(len(self._sources))
        if self._size is None:
            order = order[np.lexsort((self._targets[order], self._sources[order]))]
        batches = np.split(order, np.cumsum(self._sizes)[:-1])
        steps = random.permutation(len(self)) if self._size is None else np.arange(len(self))
        # Neighbours have like lengths, so the processes of a step finish together.
        for step in steps:
            yield batches[step * self._processes + self._rank].tolist()

    def _cut(self) -> list[int]:
        """The size of each batch of the sorted (or shuffled) examples: the same in every epoch."""
        if self._size is not None:
            full, rest = divmod(len(self._sources), self._size)
            sizes = [self._size] * full + ([rest] if rest else [])
        else:
            sizes = _fill(np.sort(self._sources), self._tokens)
        return _evened(sizes, self._processes)


@dataclass(frozen=True, slots=True)
class Collator:
    """Pads a batch on the right, to its longest source and its longest target.

    Attributes:
        pad_token_id: Token that fills up.
        shift_right: Makes a model's decoder inputs of its labels.
    """

    pad_token_id: int
    shift_right: Callable[["torch.Tensor"], "torch.Tensor"]

    @classmethod
    def of(cls, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> "Collator":
        """The collator of a model."""
        return cls(int(tokenizer.pad_token_id), model.prepare_decoder_input_ids_from_labels)

    def __call__(self, items: Sequence[dict[str, NDArray[np.int32]]]) -> dict[str, "torch.Tensor"]:
        """Source ids and mask of shape (batch, source); labels and decoder inputs of shape (batch, target)."""
        import torch

        ids = torch.from_numpy(pad([item["input_ids"] for item in items], self.pad_token_id))
        mask = torch.from_numpy(pad([np.ones_like(item["input_ids"]) for item in items], 0))
        batch = {"input_ids": ids, "attention_mask": mask}
        if "labels" in items[0]:
            labels = torch.from_numpy(pad([item["labels"] for item in items], IGNORED))
            batch |= {"labels": labels, "decoder_input_ids": self.shift_right(labels)}
        return batch


def pad(rows: Sequence[NDArray[np.int32]], filler: int) -> NDArray[np.int64]:
    """Rows of different lengths as one matrix, filled up on the right."""
    matrix = np.full((len(rows), max(map(len, rows))), filler, np.int64)
    for row, values in zip(matrix, rows, strict=True):
        row[: len(values)] = values
    return matrix


def length_batches(lengths: NDArray[np.int64], batch_tokens: int) -> Iterator[list[int]]:
    """Numbers of examples, the longest first, in batches that stay within a budget of padded source tokens."""
    order = np.argsort(-lengths, kind="stable").tolist()
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        size = min(MAX_BATCH, max(1, batch_tokens // longest))
        yield order[start : start + size]
        start += size


def _bucket(lengths: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return -(-lengths // size) * size


def _fill(lengths: NDArray[np.int64], tokens: int) -> list[int]:
    """Sizes of batches whose padded tokens stay within the budget; lengths come in ascending order."""
    sizes: list[int] = []
    for length in lengths:
        if sizes and (sizes[-1] + 1) * length <= tokens:
            sizes[-1] += 1
        else:
            sizes.append(1)
    return sizes


def _evened(sizes: list[int], processes: int) -> list[int]:
    """A multiple of `processes` batches: the largest are halved or, where they cannot be, the last joined."""
    wanted = -(-len(sizes) // processes) * processes
    if wanted > sum(sizes):
        wanted -= processes
    sizes = list(sizes)
    while len(sizes) > wanted:
        sizes[-2:] = [sizes[-2] + sizes[-1]]
    while len(sizes) < wanted:
        largest = max(range(len(sizes)), key=sizes.__getitem__)
        half = sizes[largest] // 2
        sizes[largest : largest + 1] = [sizes[largest] - half, half]
    return sizes
