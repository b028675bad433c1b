"""Models that see, from the hub or a folder: what of them is trained, in full or with LoRA.

The tower always stays as it is. In full, the language model and the projector are trained; with LoRA, adapters of the
language model's layers, and the projector, which is small and is saved with them.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_baselines.training.devices import silence_logging
from tod_bench.errors import UserError
from tod_bench.hub import source_options

if TYPE_CHECKING:
    from transformers import PreTrainedModel, ProcessorMixin

PROJECTORS = ("multi_modal_projector", "connector", "merger")
"""Names of the module between tower and language model: LLaVA's and Gemma's, Idefics' and SmolVLM's, Qwen's."""

UNREADABLE = (OSError, ValueError, LookupError, ImportError)
"""What reading a folder that is broken or no model raises."""


def check_name(model: str) -> None:
    """Refuses what can be neither a folder nor a name of the hub, without asking the hub.

    Raises:
        UserError: It can be neither.
    """
    if not Path(model).is_dir() and not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model):
        raise UserError(f"pictor: there is no folder {model}, and it is no name of the hub")


def open_network(model: str) -> "PreTrainedModel":
    """The model in fp32, from safetensors only.

    Raises:
        UserError: There is no such model, or it does not see and write.
    """
    import torch
    from transformers import AutoModelForImageTextToText

    # Tells transformers of the tower of models from scratch.
    import tod_baselines.pictor.vision  # noqa: F401

    silence_logging()
    options = source_options(model)
    try:
        return AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32, use_safetensors=True, **options)
    except UNREADABLE as error:
        raise UserError(
            f"pictor: no model that sees and writes could be loaded from {model} ({_reason(error)})"
        ) from None


def open_processor(model: str) -> "ProcessorMixin":
    """The model's processor.

    Raises:
        UserError: There is none that takes pictures and text.
    """
    from transformers import AutoProcessor

    silence_logging()
    options = source_options(model)
    try:
        processor = AutoProcessor.from_pretrained(model, **options)
    except UNREADABLE as error:
        raise UserError(f"pictor: no processor could be loaded from {model} ({_reason(error)})") from None
    for part in ("image_processor", "tokenizer", "image_token"):
        if not hasattr(processor, part):
            raise UserError(
                f"pictor: the processor of {model} takes no pictures (it has no {part}); take another model"
            )
    return processor


def train_in_full(network: "PreTrainedModel") -> None:
    """Freezes everything but the language model, its output layer and the projector."""
    network.requires_grad_(False)
    network.get_decoder().requires_grad_(True)
    network.get_output_embeddings().requires_grad_(True)
    for name, module in network.named_modules():
        if name.rpartition(".")[2] in PROJECTORS:
            module.requires_grad_(True)


def freeze_projector(network: Any) -> None:
    """Freezes what no example uses where no picture is seen: several processes would wait for its gradients."""
    for name, parameter in network.named_parameters():
        if any(part in PROJECTORS for part in name.split(".")):
            parameter.requires_grad_(False)


def with_adapter(network: "PreTrainedModel", lora: Mapping[str, Any]) -> "PreTrainedModel":
    """The model with LoRA adapters on the linear layers of its language model, and a projector that is trained.

    Args:
        network: The model.
        lora: ``r``, ``alpha`` and ``dropout``.

    Raises:
        UserError: peft refuses them.
    """
    from peft import LoraConfig, get_peft_model
    from torch import nn

    decoder = network.get_decoder()
    place = next(name for name, module in network.named_modules() if module is decoder)
    layers = {name.rpartition(".")[2] for name, module in decoder.named_modules() if isinstance(module, nn.Linear)}
    parts = {name.rpartition(".")[2] for name, _ in network.named_modules()} & set(PROJECTORS)
    config = LoraConfig(
        r=lora["r"],
        lora_alpha=lora["alpha"],
        lora_dropout=lora["dropout"],
        # Names alone would also mean layers of the tower.
        target_modules=rf"{re.escape(place)}\..*\.({'|'.join(sorted(map(re.escape, layers)))})",
        modules_to_save=sorted(parts) or None,
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(network, config)
    except ValueError as error:
        raise UserError(f"pictor: lora: {' '.join(str(error).split())}") from None


def merged(network: "PreTrainedModel", folder: Path) -> "PreTrainedModel":
    """A model into which the adapter of a folder is merged."""
    from peft import PeftModel

    return PeftModel.from_pretrained(network, folder).merge_and_unload()


def _reason(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
