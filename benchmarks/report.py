"""What a benchmark reports: rows of a table, each with everything that was measured for it, and the machine's size.

ours        1.9  2.0  2.1  s       one value a repeat
reference   6.1  6.2  6.0  s       of the same repeat, so that a busy moment strikes both
ratio       3.2  3.1  2.9          median and spread are taken of these
"""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from tod_bench.files import write_json, write_text
from tod_bench.provenance import installed_version

FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve")
"""Instruction sets that decide how fast matrices are multiplied."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement, perhaps against a reference.

    Attributes:
        name: What was measured, and on what.
        unit: Of the values; rates end in ``/s``, of everything else less is better.
        ours: The value of each repeat.
        reference: The reference's value in each repeat; empty where there is none.
        against: What the reference is.
        target: The ratio to reach; without a reference, the value not to pass; None where there is no target.
    """

    name: str
    unit: str
    ours: tuple[float, ...]
    reference: tuple[float, ...] = ()
    against: str = ""
    target: float | None = None

    @property
    def ratios(self) -> list[float]:
        """How many times better than the reference, repeat by repeat."""
        pairs = zip(self.ours, self.reference, strict=True) if self.reference else ()
        return [ours / other if self.unit.endswith("/s") else other / ours for ours, other in pairs]

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the target; None without one."""
        if self.target is None:
            return None
        return median(self.ratios) >= self.target if self.reference else median(self.ours) <= self.target

    def to_json(self) -> dict[str, Any]:
        """The row as JSON values, the ratio's median and spread among them."""
        ratios = self.ratios
        return {
            **{name: getattr(self, name) for name in ("name", "unit", "ours", "reference", "against", "target", "met")},
            "ratio": round(median(ratios), 3) if ratios else None,
            "spread": [round(min(ratios), 3), round(max(ratios), 3)] if ratios else None,
        }


def interleaved(sides: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Wall seconds of each side in each repeat, the sides taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, work in sides.items():
            began = perf_counter()
            work()
            seconds[name].append(perf_counter() - began)
    return seconds


def rates(amount: float, seconds: Sequence[float]) -> tuple[float, ...]:
    """Amounts a second."""
    return tuple(amount / second for second in seconds)


def write_report(path: Path, rows: Mapping[str, Sequence[Row]], *, seconds: Mapping[str, float], smoke: bool) -> str:
    """Writes the table (``.md``) and every value behind it (``.json``).

    Args:
        path: Both files without their endings.
        rows: Benchmark -> its rows.
        seconds: Benchmark -> how long it took.
        smoke: Whether inputs were tiny, so that the numbers mean nothing.

    Returns:
        The table.
    """
    measured_on = machine()
    table = markdown([row for measured in rows.values() for row in measured], in_short(measured_on))
    write_text(path.with_suffix(".md"), table)
    details = {name: [row.to_json() for row in measured] for name, measured in rows.items()}
    write_json(path.with_suffix(".json"), {"machine": measured_on, "seconds": seconds, "smoke": smoke, "rows": details})
    return table


def markdown(rows: Sequence[Row], machine: str) -> str:
    """The table, a line a row."""
    lines = ["| what | ours | reference | ratio | spread | target | machine |", "|---|---:|---:|---:|---:|---:|---|"]
    for row in rows:
        ratios = row.ratios
        cells = [
            row.name,
            f"{number(median(row.ours))} {row.unit}",
            f"{number(median(row.reference))} {row.unit} ({row.against})" if row.reference else "",
            f"{median(ratios):.1f}" if ratios else "",
            f"{min(ratios):.1f}–{max(ratios):.1f}" if ratios else "",
            _target(row),
            machine,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    sign = "≥" if row.reference else "≤"
    return f"{sign} {number(row.target)}{'' if row.met else ' (missed)'}"


def machine() -> dict[str, Any]:
    """Cores that may be used, memory, processor, its instruction sets, and the versions of what computes."""
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
        "ctranslate2": installed_version("ctranslate2"),
    }


def in_short(machine: dict[str, Any]) -> str:
    """A machine in a few words."""
    sets = ", ".join(machine["instruction_sets"])
    gpu = f"{machine['gpu']}, " if machine["gpu"] else ""
    return f"{gpu}{machine['cores']} cores{f' ({sets})' if sets else ''}, {machine['memory_gib']:.0f} GiB"


def _processor() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    return {
        "processor": fields.get("model name", platform.machine()),
        "instruction_sets": [name for name in FEATURES if name in flags],
    }
