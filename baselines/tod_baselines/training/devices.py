"""Where a model computes: device, processes, precision; and silence while it loads."""

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


def computes_in_bf16(precision: str) -> bool:
    """Whether to compute in bf16: as asked, or, with ``auto``, where the device has units for it."""
    import torch

    if precision != "auto":
        return precision == "bf16"
    if device() == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Elsewhere bf16 is emulated, and slower than fp32.
    probes = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(probe() for probe in probes if probe)


def silence_logging() -> None:
    """Silences transformers' loading bars and its warnings about tied weights, which say nothing about a training."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
