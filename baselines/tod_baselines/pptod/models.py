"""Models: a pretrained seq2seq model of any family, or a T5 with random weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_baselines.pptod.recipe import Recipe
from tod_baselines.training.devices import silence_logging
from tod_bench.errors import UserError, did_you_mean
from tod_bench.hub import source_options

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

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
    place: str | Path, tokenizer: "PreTrainedTokenizerBase", dropout: float | None = None, *, whole: bool = False
) -> "PreTrainedModel":
    """A seq2seq model from a folder or the hub, with an embedding for every token; weights come from safetensors only.

    Args:
        place: The folder or name.
        tokenizer: Its tokenizer, with the marks added.
        dropout: Dropout rate; None for the model's.
        whole: Whether the model must have an embedding for every token already.

    Raises:
        UserError: There is no such model, it is no seq2seq model, it has no safetensors, or it is not whole.
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
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        if whole:
            raise UserError(f"pptod: the model of {place} has {rows} embeddings for {len(tokenizer)} tokens")
        model.resize_token_embeddings(len(tokenizer))
    return model
