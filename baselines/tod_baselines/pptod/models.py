"""Models: a pretrained seq2seq model of any family, or a T5 with random weights; where it comes from and computes."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_baselines.pptod.recipe import Recipe
from tod_bench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from accelerate import PartialState
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

HUB_TIMEOUT = 10.0
"""Seconds to wait for the hub's first answer."""

REMEDY = "give a folder with the model with params.model=FOLDER"

SIZES: dict[str, dict[str, int]] = {
    "t5-tiny": {"d_model": 128, "d_ff": 512, "d_kv": 32, "num_heads": 4, "num_layers": 2, "num_decoder_layers": 2},
    "t5-mini": {"d_model": 256, "d_ff": 1024, "d_kv": 64, "num_heads": 4, "num_layers": 4, "num_decoder_layers": 4},
    "t5-small": {"d_model": 512, "d_ff": 2048, "d_kv": 64, "num_heads": 8, "num_layers": 6, "num_decoder_layers": 6},
    "t5-base": {"d_model": 768, "d_ff": 3072, "d_kv": 64, "num_heads": 12, "num_layers": 12, "num_decoder_layers": 12},
}
"""Dimensions by name; small and base are those of Raffel et al. (2020)."""


def scratch_model(recipe: Recipe, tokenizer: "PreTrainedTokenizerBase") -> "PreTrainedModel":
    """A T5 with random weights, drawn from torch's global generator.

    Raises:
        UserError: The size is not known, or `dims` has an entry that T5 does not.
    """
    from huggingface_hub.errors import StrictDataclassError
    from transformers import T5Config, T5ForConditionalGeneration

    if recipe.model not in SIZES:
        raise UserError(f"pptod: there is no T5 size {recipe.model!r}{did_you_mean(recipe.model, SIZES)}")
    known = T5Config().to_dict()
    for name in recipe.dims:
        if name not in known:
            raise UserError(f"pptod: dims.{name}: T5 has no such dimension{did_you_mean(name, known)}")
    dims: dict[str, Any] = {**SIZES[recipe.model], **recipe.dims}
    if recipe.dropout is not None:
        dims["dropout_rate"] = recipe.dropout
    try:
        config = T5Config(vocab_size=len(tokenizer), pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, **dims)
    except StrictDataclassError as error:
        raise UserError(f"pptod: dims: {' '.join(str(error).split())}") from None
    return T5ForConditionalGeneration._from_config(config)


def pretrained_model(
    place: str | Path, tokenizer: "PreTrainedTokenizerBase", dropout: float | None = None
) -> "PreTrainedModel":
    """A seq2seq model from a folder or the hub, with an embedding for every token; weights come from safetensors only.

    Raises:
        UserError: There is no such model, it is no seq2seq model, or it has no safetensors.
    """
    import torch
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    silence_logging()
    options = source_options(place)
    try:
        config = AutoConfig.from_pretrained(place, **options)
        for name in ("dropout_rate", "dropout"):
            if dropout is not None and hasattr(config, name):
                setattr(config, name, dropout)
        model = AutoModelForSeq2SeqLM.from_pretrained(
            place, config=config, use_safetensors=True, dtype=torch.float32, **options
        )
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise UserError(f"pptod: no seq2seq model with safetensors could be loaded from {place} ({reason})") from None
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer))
    return model


def source_options(place: str | Path) -> dict[str, Any]:
    """What to tell `from_pretrained` so that it does not wait for a hub that cannot be reached.

    Returns:
        Nothing for a folder, or where the hub answers; ``local_files_only`` where it does not and the model was
        downloaded before.

    Raises:
        UserError: The hub cannot be reached and the model is not on this machine, or the hub has no such model.
    """
    from huggingface_hub import HfApi, constants, try_to_load_from_cache
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    if Path(place).exists():
        return {}
    name = str(place)
    try:
        downloaded = isinstance(try_to_load_from_cache(name, "config.json"), str)
        if not constants.HF_HUB_OFFLINE:
            HfApi().model_info(name, timeout=HUB_TIMEOUT)
            return {}
        reason = "HF_HUB_OFFLINE is set"
    except HFValidationError:
        raise UserError(f"pptod: there is no folder {name}, and it is no name of the hub; {REMEDY}") from None
    except GatedRepoError:
        raise UserError(
            f"pptod: {name} is gated; accept its terms on the hub and log in with `hf auth login`"
        ) from None
    except RepositoryNotFoundError:
        if downloaded:
            return {"local_files_only": True}
        raise UserError(f"pptod: the hub has no model {name} (or not for you); {REMEDY}") from None
    except Exception as error:  # noqa: BLE001 - whatever the network library of the day calls a failed connection
        reason = str(error).partition("\n")[0] or type(error).__name__
    if downloaded:
        return {"local_files_only": True}
    raise UserError(
        f"pptod: the hub cannot be reached ({reason}) and {name} is not on this machine; {REMEDY}, or download it once "
        f"where there is a network: `hf download {name}`"
    )


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
