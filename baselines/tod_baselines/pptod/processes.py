"""The processes of a training: one, or those that `accelerate launch` started."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelerate import PartialState


def device() -> str:
    """Where to compute: the GPU, unless there is none or ``ACCELERATE_USE_CPU`` forbids it."""
    import torch

    if os.environ.get("ACCELERATE_USE_CPU", "").lower() in {"1", "true", "yes"}:
        return "cpu"
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def processes() -> "PartialState":
    """Which of how many processes this is; several talk over gloo on CPUs and NCCL on GPUs."""
    from accelerate import PartialState

    return PartialState(cpu=device() == "cpu")
