"""Kept key-value caches of several dialogues, side by side, and the attention of a step over them.

A step reads any number of tokens of each row, all of them as one sequence without padding:

    row 0 writes a token      rows       0  2  2  2
    row 1 waits               positions 41  7  8  9      keys and values go to (row, position),
    row 2 reads a turn        tokens     a  b  c  d      b sees positions 0..7 of row 2, and so on

Only attention looks at rows. Each row's tokens are answered by themselves, by keys of the row's own length; on a GPU
those that are alone in their row are answered together instead, by keys of the longest one's length: a GPU wants few
operations, a CPU little work. What lies behind a row's end is never seen, so that a row is cut by forgetting its
length, and begun anew by length 0.

Importing this imports torch and transformers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.cache_utils import Cache

ATTENTION = "tod_bench_kept"
"""The name of this attention among those of transformers."""

ROOM = 256
"""Positions by which the caches grow."""

HARMLESS = frozenset(
    ["dropout", "is_causal", "use_cache", "output_attentions", "output_router_logits", "position_ids", "sliding_window"]
)
"""What models tell attention that changes nothing here; windows are longer than what is read, see `decoding`."""


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens of a row that are read one after the other.

    Attributes:
        row: The row.
        start: Index of the first token among those of the step.
        stop: Index behind the last one.
        length: Length of the row with them.
        visible: (tokens, length): which positions each sees; None for a single token, which sees them all.
    """

    row: int
    start: int
    stop: int
    length: int
    visible: torch.Tensor | None


@dataclass(frozen=True, slots=True)
class Step:
    """Which tokens of which rows are read.

    Attributes:
        rows: (tokens): the row of each token.
        positions: (tokens): its position in the row.
        lone: Indices of the tokens that are alone in their row, where these are answered together.
        lone_rows: Their rows.
        visible: (all rows, 1, 1, longest): which positions they see.
        longest: Length of the longest row with such a token.
        runs: The other tokens, row by row.
        room: Positions that the caches must have.
    """

    rows: torch.Tensor
    positions: torch.Tensor
    lone: torch.Tensor
    lone_rows: torch.Tensor
    visible: torch.Tensor
    longest: int
    runs: tuple[Run, ...]
    room: int

    @classmethod
    def of(cls, counts: Sequence[int], lengths: Sequence[int], device: torch.device, *, together: bool) -> "Step":
        """The step in which each row reads some tokens.

        Args:
            counts: Tokens that each row reads; 0 where it waits.
            lengths: Tokens that it has read before.
            device: Where the model is.
            together: Whether tokens that are alone in their row are answered together.
        """
        rows = [row for row, count in enumerate(counts) for _ in range(count)]
        positions = [
            position for count, done in zip(counts, lengths, strict=True) for position in range(done, done + count)
        ]
        lone = [index for index, row in enumerate(rows) if together and counts[row] == 1]
        ends = [lengths[row] + 1 if count == 1 else 1 for row, count in enumerate(counts)]
        longest = max((ends[rows[index]] for index in lone), default=0)
        visible = torch.arange(longest, device=device) < torch.tensor(ends, device=device)[:, None]
        return cls(
            torch.tensor(rows, device=device),
            torch.tensor(positions, device=device),
            torch.tensor(lone, dtype=torch.long, device=device),
            torch.tensor([rows[index] for index in lone], dtype=torch.long, device=device),
            visible[:, None, None],
            longest,
            tuple(_runs(counts, lengths, device, shortest=2 if together else 1)),
            max(positions) + 1,
        )


def _runs(counts: Sequence[int], lengths: Sequence[int], device: torch.device, *, shortest: int) -> list[Run]:
    runs, start = [], 0
    for row, (count, done) in enumerate(zip(counts, lengths, strict=True)):
        if count >= shortest:
            visible = _causal(done, count, device) if count > 1 else None
            runs.append(Run(row, start, start + count, done + count, visible))
        start += count
    return runs


def _causal(done: int, count: int, device: torch.device) -> torch.Tensor:
    """(count, done + count): which positions each of the tokens after those that are done sees."""
    return torch.arange(done + count, device=device) <= torch.arange(done, done + count, device=device)[:, None]


class KeptCache(Cache):  # type: ignore[misc]
    """Keys and values by (row, position), for as many layers as a model has; `step` says where the next ones go.

    Args:
        rows: How many rows there are.
        dtype: Of what is kept; None for that of the model's keys and values. Under autocast keys are fp32 once they
            have positions, and attention would turn all kept ones into bf16 at every step.
    """

    step: Step

    def __init__(self, rows: int, dtype: torch.dtype | None = None) -> None:
        super().__init__(layers=[])
        self._rows, self._dtype = rows, dtype
        self._kept: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *_args: Any, **_kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Called by a model's layer with (1, heads, tokens, size); gives back (rows, heads, room, size)."""
        kept = self._with_room(layer_idx, key_states, value_states)
        for place, states in zip(kept, (key_states, value_states), strict=True):
            place[self.step.rows, :, self.step.positions] = states[0].transpose(0, 1).to(place.dtype)
        return kept

    def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002
        """Called by models that are told no positions; rows have lengths of their own."""
        return 0

    def _with_room(
        self, layer: int, key_states: torch.Tensor, value_states: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        kept = self._kept.get(layer)
        if kept is None or kept[0].shape[2] < self.step.room:
            room = -(-self.step.room // ROOM) * ROOM
            grown = tuple(
                # Zeros: what is never seen has weight 0, which must not meet a NaN.
                states.new_zeros(self._rows, states.shape[1], room, states.shape[3], dtype=self._dtype)
                for states in (key_states, value_states)
            )
            for new, old in zip(grown, kept or (), strict=False):
                new[:, :, : old.shape[2]] = old
            self._kept[layer] = kept = (grown[0], grown[1])
        return kept


def attend(
    _module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _mask: torch.Tensor | None,
    scaling: float | None = None,
    step: Step | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of a step's tokens, (1, heads, tokens, size), over kept rows; gives back (1, tokens, heads, size).

    Query heads that share a key head are laid along the tokens, so that keys are never copied.

    Raises:
        ValueError: The model's attention is of a kind that is not done here.
    """
    if step is None:
        raise ValueError("its layers do not hand on what attention is told")
    if odd := sorted(name for name, told in others.items() if name not in HARMLESS and told is not None):
        raise ValueError(f"attention with {', '.join(odd)}")
    # Under autocast what is kept is bf16, and queries that were given positions are not.
    tokens = (
        query[0].to(key.dtype).transpose(0, 1).unflatten(1, (key.shape[1], -1))
    )  # (tokens, key heads, queries a key head, size)
    answers = tokens.new_empty(*tokens.shape[:3], value.shape[3])
    if step.longest:
        asked = tokens.new_zeros(key.shape[0], *tokens.shape[1:])
        asked[step.lone_rows] = tokens[step.lone]
        keys, values = key[:, :, : step.longest], value[:, :, : step.longest]
        found = scaled_dot_product_attention(asked, keys, values, attn_mask=step.visible, scale=scaling)
        answers[step.lone] = found[step.lone_rows]
    for run in step.runs:
        if run.visible is None:
            keys, values = (kept[run.row : run.row + 1, :, : run.length] for kept in (key, value))
            answers[run.start] = scaled_dot_product_attention(tokens[None, run.start], keys, values, scale=scaling)[0]
            continue
        asked = tokens[run.start : run.stop].permute(1, 2, 0, 3)  # each key head a batch, its queries the heads
        keys, values = (
            kept[run.row, :, None, : run.length].expand(-1, asked.shape[1], -1, -1) for kept in (key, value)
        )
        found = scaled_dot_product_attention(asked, keys, values, attn_mask=run.visible, scale=scaling)
        answers[run.start : run.stop] = found.permute(2, 0, 1, 3)
    return answers.flatten(1, 2)[None], None


AttentionInterface.register(ATTENTION, attend)
