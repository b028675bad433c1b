"""Sweeps: variants of a config run as experiments of one store, and the ablation table over them."""

from tod_bench.sweeps.ablation import Ablation, Effect, ablation
from tod_bench.sweeps.backends import BACKENDS, Resources, run_all, run_trials
from tod_bench.sweeps.checking import open_config
from tod_bench.sweeps.parts import parts
from tod_bench.sweeps.trials import Trial, expand
from tod_bench.sweeps.writing import to_markdown, write_ablation

__all__ = [
    "BACKENDS",
    "Ablation",
    "Effect",
    "Resources",
    "Trial",
    "ablation",
    "expand",
    "open_config",
    "parts",
    "run_all",
    "run_trials",
    "to_markdown",
    "write_ablation",
]
