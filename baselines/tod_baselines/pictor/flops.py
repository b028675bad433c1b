"""What learning a batch takes, in model FLOP: the language model's, picture tokens read as any others.

The tower is frozen and looks at a picture once, and a projector is small: neither is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tod_baselines.training.throughput import Shape, decoder_flops

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class LanguageFlops:
    """The FLOP of learning with a language model.

    Attributes:
        shape: Its shape, with the output layer.
        head: Parameters of the output layer.
        frozen: Parameters of matrices without gradients, the output layer left out.
        some_logits: Whether logits are made at learned positions alone.
    """

    shape: Shape
    head: int
    frozen: int
    some_logits: bool

    @classmethod
    def of(cls, network: "PreTrainedModel", *, some_logits: bool) -> "LanguageFlops":
        """The FLOP of the language model inside of a model that sees, with or without adapters."""
        from torch.nn import Linear

        base = network.get_base_model() if hasattr(network, "get_base_model") else network
        config = base.config.get_text_config()
        head = base.get_output_embeddings().weight
        weights = [part.weight for part in base.get_decoder().modules() if isinstance(part, Linear)]
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        matrices = head.numel() + sum(weight.numel() for weight in weights)
        shape = Shape(0, matrices, config.num_attention_heads * size, 0, config.num_hidden_layers)
        frozen = sum(weight.numel() for weight in weights if not weight.requires_grad)
        return cls(shape, head.numel(), frozen, some_logits)

    def __call__(self, lengths: Sequence[int], learned: int) -> float:
        """Forward and backward, for the lengths of a batch's examples and the learned tokens in it."""
        tokens = sum(lengths)
        predicted = learned if self.some_logits else tokens
        whole = decoder_flops(self.shape, lengths) - 2 * self.frozen * tokens
        return whole - 6 * self.head * (tokens - predicted)
