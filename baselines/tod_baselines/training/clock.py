"""A clock that a training is stopped by, and that survives a kill.

Importing this imports torch and transformers.
"""

import time
from typing import Any

import torch
from transformers import TrainerCallback


class Clock(TrainerCallback):  # type: ignore[misc]
    """Stops a training after some minutes, those before it was killed and resumed among them.

    The time is noted in the trainer's log, which is a part of every checkpoint. Checkpoints are asked for every
    `save_minutes`, all processes at the same step.

    Args:
        minutes: Minutes after which to stop; None not to stop.
        save_minutes: Minutes between checkpoints within an epoch.

    Attributes:
        computing: Seconds that the steps of this process took, evaluations and checkpoints left out.
    """

    EVERY = 20
    """Steps between looks at the clock with several processes, which must agree."""

    def __init__(self, minutes: float | None, save_minutes: float) -> None:
        self._limit, self._save_seconds = minutes and 60 * minutes, 60 * save_minutes
        self._before, self._started, self._saved = 0.0, time.monotonic(), time.monotonic()
        self.computing, self._computes_since = 0.0, 0.0

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        return self._before + time.monotonic() - self._started

    @property
    def share(self) -> float:
        """The share of the time that is over, 0 to 1; 0 without a limit."""
        return min(1.0, self.seconds / self._limit) if self._limit else 0.0

    def on_train_begin(self, _args: Any, state: Any, _control: Any, **_kwargs: Any) -> None:
        """Called by the trainer, after it has read the checkpoint that it goes on from."""
        noted = [entry["seconds"] for entry in state.log_history if "seconds" in entry]
        self._before = max(noted, default=0.0)
        self._started = self._saved = time.monotonic()

    def on_epoch_begin(self, *_args: Any, **_kwargs: Any) -> None:
        """Called by the trainer."""
        self._computes_since = time.monotonic()

    def on_save(self, *_args: Any, **_kwargs: Any) -> None:
        """Called by the trainer, after a checkpoint was written."""
        self._computes_since = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_kwargs: Any) -> None:
        """Called by the trainer."""
        over = self._limit is not None and self.seconds > self._limit
        save = time.monotonic() - self._saved > self._save_seconds
        if args.world_size > 1:
            if state.global_step % self.EVERY:
                return
            flags = torch.tensor([float(over), float(save)], device=args.device)
            torch.distributed.all_reduce(flags, torch.distributed.ReduceOp.MAX)
            over, save = map(bool, flags.tolist())
        if over:
            control.should_training_stop = True
        if save:
            control.should_save = True
        if control.should_save:
            self._pause()
            self._note(state)

    def on_epoch_end(self, _args: Any, state: Any, control: Any, **_kwargs: Any) -> None:
        """Called by the trainer, after its own callback has asked for a checkpoint."""
        self._pause()
        if control.should_save:
            self._note(state)

    def _pause(self) -> None:
        """Adds the time since the last epoch or checkpoint began; `on_save` or `on_epoch_begin` goes on."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.monotonic()
        self.computing += now - self._computes_since
        self._computes_since = now

    def _note(self, state: Any) -> None:
        self._saved = time.monotonic()
        state.log_history.append({"seconds": self.seconds, "step": state.global_step})
