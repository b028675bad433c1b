"""What a transformers Trainer is watched and stopped by.

Importing this imports torch and transformers.
"""

import time
from typing import Any

import torch
from transformers import TrainerCallback

from tod_bench.progress import Progress


class EvaluateEvery(TrainerCallback):  # type: ignore[misc]
    """Leaves out the evaluation of epochs that are not the last and no multiple of `epochs`."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs

    def on_epoch_end(self, _args: Any, state: Any, control: Any, **_kwargs: Any) -> None:
        """Called by the trainer, after its own callback has asked for an evaluation."""
        last = control.should_training_stop or state.global_step >= state.max_steps
        if round(state.epoch) % self._epochs and not last:
            control.should_evaluate = False


class CountSteps(TrainerCallback):  # type: ignore[misc]
    """Tells how many steps are done, those before a training was resumed among them."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown

    def on_step_end(self, _args: Any, state: Any, _control: Any, **_kwargs: Any) -> None:
        """Called by the trainer."""
        self._shown.reach(state.global_step)


class TrainingClock(TrainerCallback):  # type: ignore[misc]
    """Measures the steps of a training alone: evaluations and checkpoints lie between epochs.

    Attributes:
        seconds: How long the epochs took since this process began.
        first_step: The steps that were done before.
    """

    def __init__(self) -> None:
        self.seconds, self.first_step = 0.0, 0
        self._began = 0.0

    def on_train_begin(self, _args: Any, state: Any, _control: Any, **_kwargs: Any) -> None:
        """Called by the trainer."""
        self.first_step = state.global_step

    def on_epoch_begin(self, _args: Any, _state: Any, _control: Any, **_kwargs: Any) -> None:
        """Called by the trainer."""
        _wait_for_device()
        self._began = time.perf_counter()

    def on_epoch_end(self, _args: Any, _state: Any, _control: Any, **_kwargs: Any) -> None:
        """Called by the trainer, before it evaluates and saves."""
        _wait_for_device()
        self.seconds += time.perf_counter() - self._began


def _wait_for_device() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


class StopAfter(TrainerCallback):  # type: ignore[misc]
    """Stops a training after some minutes, all processes at the same step."""

    EVERY = 20
    """Steps between looks at the clock with several processes, which must agree."""

    def __init__(self, minutes: float) -> None:
        self._until = time.monotonic() + 60 * minutes

    def on_step_end(self, args: Any, state: Any, control: Any, **_kwargs: Any) -> None:
        """Called by the trainer."""
        over = time.monotonic() > self._until
        if args.world_size > 1:
            if state.global_step % self.EVERY:
                return
            flag = torch.tensor(float(over), device=args.device)
            torch.distributed.all_reduce(flag, torch.distributed.ReduceOp.MAX)
            over = bool(flag.item())
        if over:
            control.should_training_stop = True
