"""What a machine could do at best, and what a training has to do at least, both in FLOP."""

import time
from statistics import median
from typing import Any, Literal

from benchmarks import reference_loop
from tod_baselines.pptod.examples import Examples


def matmul_peak(size: int, dtype: Literal["bfloat16", "float32"]) -> float:
    """FLOP a second of a product of two square matrices, the median of ten."""
    import torch

    place = "cuda" if torch.cuda.is_available() else "cpu"
    one, other = (torch.randn(size, size, device=place, dtype=getattr(torch, dtype)) for _ in range(2))
    seconds = []
    for _ in range(12):
        began = time.perf_counter()
        (one @ other)[0, 0].item()
        seconds.append(time.perf_counter() - began)
    return float(2 * size**3 / median(seconds[2:]))


def work_of(model: Any, examples: Examples) -> float:
    """FLOP of learning every example once, none of it for padding: measured on a few batches without any."""
    from torch.utils.flop_counter import FlopCounterMode

    order = examples.lengths.argsort()
    picked = order[:: max(1, len(order) // 16)].tolist()
    counter = FlopCounterMode(display=False)
    with counter:
        for number in picked:
            batch = reference_loop.padded(examples, [number], model.config.pad_token_id)
            model(**batch).loss.backward()
    model.zero_grad()
    return float(counter.get_total_flops()) * len(examples) / len(picked)
