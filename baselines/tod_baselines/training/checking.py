"""What of a training's settings cannot work, found out before anything is trained: optimizer, arguments, schedule.

The common optimizers and schedules are checked without importing transformers, which takes seconds.
"""

from ast import literal_eval
from collections.abc import Iterator, Mapping
from typing import Any

from tod_baselines.training.arguments import TrainingSettings
from tod_bench.errors import did_you_mean

SCHEDULERS = frozenset(
    {"linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt"}
)
"""Schedules of transformers that need no settings of their own."""

OPTIM_ARGS: Mapping[str, frozenset[str]] = {
    "adamw_torch": frozenset(),
    "adamw_torch_fused": frozenset(),
    "adafactor": frozenset(
        {"clip_threshold", "decay_rate", "beta1", "weight_decay", "scale_parameter", "relative_step", "warmup_init"}
    ),
    "sgd": frozenset({"momentum", "dampening", "weight_decay", "nesterov"}),
    "adagrad": frozenset({"lr_decay", "weight_decay", "eps"}),
    "rmsprop": frozenset({"momentum", "alpha", "eps", "weight_decay", "centered"}),
}
"""Common optimizers of transformers, and the arguments that they take in `optim_args`."""


def training_problems(settings: TrainingSettings, system: str) -> Iterator[str]:
    """A sentence for each setting of the optimizer and the schedule that would stop a training.

    Args:
        settings: The settings.
        system: The system that they are of, for sentences about what it has no settings for.
    """
    yield from _optimizer_problems(settings)
    yield from _scheduler_problems(settings, system)


def _optimizer_problems(settings: TrainingSettings) -> Iterator[str]:
    arguments: dict[str, str] = {}
    for pair in filter(None, settings.optim_args.replace(" ", "").split(",")):
        name, sign, value = pair.partition("=")
        if not sign or not name.isidentifier() or not value:
            yield f"optim_args: {pair!r} should be name=value (several with commas between them)"
            return
        arguments[name] = value
    if settings.optim not in OPTIM_ARGS:
        yield from _rare_optimizer_problems(settings)
        return
    known = OPTIM_ARGS[settings.optim]
    for name, value in arguments.items():
        if name not in known:
            takes = f"takes {', '.join(sorted(known))}" if known else "takes none"
            yield f"optim_args.{name}: {settings.optim} {takes}{did_you_mean(name, known)}"
        elif not isinstance(
            _literal(value if settings.optim == "adafactor" else value.title()), bool | int | float | None
        ):
            yield f"optim_args.{name}: {value!r} is no number, True, False or None"
    if settings.optim == "adafactor" and {"relative_step", "warmup_init"} & {
        name for name, value in arguments.items() if _literal(value) is True
    }:
        yield "optim_args: relative_step and warmup_init have Adafactor choose the rate, and learning_rate sets it here"


def _rare_optimizer_problems(settings: TrainingSettings) -> Iterator[str]:
    """Makes the optimizer for one weight, as a training would: a package or an argument can be missing."""
    if not has_transformers():
        return
    from transformers.training_args import OptimizerNames

    known = [str(one.value) for one in OptimizerNames]
    if settings.optim not in known:
        yield f"optim: transformers has no optimizer {settings.optim!r}{did_you_mean(settings.optim, known)}"
        return
    try:
        _optimizer(settings.optim, settings.optim_args)
    except Exception as error:  # noqa: BLE001 - each of the packages behind them has errors of its own
        yield f"optim: {settings.optim} cannot be used: {_first_line(error)}"


def _scheduler_problems(settings: TrainingSettings, system: str) -> Iterator[str]:
    if settings.scheduler in SCHEDULERS or not has_transformers():
        return
    from transformers import get_scheduler
    from transformers.trainer_utils import SchedulerType

    known = [str(one.value) for one in SchedulerType]
    if settings.scheduler not in known:
        yield f"scheduler: transformers has no schedule {settings.scheduler!r}{did_you_mean(settings.scheduler, known)}"
        return
    if settings.scheduler in ("reduce_lr_on_plateau", "greedy") and settings.select_by == "last":
        yield f"scheduler: {settings.scheduler} follows the scores on dev, and select_by: last computes none"
        return
    try:
        get_scheduler(settings.scheduler, _optimizer("adamw_torch", ""), num_warmup_steps=1, num_training_steps=2)
    except (TypeError, ValueError) as error:
        yield f"scheduler: {settings.scheduler} needs settings that {system} does not have: {_first_line(error)}"


def _optimizer(name: str, arguments: str) -> Any:
    """An optimizer of one weight, made as `transformers.Trainer` makes it."""
    from tempfile import gettempdir

    import torch
    from transformers import Trainer, TrainingArguments

    settings = TrainingArguments(
        output_dir=gettempdir(), optim=name, optim_args=arguments or None, use_cpu=True, report_to=[]
    )
    made, options = Trainer.get_optimizer_cls_and_kwargs(settings)
    return made([torch.nn.Parameter(torch.zeros(1))], **options)


def _literal(text: str) -> Any:
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def has_transformers() -> bool:
    """Whether torch and transformers are installed, without importing them."""
    from importlib.util import find_spec

    return find_spec("transformers") is not None and find_spec("torch") is not None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).partition("\n")[0]
