"""Dropout whose masks cost little on a CPU, where torch draws a random number an element, and slowly.

    SFC64 bits      | 1001110101101001 | 0000010110110001 | 1110...      16 an element
    kept            |       yes        |  no: below rate  |  yes         others are 0, the kept scaled to the same mean

The distribution is that of `torch.nn.Dropout`, the rate rounded to 1/65536; the masks are others. Each comes of a seed
that torch's generator draws, so `torch.manual_seed` and a checkpoint's random state decide it as they do without this.
"""

from typing import Any

import numpy as np
import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask

ATTENTION = "sdpa_cheap_dropout"
"""Name of `attention` among transformers' implementations."""

LEVELS = 1 << 16


class CheapDropout(torch.nn.Dropout):  # type: ignore[misc]
    """`torch.nn.Dropout` with cheap masks."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The input with some elements zeroed and the others scaled, in training; else the input."""
        return dropped(input, self.p) if self.training else input


def use_cheap_dropout(model: PreTrainedModel) -> None:
    """Has a model draw cheap masks: its dropout modules, and, where it is a T5, its attention."""
    for module in model.modules():
        if type(module) is torch.nn.Dropout:
            module.__class__ = CheapDropout
    if model.config.model_type == "t5" and model.config._attn_implementation == "sdpa":
        AttentionInterface.register(ATTENTION, attention)
        AttentionMaskInterface.register(ATTENTION, eager_mask)
        model.set_attn_implementation(ATTENTION)


def dropped(values: torch.Tensor, rate: float) -> torch.Tensor:
    """Values, each zeroed with probability `rate` (0 to below 1), the others scaled to keep the mean."""
    if torch.compiler.is_compiling():  # its kernels make masks cheaply
        return torch.nn.functional.dropout(values, rate)
    threshold = min(round(rate * LEVELS), LEVELS - 1)
    if threshold == 0:
        return values
    kept = (_bits(values.numel()) >= threshold).view(np.uint8)  # which torch converts several times as fast as bool
    mask = torch.from_numpy(kept).view(values.shape).to(values.dtype)
    return values * mask.mul_(LEVELS / (LEVELS - threshold))


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float = 1.0,
    position_bias: torch.Tensor | None = None,
    **rest: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Attention as transformers' ``sdpa``, which it is wherever nothing is dropped.

    Args:
        module: The attention's module.
        query: Of shape (rows, heads, readers, dimensions).
        key: Of shape (rows, heads, tokens, dimensions).
        value: Of shape (rows, heads, tokens, dimensions).
        attention_mask: What is added to the score of a pair that is not seen; None where all are.
        dropout: Rate of dropout of the weights.
        scaling: Factor of the scores.
        position_bias: Added to the scores.
        **rest: What transformers' own takes besides.

    Returns:
        The values attended to, of shape (rows, readers, heads, dimensions), and no weights.
    """
    told = {"scaling": scaling, "position_bias": position_bias, **rest}
    if not dropout:
        found: tuple[torch.Tensor, None] = sdpa_attention_forward(module, query, key, value, attention_mask, **told)
        return found
    scores = torch.matmul(query * scaling, key.transpose(2, 3))
    for added in (position_bias, attention_mask):
        scores = scores if added is None else scores + added
    weights = dropped(torch.softmax(scores, dim=-1), dropout)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), None


def _bits(count: int) -> "np.ndarray[tuple[int], np.dtype[np.uint16]]":
    seed = int(torch.randint(2**62, ()))
    words: np.ndarray[tuple[int], np.dtype[np.uint64]] = np.random.SFC64(seed).random_raw(-(-count // 4))
    return words.view(np.uint16)[:count]
