"""Rows of several dialogues, none of which sees another.

    dialogues   a a a a a   b b b   c c c c                        (1, tokens)
    positions   0 1 2 3 4   0 1 2   0 1 2 3     segments  5 3 4
    attention   each segment by itself, causal: no mask, and no work for pairs of different dialogues

Which dialogues share a row changes from epoch to epoch, how many rows there are does not: a row is a list of places of
certain lengths (in steps of `BUCKET` tokens), and dialogues of like length change places.

Importing this imports neither torch nor transformers; `use_packed_attention` does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tod_bench.errors import UserError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

IGNORED = -100
"""Label of positions without a loss."""

BUCKET = 32
"""Dialogues whose lengths, in tokens, differ by less than this can change places."""

ATTENTION = "tod_bench_packed"
"""The name of this attention among those of transformers."""

HARMLESS = frozenset(
    ("is_causal", "use_cache", "output_attentions", "output_router_logits", "position_ids", "cache_position")
)
"""What models tell attention that changes nothing here."""


class RowSampler:
    """Rows of dialogue numbers for one process; the epoch decides which (see `set_epoch`).

    Args:
        lengths: Tokens of each sequence.
        seed: Seed of the shuffling.
        row_tokens: Tokens a row; a longer sequence is a row of its own. None for a row a sequence.
        rank: This process, from 0.
        processes: How many processes there are.

    Raises:
        UserError: There are fewer sequences than processes.
    """

    def __init__(
        self, lengths: Sequence[int], *, seed: int, row_tokens: int | None, rank: int = 0, processes: int = 1
    ) -> None:
        if len(lengths) < processes:
            raise UserError(f"decoder: {len(lengths)} training sequences are too few for {processes} processes")
        self._buckets = -(-np.asarray(lengths, np.int64) // BUCKET)
        self._seed, self._rank, self._processes = seed, rank, processes
        order = np.argsort(-self._buckets, kind="stable").tolist()
        rows = [[number] for number in order] if row_tokens is None else _filled(order, lengths, row_tokens)
        self._rows = _evened(rows, processes)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the rows of an epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Rows an epoch for this process; the same in every epoch."""
        return len(self._rows) // self._processes

    def __iter__(self) -> Iterator[list[int]]:
        """This process's rows of the epoch."""
        random = np.random.default_rng([self._seed, self.epoch])
        instead = np.arange(len(self._buckets))
        for bucket in np.unique(self._buckets):
            alike = np.flatnonzero(self._buckets == bucket)
            instead[alike] = random.permutation(alike)
        order = random.permutation(len(self._rows))
        for row in order[self._rank :: self._processes]:
            yield instead[self._rows[row]].tolist()


def _filled(order: Sequence[int], lengths: Sequence[int], row_tokens: int) -> list[list[int]]:
    """Rows by best fit, the longest sequences first; room is counted in whole buckets, so places can be changed."""
    rows: list[list[int]] = []
    room: list[int] = []
    for number in order:
        needed = -(-lengths[number] // BUCKET) * BUCKET
        fitting = [row for row, left in enumerate(room) if left >= needed]
        if fitting:
            best = min(fitting, key=room.__getitem__)
            rows[best].append(number)
            room[best] -= needed
        else:
            rows.append([number])
            room.append(row_tokens - needed)
    return rows


def _evened(rows: list[list[int]], processes: int) -> list[list[int]]:
    """A multiple of `processes` rows: those of the most sequences are halved, or two of single sequences joined."""
    rows = [list(row) for row in rows]
    while len(rows) % processes:
        fullest = max(range(len(rows)), key=lambda number: len(rows[number]))
        row = rows[fullest]
        if len(row) > 1:
            rows[fullest : fullest + 1] = [row[: len(row) // 2], row[len(row) // 2 :]]
        else:
            rows[-2:] = [rows[-2] + rows[-1]]
    return rows


@dataclass(frozen=True, slots=True)
class Tokens:
    """A sequence.

    Attributes:
        ids: Its tokens.
        learned: Which of them have a loss.
    """

    ids: NDArray[np.int32]
    learned: NDArray[np.bool_]

    @property
    def labels(self) -> NDArray[np.int64]:
        """What each position is to predict: the next token where that one is learned, else `IGNORED`."""
        following = np.append(self.ids[1:], 0).astype(np.int64)
        return np.where(np.append(self.learned[1:], False), following, IGNORED)


def row_of(sequences: Sequence[Tokens]) -> dict[str, Any]:
    """What a model is given to learn a row: one batch row of all tokens, and logits only where there is a loss."""
    import torch

    labels = torch.from_numpy(np.concatenate([some.labels for some in sequences]))
    lengths = [len(some.ids) for some in sequences]
    return {
        "input_ids": torch.from_numpy(np.concatenate([some.ids for some in sequences]).astype(np.int64))[None],
        "position_ids": torch.cat([torch.arange(length) for length in lengths])[None],
        "labels": labels[None],
        "logits_to_keep": (labels != IGNORED).nonzero()[:, 0],
        "segments": lengths,
        "use_cache": False,
    }


def use_packed_attention(model: "PreTrainedModel") -> None:
    """Gives a model the attention that keeps segments apart, once it is seen to do so exactly.

    Raises:
        UserError: The model's attention is of another kind, or its outcome differs.
    """
    import torch
    from transformers import AttentionInterface

    kind, before = model.config.model_type, model.config._attn_implementation
    AttentionInterface.register(ATTENTION, _attend)
    remedy = f"decoder: {kind} models cannot be trained with several dialogues a row; set packing: false"
    vocabulary, mode = model.config.get_text_config().vocab_size, model.training
    texts = [[(7919 * number + shift) % vocabulary for number in range(1, size)] for shift, size in ((1, 12), (5, 8))]
    model.eval()
    with torch.inference_mode():
        alone = torch.cat([model(input_ids=_tensor(text, model)[None], use_cache=False).logits[0] for text in texts])
        try:
            if not getattr(model, "_supports_attention_backend", False) or getattr(model, "_is_stateful", False):
                raise ValueError("their attention cannot be replaced")
            model.set_attn_implementation(ATTENTION)
            together = model(
                input_ids=_tensor([*texts[0], *texts[1]], model)[None],
                position_ids=_tensor([place for text in texts for place in range(len(text))], model)[None],
                segments=[len(text) for text in texts],
                use_cache=False,
            ).logits[0]
        except (TypeError, ValueError, RuntimeError) as error:
            model.set_attn_implementation(before)
            raise UserError(f"{remedy} ({error})") from None
    model.train(mode)
    difference = (together.float() - alone.float()).abs().max().item()
    tolerance = (1e-3 if model.dtype == torch.float32 else 0.2) * max(alone.float().std().item(), 1e-6)
    if not difference <= tolerance:
        model.set_attn_implementation(before)
        raise UserError(f"{remedy} (their logits differ by {difference:.2g})")


def _tensor(numbers: list[int], model: "PreTrainedModel") -> "torch.Tensor":
    import torch

    return torch.tensor(numbers, device=model.device)


def _attend(
    module: Any,
    query: "torch.Tensor",
    key: "torch.Tensor",
    value: "torch.Tensor",
    _mask: "torch.Tensor | None",
    scaling: float | None = None,
    dropout: float = 0.0,
    segments: Sequence[int] | None = None,
    sliding_window: int | None = None,
    **others: Any,
) -> "tuple[torch.Tensor, None]":
    """Causal attention of (1, heads, tokens, size) within each segment; without segments the row is one.

    Raises:
        ValueError: The model's attention is of a kind that is not done here.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    if odd := sorted(name for name, told in others.items() if name not in HARMLESS and told is not None):
        raise ValueError(f"attention with {', '.join(odd)}")
    lengths = list(segments) if segments is not None else [query.shape[2]]
    if sliding_window is not None and max(lengths) > sliding_window:
        raise ValueError(f"attention with a window of {sliding_window} tokens")
    if sum(lengths) != query.shape[2] or key.shape[2] != query.shape[2] or query.shape[0] != 1:
        raise ValueError("attention over more than the tokens of one row")
    queries_a_key = query.shape[1] // key.shape[1]
    key, value = (part.repeat_interleave(queries_a_key, dim=1) if queries_a_key > 1 else part for part in (key, value))
    settings: dict[str, Any] = {"dropout_p": dropout if module.training else 0.0, "is_causal": True, "scale": scaling}
    apart = zip(*(part.split(lengths, dim=2) for part in (query, key, value)), strict=True)
    answers = [scaled_dot_product_attention(asked, keys, values, **settings) for asked, keys, values in apart]
    return torch.cat(answers, dim=2).transpose(1, 2), None
