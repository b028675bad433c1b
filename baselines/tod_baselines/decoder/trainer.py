"""transformers' Trainer with rows of packed dialogues and a loss over answers alone.

Importing this imports torch and transformers; `tod_baselines.decoder.training` does so when it trains.
"""

from typing import Any

import torch
from torch.nn.functional import cross_entropy

from tod_baselines.decoder.flops import RowFlops
from tod_baselines.decoder.packing import IGNORED
from tod_baselines.training.trainer import TimedBatches, Work


class RowTrainer(TimedBatches):
    """A Trainer whose batches are rows of our sampler.

    Args:
        flops: Model FLOP of learning a row.
        **rest: What `TimedBatches` takes.
    """

    def __init__(self, *, flops: RowFlops, **rest: Any) -> None:
        super().__init__(**rest, compute_loss_func=answer_loss)
        self._row_flops = flops

    def work(self, inputs: dict[str, Any]) -> Work:
        """The tokens of a row, and the FLOP of learning it."""
        tokens = inputs["input_ids"].shape[1]
        learned = int((inputs["labels"] != IGNORED).sum())
        return Work(tokens, self._row_flops(inputs.get("segments", [tokens]), learned))


def answer_loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int) -> torch.Tensor:
    """Cross-entropy in nats, summed over the learned tokens and divided by those of the whole step.

    Dividing by the step's tokens makes a step's gradient the same however its dialogues are divided over rows and
    processes. The outputs are the logits of learned positions alone, or of all.
    """
    wanted = labels != IGNORED
    logits = outputs.logits[0]
    if logits.shape[0] == labels.shape[1]:
        logits = logits[wanted[0]]
    return cross_entropy(logits.float(), labels[wanted], reduction="sum") / num_items_in_batch
