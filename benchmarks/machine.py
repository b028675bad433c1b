"""The machine that a benchmark ran on: its size, never its name."""

import os
import platform
from pathlib import Path
from typing import Any

FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve")
"""Instruction sets that decide how fast matrices are multiplied."""


def machine() -> dict[str, Any]:
    """Cores that may be used, memory, processor, its instruction sets, and the versions of what computes."""
    import ctranslate2
    import numpy as np
    import torch
    import transformers

    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(pages * size / 2**30, 1),
        **_processor(),
        "torch_threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "ctranslate2": ctranslate2.__version__,
    }


def in_short(found: dict[str, Any]) -> str:
    """A machine in a few words."""
    sets = ", ".join(found["instruction_sets"])
    gpu = f"{found['gpu']}, " if found["gpu"] else ""
    return f"{gpu}{found['cores']} cores{f' ({sets})' if sets else ''}, {found['memory_gib']:.0f} GiB"


def _processor() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    return {
        "processor": fields.get("model name", platform.machine()),
        "instruction_sets": [name for name in FEATURES if name in flags],
    }
