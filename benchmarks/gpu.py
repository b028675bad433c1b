"""Training speed on a GPU, against the plain loop and against the GPU's own limit.

    python -m benchmarks.gpu                      T5-small and T5-base, into results/bench/gpu.md and gpu.json
    python -m benchmarks.gpu --models t5-base
    python -m benchmarks.gpu --smoke --out /tmp/b a tiny model on whatever is here, to see that it runs

The limit is what large bf16 matrices are multiplied with on the same GPU. Model FLOP utilisation is the work of the
tokens that are no padding, forward and backward, over that limit. Peak memory is what torch had allocated at most.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks import reference_loop
from benchmarks.bench_training import Epochs
from benchmarks.command import help_text
from benchmarks.data import Work, matmul_peak, new_model, recipe_of, work_of, works
from benchmarks.report import Row, rates, write_report
from tod_baselines.pptod.examples import Examples, training_examples
from tod_baselines.pptod.recipe import Recipe

REPEATS = 3
DIALOGUES = 400
AIM = 40.0
"""Percent of the limit that T5-base should reach."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to train.

    Attributes:
        attention: Attention of transformers to use; None keeps the model's own.
        compiled: Whether the model goes through `torch.compile`.
        settings: What the recipe has otherwise.
    """

    attention: str | None = None
    compiled: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


TOKENS = {"batching": "tokens", "batch_tokens": 32_768}
WAYS = {
    "batching: tokens, eager": Way("eager", settings=TOKENS),
    "batching: tokens, SDPA": Way("sdpa", settings=TOKENS),
    "batching: tokens, SDPA, torch.compile": Way("sdpa", compiled=True, settings=TOKENS),
    "packing: dialogue": Way(settings={**TOKENS, "packing": "dialogue"}),
}


@click.command(help=help_text(__doc__))
@click.option("--models", default="t5-small,t5-base", help="Sizes, with commas between them.")
@click.option("--smoke", is_flag=True, help="A tiny model and corpus: shows that everything runs.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/bench"), help="Folder to write into.")
def main(models: str, smoke: bool, out: Path) -> None:
    """Measures every way on the last corpus of `works`: MultiWOZ where it is at hand."""
    began = time.perf_counter()
    *_, work = works(smoke)
    limit = matmul_peak(256 if smoke else 8192, "bfloat16")
    rows = [Row("bf16 matrix product", "TFLOP/s", (limit / 1e12,))]
    for model in ["t5-tiny"] if smoke else models.split(","):
        rows += measure(work, recipe_of(model, smoke), limit, smoke)
    print(write_report(out / "gpu", {"gpu": rows}, seconds={"gpu": time.perf_counter() - began}, smoke=smoke))


def measure(work: Work, recipe: Recipe, limit: float, smoke: bool) -> list[Row]:
    """Rows of speed, utilisation and memory for each way; source tokens are counted without padding."""
    import torch

    dialogues = work.sample(2 if smoke else DIALOGUES)
    model, tokenizer = new_model(recipe, work)
    examples = Examples(training_examples(dialogues, ("dst",), recipe), tokenizer, recipe)
    model.set_attn_implementation("eager")
    tokens, flops = int(examples.lengths.sum()), work_of(model, examples)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    plain, memory = timed(lambda: reference_loop.train(model, examples), smoke)
    model.to("cpu")  # its memory is not the ways'
    speed = rates(tokens, plain)
    name = f"training, {recipe.model}, {work.corpus}"
    rows = [Row(f"{name}, plain loop", "source tokens/s", speed), Row(f"{name}, plain loop", "GiB", (memory,))]
    for label, way in WAYS.items():
        epochs = epochs_of(way, work, recipe, dialogues, smoke)
        _, memory = timed(epochs.run, smoke)
        taken = epochs.seconds[-len(plain) :]
        rows += [
            Row(f"{name}, {label}", "source tokens/s", rates(tokens, taken), speed, "plain loop", 5.0),
            Row(f"{name}, {label}", "GiB", (memory,)),
        ]
        if "packing" not in way.settings:  # which does less work for the same tokens
            used = tuple(100 * flops / limit / second for second in taken)
            rows.append(Row(f"{name}, {label}, FLOP utilisation (aim: {AIM:.0f})", "%", used))
        print(f"{name}, {label}: {median(taken):.1f} s an epoch", file=sys.stderr)
    return rows


def epochs_of(way: Way, work: Work, recipe: Recipe, dialogues: Sequence[Any], smoke: bool) -> Epochs:
    """Our trainer, ready to train in a certain way."""
    model, tokenizer = new_model(recipe, work)
    if way.attention:
        model.set_attn_implementation(way.attention)
    if way.compiled:
        model.compile(backend="eager" if smoke else "inductor", dynamic=True)
    return Epochs(model, tokenizer, list(dialogues), work.schema, replace(recipe, **way.settings))


def timed(work: Callable[[], object], smoke: bool) -> tuple[list[float], float]:
    """Seconds of each repeat after one to warm up, and peak GiB allocated on the GPU."""
    import torch

    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(1 if smoke else 1 + REPEATS):
        began = time.perf_counter()
        work()
        if gpu:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return seconds[-REPEATS:], torch.cuda.max_memory_allocated() / 2**30 if gpu else 0.0


if __name__ == "__main__":
    main()
