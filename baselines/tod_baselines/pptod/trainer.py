"""transformers' Seq2SeqTrainer with three things of ours: batches, loss and evaluation.

Importing this imports torch and transformers; `tod_baselines.pptod.training` does so when it trains.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import Seq2SeqTrainer

from tod_baselines.pptod.batches import IGNORED, BatchSampler
from tod_baselines.training.trainer import OwnBatches


class DialogueTrainer(OwnBatches, Seq2SeqTrainer):  # type: ignore[misc]
    """A Seq2SeqTrainer whose batches come from our sampler and whose evaluation is a function of ours.

    Args:
        sampler: Batches of this process.
        loss: The loss of a batch's outputs, given its labels and the target tokens of the step.
        score: Scores the model on dev.
        **rest: What Seq2SeqTrainer takes.
    """

    def __init__(
        self,
        *,
        sampler: BatchSampler,
        loss: Callable[..., torch.Tensor],
        score: Callable[[], dict[str, float]],
        **rest: Any,
    ) -> None:
        super().__init__(sampler=sampler, score=score, **rest, compute_loss_func=loss)


def token_loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int) -> torch.Tensor:
    """Cross-entropy in nats, summed over target tokens and divided by the tokens of the whole step.

    Dividing by the step's tokens rather than the batch's makes a step's gradient the same however its examples are
    divided over batches and processes.
    """
    logits = outputs.logits.flatten(0, 1).float()
    return cross_entropy(logits, labels.flatten(), ignore_index=IGNORED, reduction="sum") / num_items_in_batch
