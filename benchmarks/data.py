"""What training and decoding are measured on: some dialogues of a corpus, a model of random weights, its tokenizer.

And what they are measured against: the FLOP that a machine could do at best, and that a training has to do at least.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from benchmarks import reference_loop
from tod_baselines.pptod.examples import Examples
from tod_baselines.pptod.recipe import Recipe
from tod_bench.corpora.base import open_corpus
from tod_bench.records import Dialogue, Schema
from tod_bench.splits import evenly_spaced
from tod_bench.systems import FitContext

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

T = TypeVar("T")

T5_ROWS = 32_128
"""Rows of the embedding of T5's checkpoints."""

TINY = {"d_model": 32, "d_ff": 64, "d_kv": 8, "num_layers": 1, "num_decoder_layers": 1}
"""Dimensions for smoke runs."""


@dataclass(frozen=True, slots=True)
class Work:
    """Some dialogues of a corpus.

    Attributes:
        corpus: The corpus's name.
        dialogues: All that were read; tokenizers are trained on them.
        schema: The corpus's schema.
    """

    corpus: str
    dialogues: list[Dialogue]
    schema: Schema

    def sample(self, count: int) -> list[Dialogue]:
        """Dialogues at even distances, in corpus order."""
        return evenly_spaced(self.dialogues, count)


def middles(ordered: Sequence[T], count: int) -> list[T]:
    """Some of a sequence: the middles of `count` equal shares of it."""
    return [ordered[(2 * number + 1) * len(ordered) // (2 * count)] for number in range(count)]


def works(smoke: bool) -> Iterator[Work]:
    """A thousand simulated dialogues, and as many of MultiWOZ 2.2 where TOD_BENCH_DATA is set."""
    count = 20 if smoke else 1000
    simulated = open_corpus("simulated", dialogues={"train": count})
    yield Work(simulated.name, list(simulated.dialogues("train")), simulated.schema)
    if smoke:
        return
    if not os.environ.get("TOD_BENCH_DATA"):
        print("TOD_BENCH_DATA is not set: MultiWOZ is left out", file=sys.stderr)
        return
    multiwoz = open_corpus("multiwoz", version="2.2")
    yield Work(multiwoz.name, list(multiwoz.dialogues("dev"))[:count], multiwoz.schema)


def new_model(recipe: Recipe, work: Work) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
    """A T5 of random weights for a corpus, and its tokenizer; T5-small and T5-base get as many rows as released."""
    import torch

    from tod_baselines.pptod.models import scratch_model
    from tod_baselines.pptod.training import ready_tokenizer
    from tod_baselines.training.devices import silence_logging

    silence_logging()
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = ready_tokenizer(recipe, work.dialogues, FitContext("dst", work.schema, 1, Path(folder)))
    torch.manual_seed(1)
    model = scratch_model(recipe, tokenizer)
    if recipe.model in ("t5-small", "t5-base") and not recipe.dims:
        model.resize_token_embeddings(T5_ROWS, mean_resizing=False)
    return model, tokenizer


def recipe_of(model: str, smoke: bool, **settings: Any) -> Recipe:
    """A recipe from scratch; in smoke runs of next to no size."""
    return Recipe(
        init="scratch", model=model, vocab_size=300 if smoke else 8000, dims=TINY if smoke else {}, **settings
    )


def matmul_peak(size: int, dtype: Literal["bfloat16", "float32"]) -> float:
    """FLOP a second of a product of two square matrices, the median of ten."""
    import torch

    place = "cuda" if torch.cuda.is_available() else "cpu"
    one, other = (torch.randn(size, size, device=place, dtype=getattr(torch, dtype)) for _ in range(2))
    seconds = []
    for _ in range(12):
        began = time.perf_counter()
        (one @ other)[0, 0].item()
        seconds.append(time.perf_counter() - began)
    return float(2 * size**3 / median(seconds[2:]))


def work_of(model: Any, examples: Examples) -> float:
    """FLOP of learning every example once, none of it for padding: measured on a few batches without any."""
    from torch.utils.flop_counter import FlopCounterMode

    order = examples.lengths.argsort()
    picked = order[:: max(1, len(order) // 16)].tolist()
    counter = FlopCounterMode(display=False)
    with counter:
        for number in picked:
            batch = reference_loop.padded(examples, [number], model.config.pad_token_id)
            model(**batch).loss.backward()
    model.zero_grad()
    return float(counter.get_total_flops()) * len(examples) / len(picked)
