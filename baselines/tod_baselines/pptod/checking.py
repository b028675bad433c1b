"""What of a recipe cannot work, found out before anything is trained: names, arguments and folders that are not there.

The common optimizers, schedules and sizes are checked without importing transformers, which takes seconds.
"""

import re
from ast import literal_eval
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tod_baselines.pptod.models import SIZES
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.released.examples import word_pairs
from tod_bench.errors import UserError, did_you_mean

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

DIMS = frozenset(
    {
        *("d_model", "d_kv", "d_ff", "num_layers", "num_decoder_layers", "num_heads", "feed_forward_proj"),
        *("dropout_rate", "layer_norm_epsilon", "relative_attention_num_buckets", "relative_attention_max_distance"),
        *("initializer_factor", "tie_word_embeddings"),
    }
)
"""The usual entries of `dims`."""


def problems(recipe: Recipe) -> Iterator[str]:
    """A sentence for each setting that would stop a training."""
    yield from _model_problems(recipe)
    if recipe.word_pairs:
        try:
            word_pairs(recipe)
        except UserError as error:
            yield str(error).removeprefix("pptod: ")
    yield from _optimizer_problems(recipe)
    yield from _scheduler_problems(recipe)


def _model_problems(recipe: Recipe) -> Iterator[str]:
    name, folder = recipe.model, Path(recipe.model)
    if recipe.init == "scratch":
        if name not in SIZES:
            yield f"model: there is no T5 size {name!r}{did_you_mean(name, SIZES)}; choose from {', '.join(SIZES)}"
        yield from _dims_problems(recipe)
    elif folder.is_dir():
        if not (folder / "config.json").is_file():
            inner = next((place for place in sorted(folder.iterdir()) if (place / "config.json").is_file()), None)
            hint = f"; did you mean {inner}?" if inner else ""
            yield f"model: the folder {name} has no config.json, so it holds no model of transformers{hint}"
        elif not any(folder.glob("*.safetensors")):
            old = "; docs/t5.md says how to convert those of a .bin file" if any(folder.glob("*.bin")) else ""
            yield f"model: the folder {name} has no weights in safetensors{old}"
    elif folder.is_file():
        yield f"model: {name} is a file; give the folder that holds config.json and the weights"
    elif name.startswith((".", "/", "~")) or not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        yield f"model: there is no folder {name}, and it is no name of the hub"
    elif name in ("t5-tiny", "t5-mini"):
        yield f"model: {name} is a size of ours without pretrained weights; take it with init: scratch"


def _dims_problems(recipe: Recipe) -> Iterator[str]:
    unusual = [name for name in recipe.dims if name not in DIMS]
    if unusual and _has_transformers():
        from transformers import T5Config

        known = T5Config().to_dict()
        for name in unusual:
            if name not in known:
                yield f"dims.{name}: T5 has no such dimension{did_you_mean(name, known)}"


def _optimizer_problems(recipe: Recipe) -> Iterator[str]:
    arguments: dict[str, str] = {}
    for pair in filter(None, recipe.optim_args.replace(" ", "").split(",")):
        name, sign, value = pair.partition("=")
        if not sign or not name.isidentifier() or not value:
            yield f"optim_args: {pair!r} should be name=value (several with commas between them)"
            return
        arguments[name] = value
    if recipe.optim not in OPTIM_ARGS:
        yield from _rare_optimizer_problems(recipe)
        return
    known = OPTIM_ARGS[recipe.optim]
    for name, value in arguments.items():
        if name not in known:
            takes = f"takes {', '.join(sorted(known))}" if known else "takes none"
            yield f"optim_args.{name}: {recipe.optim} {takes}{did_you_mean(name, known)}"
        elif not isinstance(
            _literal(value if recipe.optim == "adafactor" else value.title()), bool | int | float | None
        ):
            yield f"optim_args.{name}: {value!r} is no number, True, False or None"
    if recipe.optim == "adafactor" and {"relative_step", "warmup_init"} & {
        name for name, value in arguments.items() if _literal(value) is True
    }:
        yield "optim_args: relative_step and warmup_init have Adafactor choose the rate, and learning_rate sets it here"


def _rare_optimizer_problems(recipe: Recipe) -> Iterator[str]:
    """Makes the optimizer for one weight, as a training would: a package or an argument can be missing."""
    if not _has_transformers():
        return
    from transformers.training_args import OptimizerNames

    known = [str(one.value) for one in OptimizerNames]
    if recipe.optim not in known:
        yield f"optim: transformers has no optimizer {recipe.optim!r}{did_you_mean(recipe.optim, known)}"
        return
    try:
        _optimizer(recipe.optim, recipe.optim_args)
    except Exception as error:  # noqa: BLE001 - each of the packages behind them has errors of its own
        yield f"optim: {recipe.optim} cannot be used: {_first_line(error)}"


def _scheduler_problems(recipe: Recipe) -> Iterator[str]:
    if recipe.scheduler in SCHEDULERS or not _has_transformers():
        return
    from transformers import get_scheduler
    from transformers.trainer_utils import SchedulerType

    known = [str(one.value) for one in SchedulerType]
    if recipe.scheduler not in known:
        yield f"scheduler: transformers has no schedule {recipe.scheduler!r}{did_you_mean(recipe.scheduler, known)}"
        return
    if recipe.scheduler in ("reduce_lr_on_plateau", "greedy") and recipe.select_by == "last":
        yield f"scheduler: {recipe.scheduler} follows the scores on dev, and select_by: last computes none"
        return
    try:
        get_scheduler(recipe.scheduler, _optimizer("adamw_torch", ""), num_warmup_steps=1, num_training_steps=2)
    except (TypeError, ValueError) as error:
        yield f"scheduler: {recipe.scheduler} needs settings that pptod does not have: {_first_line(error)}"


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


def _has_transformers() -> bool:
    from importlib.util import find_spec

    return find_spec("transformers") is not None and find_spec("torch") is not None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).partition("\n")[0]
