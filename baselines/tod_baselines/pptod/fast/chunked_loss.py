"""A T5's output layer that leaves its product to the loss, which makes the logits of some tokens at a time.

    states of all targets, padding too  ->  logits (32,128 each)  ->  loss  ->  gradients           transformers
    states of the targets alone         ->  [1,024 of them: logits -> loss -> gradients] ...        here

The loss and its gradients are the same; the logits of a batch, hundreds of MiB in T5's vocabulary, are never in memory.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from transformers import PreTrainedModel

from tod_baselines.pptod.batches import IGNORED
from tod_baselines.pptod.trainer import token_loss

TOKENS = 1024
"""Target tokens whose logits are made at a time: fewer waste a processor, more its caches."""


class ChunkedLossHead(torch.nn.Linear):  # type: ignore[misc]
    """An output layer whose output is, in training, its input."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The states in training, else the logits."""
        return input if self.training else super().forward(input)


def use_chunked_loss(model: PreTrainedModel) -> Callable[..., torch.Tensor]:
    """Gives a T5 a `ChunkedLossHead`, where torch can (2.13), and returns the loss: by that head, or `token_loss`."""
    if model.config.model_type != "t5" or not hasattr(torch.nn, "LinearCrossEntropyOptions"):
        return token_loss
    model.lm_head.__class__ = ChunkedLossHead
    return partial(_chunked_loss, model.lm_head)


def _chunked_loss(
    head: ChunkedLossHead, outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int
) -> torch.Tensor:
    labels = labels.flatten()
    targets = (labels != IGNORED).nonzero()[:, 0]
    total: torch.Tensor = torch.nn.functional.linear_cross_entropy(
        outputs.logits.flatten(0, 1)[targets],
        head.weight,
        labels[targets],
        reduction="sum",
        options=torch.nn.LinearCrossEntropyOptions(
            batch_chunk_size=TOKENS, chunking_method=None, acc_policy="accurate"
        ),
    )
    return total / num_items_in_batch
