# ruff: noqa: D102 - what each setting is stands where the settings are
"""The settings that every training has: what is wrong with them, and what they are in transformers' terms."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from tod_baselines.training.devices import computes_in_bf16, device
from tod_bench.systems import FitContext

if TYPE_CHECKING:
    from transformers import Trainer


class TrainingSettings(Protocol):
    """The settings of a training, whatever is trained."""

    @property
    def accumulation(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def scheduler(self) -> str: ...
    @property
    def warmup(self) -> float: ...
    @property
    def epochs(self) -> int: ...
    @property
    def max_steps(self) -> int | None: ...
    @property
    def optim(self) -> str: ...
    @property
    def optim_args(self) -> str: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def max_grad_norm(self) -> float: ...
    @property
    def precision(self) -> str: ...
    @property
    def few_shot(self) -> float: ...
    @property
    def select_by(self) -> str: ...


def ranges(settings: object, positive: str) -> Iterator[str]:
    """A sentence for each setting below what it may be.

    Args:
        settings: The settings; those that every training has are checked, too.
        positive: Names of others that must be above 0, with blanks between them.
    """
    for name in positive.split():
        if getattr(settings, name) <= 0:
            yield f"{name} must be above 0"
    for name in ("max_steps", "max_minutes", "dev_dialogues"):
        if getattr(settings, name) is not None and getattr(settings, name) <= 0:
            yield f"{name} must be above 0 or left out"
    for name in ("epochs", "weight_decay", "max_grad_norm"):
        if getattr(settings, name) < 0:
            yield f"{name} must not be below 0"


def out_of_range(settings: TrainingSettings) -> Iterator[str]:
    """A sentence for each share and schedule of a training that cannot be."""
    if not 0 < settings.few_shot <= 1:
        yield "few_shot must be above 0 and at most 1"
    if not 0 <= settings.warmup <= 1:
        yield "warmup must be a share of the steps, 0 to 1"
    if settings.warmup and settings.scheduler == "constant":
        yield "the scheduler constant has no warmup; take constant_with_warmup"


def argument_values(
    settings: TrainingSettings, judged_by: str, batches: int, batch_size: int, context: FitContext
) -> dict[str, Any]:
    """The settings as the arguments of a Trainer of transformers.

    Args:
        settings: The settings.
        judged_by: What is computed on dev: ``score``, ``loss`` or (nothing) ``last``.
        batches: Batches of an epoch.
        batch_size: Examples a batch and device.
        context: Where the training goes, and its seed.
    """
    steps = settings.epochs * -(-batches // settings.accumulation)
    if settings.max_steps:
        steps = min(steps, settings.max_steps)
    selecting = judged_by != "last"
    return {
        "output_dir": str(context.folder / "checkpoints"),
        "per_device_train_batch_size": batch_size,
        "gradient_accumulation_steps": settings.accumulation,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.scheduler,
        "warmup_steps": round(settings.warmup * steps),
        "max_steps": steps,
        "optim": settings.optim,
        "optim_args": settings.optim_args or None,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "use_cpu": device() == "cpu",
        "bf16": computes_in_bf16(settings.precision),
        "seed": context.seed,
        "save_strategy": "epoch",
        "save_total_limit": 2 if selecting else 1,
        "eval_strategy": "epoch" if selecting else "no",
        "load_best_model_at_end": selecting,
        "metric_for_best_model": f"eval_{judged_by}" if selecting else None,
        "greater_is_better": judged_by == "score" if selecting else None,
        "logging_strategy": "epoch",
        "log_level": "error",
        "log_level_replica": "error",
        "logging_nan_inf_filter": False,  # it would wait for the device at every step
        "average_tokens_across_devices": True,
        "ddp_find_unused_parameters": False,
        "disable_tqdm": True,  # progress is ours
        "remove_unused_columns": False,
        "report_to": [],
    }


def history(trainer: "Trainer") -> dict[str, Any]:
    """The loss of each epoch (nats a learned token), the scores on dev, and the step that was kept by them."""
    state = trainer.state
    dev = [
        {name.removeprefix("eval_"): value for name, value in entry.items()}
        for entry in state.log_history
        if any(name.startswith("eval_") for name in entry)
    ]
    losses = [round(entry["loss"], 6) for entry in state.log_history if "loss" in entry]
    return {"losses": losses, "selected_step": state.best_global_step or state.global_step, "dev_scores": dev}
