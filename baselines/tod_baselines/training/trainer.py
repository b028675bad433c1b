"""What every Trainer here does in its own way: batches, the arguments of an optimizer, evaluation.

Importing this imports torch and transformers.
"""

from ast import literal_eval
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import torch
from torch.utils.data import DataLoader
from transformers import Trainer


class Sampler(Protocol):
    """Batches of one process; the epoch decides their order."""

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order of an epoch."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[list[int]]: ...


class OwnBatches(Trainer):  # type: ignore[misc]
    """A Trainer whose batches come from a sampler of ours and whose evaluation is a function of ours.

    Args:
        sampler: Batches of this process.
        score: Scores the model on dev.
        **rest: What Trainer takes.
    """

    def __init__(self, *, sampler: Sampler, score: Callable[[], dict[str, float]], **rest: Any) -> None:
        super().__init__(**rest)
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
        made, settings = Trainer.get_optimizer_cls_and_kwargs(args, model)
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
