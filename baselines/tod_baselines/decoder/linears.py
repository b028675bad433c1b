"""Linear layers of a model on a CPU, with their weights laid out once for oneDNN instead of in every product.

torch multiplies by weights as they lie in memory, in fp32 by MKL, and under autocast it turns every weight into bf16 in
every pass, which for a few tokens takes longer than the product. What inductor does with frozen weights costs a copy of
them and is faster in both, most so for a few tokens.

Importing this imports torch.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


class PackedLinears:
    """Copies of the weights of a model's linear layers; empty where the device or torch has nothing of the kind.

    Args:
        model: The model. Weights that change later do not change the copies.
        bf16: Whether to multiply in bf16; outputs are bf16 then, as under autocast.
    """

    def __init__(self, model: nn.Module, *, bf16: bool) -> None:
        self._forwards: dict[nn.Linear, Callable[[torch.Tensor], torch.Tensor]] = {}
        if can_pack(bf16):
            for layer in model.modules():
                # Not of its subclasses, whose forward may do more, nor of a layer whose forward was replaced.
                if type(layer) is nn.Linear and "forward" not in layer.__dict__ and _fits(layer, bf16):
                    self._forwards[layer] = _packed(layer, torch.bfloat16 if bf16 else torch.float32)

    def __len__(self) -> int:
        return len(self._forwards)

    @contextmanager
    def used(self) -> Iterator[None]:
        """The model with these in place of its own, for inference alone."""
        for layer, forward in self._forwards.items():
            layer.forward = forward
        try:
            yield
        finally:
            for layer in self._forwards:
                del layer.forward


def can_pack(bf16: bool) -> bool:
    """Whether torch has oneDNN here, and, for bf16, a processor that computes in it."""
    if not torch.backends.mkldnn.is_available() or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    return not bf16 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _fits(layer: nn.Linear, bf16: bool) -> bool:
    weight = layer.weight
    return weight.device.type == "cpu" and (weight.dtype == torch.float32 or (bf16 and weight.dtype == torch.bfloat16))


def _packed(layer: nn.Linear, dtype: torch.dtype) -> Callable[[torch.Tensor], torch.Tensor]:
    operations: Any = torch.ops.mkldnn
    with torch.no_grad():
        weight = operations._reorder_linear_weight(layer.weight.detach().to(dtype), None)
        bias = None if layer.bias is None else layer.bias.detach().to(dtype)

    def forward(inputs: torch.Tensor) -> torch.Tensor:
        product: torch.Tensor = operations._linear_pointwise(inputs.to(dtype), weight, bias, "none", [], "")
        return product

    return forward
