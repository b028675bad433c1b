"""transformers' Seq2SeqTrainer with three things of ours: batches, loss and evaluation.

Importing this imports torch and transformers; `tod_baselines.pptod.training` does so when it trains.
"""

from ast import literal_eval
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from transformers import Seq2SeqTrainer

from tod_baselines.pptod.batches import IGNORED, BatchSampler


class DialogueTrainer(Seq2SeqTrainer):  # type: ignore[misc]
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
        super().__init__(**rest, compute_loss_func=loss)
        self.sampler, self._score = sampler, score

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The sampler's batches. They are already this process's share, so accelerate must not divide them again."""
        loader: DataLoader[Any] = DataLoader(
            self.train_dataset,
            batch_sampler=self.sampler,
            collate_fn=self.data_collator,
            pin_memory=torch.cuda.is_available(),
        )
        loader.set_epoch = self.sampler.set_epoch
        return loader

    @staticmethod
    def get_optimizer_cls_and_kwargs(args: Any, model: Any = None) -> tuple[Any, dict[str, Any]]:
        """The optimizer as transformers makes it, with `optim_args` for Adafactor too, which transformers ignores."""
        made, settings = Seq2SeqTrainer.get_optimizer_cls_and_kwargs(args, model)
        if args.optim == "adafactor" and args.optim_args:
            pairs = (pair.split("=", 1) for pair in args.optim_args.replace(" ", "").split(","))
            settings |= {name: literal_eval(value) for name, value in pairs}
        return made, settings

    def evaluate(self, *_args: Any, **_kwargs: Any) -> dict[str, float]:
        """Scores the model on dev, under the names that transformers selects checkpoints by."""
        metrics = {f"eval_{name}": value for name, value in self._score().items()}
        self.log(dict(metrics))
        self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def token_loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int) -> torch.Tensor:
    """Cross-entropy in nats, summed over target tokens and divided by the tokens of the whole step.

    Dividing by the step's tokens rather than the batch's makes a step's gradient the same however its examples are
    divided over batches and processes.
    """
    logits = outputs.logits.flatten(0, 1).float()
    return cross_entropy(logits, labels.flatten(), ignore_index=IGNORED, reduction="sum") / num_items_in_batch
