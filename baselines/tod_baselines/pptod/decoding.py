"""Decoding many examples: batches of like length, the text of each back in its place.

    lengths 9 3 8 2   ->   sorted 9 8 3 2   ->   batches [9 8] [3 2]   ->   texts in the order 9 3 8 2

The longest come first, so that memory runs out at once or not at all. A converted model makes batches of its own of the
sorted rows, one for each of its workers at a time.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tod_baselines.pptod.collator import Collator
from tod_baselines.pptod.examples import Examples
from tod_baselines.pptod.fast.converted import Converted
from tod_baselines.pptod.fast.token_store import Ids
from tod_baselines.pptod.processes import device
from tod_baselines.pptod.recipe import Recipe
from tod_bench.progress import track

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MAX_BATCH = 256
"""Examples a batch, however short."""

CPU_TOKENS, GPU_TOKENS = 4096, 16384
"""Source tokens a batch where a recipe names none: on a CPU larger ones outgrow the caches."""


def decode(
    model: "PreTrainedModel | Converted",
    tokenizer: "PreTrainedTokenizerBase",
    examples: Examples,
    *,
    batch_tokens: int,
    max_new_tokens: int,
    num_beams: int = 1,
    bf16: bool = False,
) -> list[str]:
    """The model's output for every example, in their order.

    Args:
        model: The model, on its device, or converted for CTranslate2.
        tokenizer: Its tokenizer.
        examples: What it reads.
        batch_tokens: Source tokens a batch, padding included.
        max_new_tokens: Longest output.
        num_beams: Beams; 1 is greedy.
        bf16: Whether to compute in bf16; a converted model has its own precision.
    """
    batches = list(length_batches(examples.lengths, batch_tokens))
    order = list(chain(*batches))
    limits = {"max_new_tokens": max_new_tokens, "num_beams": num_beams}
    if isinstance(model, Converted):
        outputs = model.write([examples[number]["input_ids"] for number in order], batch_tokens, **limits)
    else:
        rows = ([examples[number]["input_ids"] for number in numbers] for numbers in batches)
        outputs = chain.from_iterable(generate(model, tokenizer, some, **limits, bf16=bf16).tolist() for some in rows)
    texts = [""] * len(order)
    for number, output in zip(track(order, "decoding", len(order), unit="turns"), outputs, strict=True):
        texts[number] = tokenizer.decode(output, skip_special_tokens=True)
    return texts


def generate(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    rows: Sequence[Ids],
    *,
    max_new_tokens: int,
    num_beams: int,
    bf16: bool,
) -> Any:
    """The output of a batch by transformers, as a matrix of token ids; it stops when every row has ended."""
    import torch

    batch = Collator.of(model, tokenizer)([{"input_ids": row} for row in rows])
    batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
    model.eval()
    with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
        return written(model, batch, max_new_tokens, num_beams)


def written(model: "PreTrainedModel", batch: dict[str, Any], max_new_tokens: int, num_beams: int) -> Any:
    """What transformers' `generate` makes of a batch, without sampling."""
    from transformers import DynamicCache, EncoderDecoderCache

    # A cache of our own: transformers would size it by the encoder's layers, which may be fewer.
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    return model.generate(
        **batch, max_new_tokens=max_new_tokens, num_beams=num_beams, do_sample=False, past_key_values=cache
    )


def decode_tokens(recipe: Recipe) -> int:
    """Source tokens of a decoding batch."""
    return recipe.decode_tokens or (CPU_TOKENS if device() == "cpu" else GPU_TOKENS)


def length_batches(lengths: NDArray[np.int64], batch_tokens: int) -> Iterator[list[int]]:
    """Numbers of examples, the longest first, in batches that stay within a budget of padded source tokens."""
    order = np.argsort(-lengths, kind="stable").tolist()
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        size = min(MAX_BATCH, max(1, batch_tokens // longest))
        yield order[start : start + size]
        start += size


def spaced(span: str) -> str:
    """A decoded span with a blank before each mark; tokenizers that keep marks whole glue them to what precedes."""
    return re.sub(r"\s*([\[(])", r" \1", span).strip()
