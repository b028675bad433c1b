"""Dimensions of Llamas from scratch: a size by name, and entries of the config that differ from it."""

from collections.abc import Mapping
from typing import Any

from tod_bench.errors import UserError, did_you_mean


def dimensions(
    system: str, size: str, sizes: Mapping[str, Mapping[str, int]], dims: Mapping[str, Any]
) -> dict[str, Any]:
    """The entries of `LlamaConfig` that a model from scratch sets.

    Args:
        system: The system, for messages.
        size: The name of a size.
        sizes: The sizes that there are.
        dims: Entries that differ.

    Raises:
        UserError: There is no such size, or Llama has no such entry.
    """
    if size not in sizes:
        raise UserError(f"{system}: there is no size {size!r}{did_you_mean(size, sizes)}")
    known = _llama_entries() if dims else {}
    for name in dims:
        if name not in known:
            raise UserError(f"{system}: dims.{name}: Llama has no such dimension{did_you_mean(name, known)}")
    return {"tie_word_embeddings": True, **sizes[size], **dims}


def _llama_entries() -> dict[str, Any]:
    from transformers import LlamaConfig

    entries: dict[str, Any] = LlamaConfig().to_dict()
    return entries
