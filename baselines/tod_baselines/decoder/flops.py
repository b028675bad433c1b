"""What learning rows of dialogues takes, in model FLOP: less than `decoder_flops` says where less is computed.

Logits are made at learned positions alone, so the output layer counts for these alone; frozen matrices (LoRA's base)
take 4 FLOP a parameter and token instead of 6, since they get no gradients.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tod_baselines.training.throughput import Shape, decoder_flops, shape_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class RowFlops:
    """The FLOP of learning a row.

    Attributes:
        shape: The shape of the model.
        head: Parameters of the output layer.
        frozen: Parameters of matrices without gradients, the output layer left out.
        head_frozen: Whether the output layer gets no gradients.
        some_logits: Whether the model makes logits for learned positions alone.
    """

    shape: Shape
    head: int
    frozen: int
    head_frozen: bool
    some_logits: bool

    @classmethod
    def of(cls, model: "PreTrainedModel", *, some_logits: bool) -> "RowFlops":
        """The FLOP of a model, with or without an adapter."""
        from torch.nn import Linear

        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        head = base.get_output_embeddings()
        weights = [part.weight for part in base.modules() if isinstance(part, Linear) and part is not head]
        frozen = sum(weight.numel() for weight in weights if not weight.requires_grad)
        return cls(shape_of(base), head.weight.numel(), frozen, not head.weight.requires_grad, some_logits)

    def __call__(self, lengths: Sequence[int], learned: int) -> float:
        """Forward and backward, for the dialogues of a row and the learned tokens in it."""
        tokens = sum(lengths)
        predicted = learned if self.some_logits else tokens
        whole = decoder_flops(self.shape, lengths) - 2 * self.frozen * tokens
        return whole - 6 * self.head * (tokens - predicted) - 2 * self.head * predicted * self.head_frozen
