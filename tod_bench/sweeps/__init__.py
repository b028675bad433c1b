"""Running configs: what the verbs `run`, `plan`, `validate` and `sweep` do, and the variants of a config as trials."""

from tod_bench.backends import BACKENDS, Resources
from tod_bench.sweeps.ablation import Ablation, Effect, ablation
from tod_bench.sweeps.api import (
    open_config,
    plan,
    run,
    sweep,
    sweep_errors,
    validate,
)
from tod_bench.sweeps.results import PlanResult, RunResult, SweepResult
from tod_bench.sweeps.running import run_all, run_trials
from tod_bench.sweeps.trials import Trial, expand, parts
from tod_bench.sweeps.writing import to_markdown, write_ablation

__all__ = [
    "BACKENDS",
    "Ablation",
    "Effect",
    "PlanResult",
    "Resources",
    "RunResult",
    "SweepResult",
    "Trial",
    "ablation",
    "expand",
    "open_config",
    "parts",
    "plan",
    "run",
    "run_all",
    "run_trials",
    "sweep",
    "sweep_errors",
    "to_markdown",
    "validate",
    "write_ablation",
]
