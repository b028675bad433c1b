"""A T5 that reads packed dialogues: its own modules and weights, under the masks and positions of `packing`.

    bias of a pair of tokens   =   T5's, of the distance of their positions   where the one sees the other
                                   minus infinity, almost                     elsewhere

It is computed once, and goes into each block as the position bias, which blocks add to their scores.
"""

import copy
from typing import Any

import torch
from torch.nn.functional import embedding
from transformers import PreTrainedModel, T5ForConditionalGeneration
from transformers.modeling_outputs import Seq2SeqLMOutput

from tod_bench.errors import UserError

UNSEEN = torch.finfo(torch.bfloat16).min
"""Score of a pair that does not see: finite, so that padding that sees nothing gives no NaN, in bf16 as in fp32."""


class PackedT5(T5ForConditionalGeneration):  # type: ignore[misc]
    """A view of a T5 whose `forward` takes the batches of `packing.Rows`; the weights are the T5's."""

    @classmethod
    def of(cls, model: PreTrainedModel) -> "PackedT5":
        """The view of a model.

        Raises:
            UserError: It is no T5.
        """
        if model.config.model_type != "t5":
            raise UserError(
                f"pptod: packing: dialogue needs a T5, whose positions are relative, not a {model.config.model_type}; "
                "take packing: turn"
            )
        view: PackedT5 = copy.copy(model)
        view.__class__ = cls
        return view

    def forward(
        self,
        input_ids: torch.Tensor,
        source_place: torch.Tensor,
        decoder_input_ids: torch.Tensor,
        target_place: torch.Tensor,
        target_index: torch.Tensor,
    ) -> Seq2SeqLMOutput:
        """Logits of shape (1, tokens, vocabulary) for the targets at `target_index`; see `packing.Rows`."""
        states = self.encode(input_ids, source_place)
        bias = _bias(self.decoder, target_place, _written(target_place))
        attended = torch.where(seen(target_place, source_place), 0.0, UNSEEN)[:, None]
        hidden = _run(self.decoder, decoder_input_ids, bias, states, None, attended)
        hidden = hidden.flatten(0, 1)[target_index]
        if self.config.scale_decoder_outputs:
            hidden = hidden * self.model_dim**-0.5
        return Seq2SeqLMOutput(logits=self.lm_head(hidden)[None])

    def encode(self, input_ids: torch.Tensor, source_place: torch.Tensor) -> torch.Tensor:
        """The encoder's states, of shape (rows, source, d_model)."""
        return _run(self.encoder, input_ids, _bias(self.encoder, source_place, seen(source_place, source_place)))


def seen(reader: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
    """Which source tokens each reading token sees: its own block, and what the blocks before it share.

    Args:
        reader: Places of shape (rows, readers, 4).
        source: Places of shape (rows, tokens, 4).

    Returns:
        A mask of shape (rows, readers, tokens).
    """
    dialogue, block, _, _ = reader[:, :, None].unbind(-1)
    of_dialogue, of_block, of_own, _ = source[:, None].unbind(-1)
    before = (of_own == 0) & (of_block < block)
    return (of_dialogue == dialogue) & (before | (of_block == block))


def _written(place: torch.Tensor) -> torch.Tensor:
    """Which target tokens each target token sees: those of the same target that stand before it, and itself."""
    dialogue, block, _, position = place[:, :, None].unbind(-1)
    of_dialogue, of_block, _, of_position = place[:, None].unbind(-1)
    return (of_dialogue == dialogue) & (of_block == block) & (of_position <= position)


def _bias(stack: Any, place: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """What self-attention adds to its scores, of shape (rows, heads, tokens, tokens)."""
    attention = stack.block[0].layer[0].SelfAttention
    farthest = attention.relative_attention_max_distance  # all longer distances share its bias
    by_distance = attention.compute_bias(1, 2 * farthest + 1, past_seen_tokens=farthest)[0, :, 0].T
    unseen = len(by_distance)
    table = torch.cat([by_distance, by_distance.new_full((1, by_distance.shape[1]), UNSEEN)])
    position = place[..., 3]
    distance = (position[:, None] - position[:, :, None]).clamp(-farthest, farthest) + farthest
    # As padding, what is not seen is left out of the backward pass, which costs by the pair.
    bias = embedding(torch.where(visible, distance, unseen), table, padding_idx=unseen)
    return bias.permute(0, 3, 1, 2).contiguous()


def _run(stack: Any, ids: torch.Tensor, bias: torch.Tensor, *cross: torch.Tensor | None) -> torch.Tensor:
    """A stack's states; `cross` is what its blocks take of the encoder: states, mask and bias."""
    hidden = stack.dropout(stack.embed_tokens(ids))
    for block in stack.block:
        # The bias has the mask in it; is_causal would have a decoder's block make one of its own.
        hidden, *_ = block(hidden, None, bias, *cross, is_causal=False)
    states: torch.Tensor = stack.dropout(stack.final_layer_norm(hidden))
    return states
