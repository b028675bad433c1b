"""Models and tokenizers of `decoder`: pretrained or from scratch, in full or with LoRA, saved and loaded again.

With LoRA a finished training holds the adapter alone (`tod_baselines.training.adapters`).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_baselines.decoder.sequence import PLAIN_MARKS
from tod_baselines.decoder.settings import Settings
from tod_baselines.decoder.sources import locate, open_model, open_tokenizer
from tod_baselines.training.adapters import Adapter, check_base, is_adapter, weights_digest
from tod_baselines.training.checking import training_problems
from tod_baselines.training.folder import save
from tod_baselines.training.llama import dimensions
from tod_baselines.training.tokenizers import train_tokenizer
from tod_bench.errors import MissingExtraError, UserError
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SIZES: dict[str, dict[str, int]] = {
    "llama-tiny": {"hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 4, "num_attention_heads": 4},
    "llama-mini": {"hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 6, "num_attention_heads": 8},
    "llama-small": {"hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 8, "num_attention_heads": 8},
}
"""Dimensions of models from scratch, by name."""


def ready_tokenizer(
    settings: Settings, dialogues: Sequence[Dialogue], context: FitContext
) -> "PreTrainedTokenizerBase":
    """The pretrained model's tokenizer, or one trained on the dialogues, which is kept for other processes to load."""
    marks = PLAIN_MARKS if settings.marks == "plain" else ()
    if settings.init == "pretrained":
        return open_tokenizer(settings.model, marks)
    place = context.folder / "tokenizer"
    if not place.exists():
        save(place, train_tokenizer(_texts(dialogues), settings.vocab_size))
    return open_tokenizer(str(place), marks)


def problems(settings: Settings) -> Iterator[str]:
    """A sentence for each setting of model or training that cannot work, as far as that is seen without loading."""
    try:
        if settings.init == "scratch":
            _dimensions(settings)
        else:
            locate(settings.model, ask_hub=False)
    except (MissingExtraError, UserError) as error:
        yield str(error)
    yield from training_problems(settings, "decoder")


def new_model(settings: Settings, tokenizer: "PreTrainedTokenizerBase") -> "PreTrainedModel":
    """The model to train, in fp32, with an embedding for every token; random weights come from torch's generator."""
    if settings.init == "scratch":
        return scratch_model(settings, tokenizer)
    model = open_model(settings.model)
    if settings.lora is None:
        return _with_every_token(model, tokenizer)
    digest, known = weights_digest(model), model.get_input_embeddings().num_embeddings
    return _with_adapter(_with_every_token(model, tokenizer), settings, digest, range(known, len(tokenizer)))


def scratch_model(settings: Settings, tokenizer: "PreTrainedTokenizerBase") -> "PreTrainedModel":
    """A Llama with random weights and tied embeddings.

    Raises:
        UserError: The size is not known, or `dims` has an entry that Llama does not.
    """
    from huggingface_hub.errors import StrictDataclassError
    from transformers import LlamaConfig, LlamaForCausalLM

    tokens = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    try:
        config = LlamaConfig(vocab_size=len(tokenizer), **tokens, **_dimensions(settings))
        return LlamaForCausalLM._from_config(config)
    except (StrictDataclassError, ValueError) as error:
        raise UserError(f"decoder: dims: {' '.join(str(error).split())}") from None


def _dimensions(settings: Settings) -> dict[str, Any]:
    """The entries of `LlamaConfig` that a model from scratch sets."""
    return dimensions("decoder", settings.model, SIZES, settings.dims)


def save_model(folder: Path, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
    """Saves a model, or its adapter alone, and the tokenizer into a folder that appears only when it is complete."""
    base = getattr(model, "tod_bench_base", None)
    save(folder, Adapter(model, *base) if base else model, tokenizer)


def load_model(folder: Path, settings: Settings) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """What `save_model` saved; an adapter is merged into its base.

    Raises:
        UserError: The folder holds no model, or the adapter belongs to another base than the settings' model.
    """
    tokenizer = open_tokenizer(str(folder), ())
    if not is_adapter(folder):
        return open_model(str(folder)), tokenizer
    from peft import PeftModel

    base = open_model(settings.model)
    check_base(folder, base, settings.model, "decoder")
    model = PeftModel.from_pretrained(_with_every_token(base, tokenizer), folder)
    return model.merge_and_unload(), tokenizer


def _with_adapter(model: "PreTrainedModel", settings: Settings, digest: str, added: Sequence[int]) -> "PreTrainedModel":
    """The model with a LoRA adapter; embeddings of added tokens are trained with it, since the base has none."""
    from peft import LoraConfig, get_peft_model

    lora = settings.adapters or {}
    config = LoraConfig(
        r=lora["r"],
        lora_alpha=lora["alpha"],
        lora_dropout=lora["dropout"],
        target_modules=lora["targets"],
        trainable_token_indices=list(added) or None,
        task_type="CAUSAL_LM",
    )
    try:
        adapted = get_peft_model(model, config)
    except ValueError as error:
        raise UserError(f"decoder: lora: {' '.join(str(error).split())}") from None
    adapted.tod_bench_base = (settings.model, digest)
    return adapted


def _with_every_token(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> "PreTrainedModel":
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer))
    return model


def _texts(dialogues: Sequence[Dialogue]) -> list[str]:
    """Each utterance once, and the names and values of states and acts once."""
    texts: dict[str, None] = {}
    for dialogue in dialogues:
        for turn in dialogue.turns:
            texts.update(dict.fromkeys((turn.user, turn.system)))
            for domain, slots in turn.state.items():
                texts.update(dict.fromkeys((domain, *slots, *(value for values in slots.values() for value in values))))
            for act in turn.acts:
                texts.update(dict.fromkeys((act.domain, act.act, act.slot, act.value)))
    return list(texts)
