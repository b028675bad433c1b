"""What every Trainer here does in its own way: batches, the arguments of an optimizer, evaluation, time.

Importing this imports torch and transformers.
"""

from abc import abstractmethod
from ast import literal_eval
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from transformers import Trainer

from tod_baselines.training.arguments import history
from tod_baselines.training.callbacks import CountSteps
from tod_baselines.training.clock import Clock
from tod_baselines.training.devices import device
from tod_baselines.training.folder import last_checkpoint
from tod_baselines.training.throughput import Dtype, Throughput, matmul_peak
from tod_bench.progress import progress


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


class Work(NamedTuple):
    """What learning a batch takes.

    Attributes:
        tokens: Tokens that are read, without padding.
        flops: Model FLOP of it, backward pass included.
    """

    tokens: int
    flops: float


class TimedBatches(OwnBatches):
    """A Trainer that knows the time: it can be stopped by a clock, survives a kill, and measures its throughput.

    Args:
        clock: The clock; with a limit, the learning rate falls by time where that is ahead of the steps.
        **rest: What `OwnBatches` takes.

    Attributes:
        clock: The clock.
        flops: Model FLOP of what this process has learned.
        tokens: Tokens of it.
    """

    def __init__(self, *, clock: Clock, **rest: Any) -> None:
        super().__init__(**rest)
        self.clock = clock
        self.model_accepts_loss_kwargs = False  # the loss is ours, whatever the model's forward takes
        self.add_callback(clock)
        self.flops, self.tokens = 0.0, 0

    @abstractmethod
    def work(self, inputs: dict[str, Any]) -> Work:
        """What learning a batch takes."""

    def training_step(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> torch.Tensor:
        """A batch's share of a step; its tokens and FLOP are counted."""
        work = self.work(inputs)
        self.tokens += work.tokens
        self.flops += work.flops
        return super().training_step(model, inputs, *args, **kwargs)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The schedule as transformers makes it, over steps or over time, whichever is further."""
        made = super().create_scheduler(num_training_steps, optimizer)
        if isinstance(made, LambdaLR):
            made.lr_lambdas = [self._timed(rate, num_training_steps) for rate in made.lr_lambdas]
        return made

    def learn(self, folder: Path) -> dict[str, Any]:
        """Trains to the end, from the last checkpoint on where there is one, and shows how far it is.

        Args:
            folder: The folder of the training.

        Returns:
            What the record says of it: steps, seconds, losses, scores on dev, throughput.
        """
        with progress("training", self.args.max_steps, unit="steps") as shown:
            self.add_callback(CountSteps(shown))
            checkpoint = last_checkpoint(folder / "checkpoints")
            before = int(checkpoint.rpartition("-")[2]) if checkpoint else 0
            steps: int = self.train(resume_from_checkpoint=checkpoint).global_step
        speed = self.throughput(steps - before).to_json()
        return {"steps": steps, "seconds": round(self.clock.seconds, 1), **history(self), "throughput": speed}

    def throughput(self, steps: int) -> Throughput:
        """How fast the training was in this process, against the peak of its device."""
        dtype: Dtype = "bfloat16" if self.args.bf16 else "float32"
        parameters = sum(part.numel() for part in self.model.parameters())
        peak = matmul_peak(dtype, device())
        return Throughput(parameters, self.tokens, self.flops, self.clock.computing, dtype, peak, steps)

    def _timed(self, rate: Callable[[int], float], steps: int) -> Callable[[int], float]:
        return lambda step: rate(max(step, int(self.clock.share * steps)))
