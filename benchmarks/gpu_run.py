"""What a GPU does with our trainings, in one run of ten minutes at most; `benchmarks/gpu_run.sh` is the command.

    python -m benchmarks.gpu_run                     every stage, into results/gpu
    python -m benchmarks.gpu_run --stages peak,t5-base --seconds 240
    python -m benchmarks.gpu_run --tiny --out /tmp/g  tiny models and corpora on whatever is here: measures nothing

    peak        TFLOP/s of large matrix products in bf16 and fp32
    t5-small    source tokens/s of the plain loop and of our ways to train, FLOP utilisation against the bf16 peak
    t5-base     the same; the aim is 40% for the default way with SDPA
    decoder     SmolLM2 fine-tuned on MultiWOZ and SGD train, JGA on both tests
    pictor      SmolLM2's decoder behind a tower trained on portraits, fine-tuned on the embedded corpus

It needs torch, transformers, accelerate, click and PyYAML beside the checkout, and nothing from the network. T5 has
random weights: speed is the same. SmolLM2 is read from a folder (`--smollm2`, made by `python -m
benchmarks.smollm2`); without it, or without the corpora in TOD_BENCH_DATA, the stage is left out, and that is said.
What a stage measured is written before the next begins, and no stage begins without the time for it.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks import reference_loop
from benchmarks.command import help_text
from benchmarks.data import Work, matmul_peak, new_model, recipe_of, work_of, works
from benchmarks.gpu import AIM, WAYS, epochs_of, timed
from benchmarks.gpu_pictor import measure_pictor
from benchmarks.report import machine, number
from tod_baselines.pptod.examples import Examples, training_examples
from tod_bench.errors import UserError
from tod_bench.files import write_json, write_text

STAGES = ("peak", "t5-small", "t5-base", "decoder", "pictor")
LEAST_SECONDS = {"peak": 10, "t5-small": 60, "t5-base": 90, "decoder": 150, "pictor": 200}
"""Stage -> seconds that must be left for it to begin."""

DIALOGUES = 400
"""Dialogues whose turns T5 is trained on, to measure speed."""


@dataclass(slots=True)
class Run:
    """A run: its limits, and what it found so far.

    Attributes:
        out: The folder to write.
        tiny: Whether everything is tiny, so that the numbers mean nothing.
        deadline: When to be done, by `time.monotonic`.
        smollm2: Folder of the pretrained model; None where there is none.
        rows: What was measured: stage, what, value, unit.
        notes: What was left out, and why.
    """

    out: Path
    tiny: bool
    deadline: float
    smollm2: Path | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    peaks: dict[str, float] = field(default_factory=dict)

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.deadline - time.monotonic()

    def add(self, stage: str, what: str, value: float, unit: str, **more: Any) -> None:
        """Notes a measurement and writes everything: a kill loses nothing that was measured."""
        self.rows.append({"stage": stage, "what": what, "value": value, "unit": unit, **more})
        print(f"{stage}: {what}: {number(value)} {unit}", file=sys.stderr, flush=True)
        self.write()

    def skip(self, stage: str, why: str) -> None:
        """Notes what was left out."""
        self.notes.append(f"{stage}: {why}")
        print(f"{stage} left out: {why}", file=sys.stderr, flush=True)
        self.write()

    def write(self) -> None:
        """Writes gpu.json and README.md."""
        self.out.mkdir(parents=True, exist_ok=True)
        content = {"machine": {**machine(), **card()}, "tiny": self.tiny, "rows": self.rows, "left_out": self.notes}
        write_json(self.out / "gpu.json", content)
        write_text(self.out / "README.md", page(content))


@click.command(help=help_text(__doc__))
@click.option("--stages", default=",".join(STAGES), help="Which, with commas between them.")
@click.option("--seconds", default=540.0, help="Time for everything.")
@click.option("--smollm2", type=click.Path(path_type=Path, exists=True), default=None, help="Folder of the model.")
@click.option("--tiny", is_flag=True, help="A rehearsal: tiny models and corpora.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/gpu"), help="Folder to write.")
def main(stages: str, seconds: float, smollm2: Path | None, tiny: bool, out: Path) -> None:
    """Runs the stages, one after the other."""
    run = Run(out, tiny, time.monotonic() + seconds, smollm2)
    for stage in stages.split(","):
        if stage not in STAGES:
            sys.exit(f"Error: there is no stage {stage!r}; there are {', '.join(STAGES)}")
        if not tiny and run.left < LEAST_SECONDS[stage]:
            run.skip(stage, f"{run.left:.0f} s were left, and it takes {LEAST_SECONDS[stage]} at least")
            continue
        try:
            MEASURES[stage](run, stage)
        except UserError as error:
            run.skip(stage, str(error))
        except RuntimeError as error:  # out of memory, a kernel that this card lacks: the other stages still count
            run.skip(stage, f"it failed: {str(error).splitlines()[0]}")
    print(out / "README.md")


def measure_peak(run: Run, stage: str) -> None:
    """What large matrices are multiplied with."""
    run.add(stage, "bf16 matrix product", peak_of(run, "bfloat16") / 1e12, "TFLOP/s")
    run.add(stage, "fp32 matrix product", peak_of(run, "float32") / 1e12, "TFLOP/s")


def measure_t5(run: Run, stage: str) -> None:
    """Speed of each way to train a T5, against the plain loop and against the peak."""
    *_, work = works(run.tiny)
    recipe = recipe_of("t5-tiny" if run.tiny else stage, run.tiny)
    dialogues = work.sample(2 if run.tiny else DIALOGUES)
    tokens, flops = plain_loop(run, stage, work, recipe)
    limit = peak_of(run, "bfloat16")
    for label, way in WAYS.items():
        if run.tiny and way.compiled:
            continue  # minutes of compiling on a CPU, for nothing
        if not run.tiny and run.left < LEAST_SECONDS[stage] / 2:
            run.skip(f"{stage}, {label}", f"{run.left:.0f} s were left")
            continue
        epochs = epochs_of(way, work, recipe, dialogues, run.tiny)
        seconds, memory = timed(epochs.run, run.tiny)
        taken = median(epochs.seconds[-len(seconds) :])
        used = {} if "packing" in way.settings else {"mfu_percent": 100 * flops / limit / taken}
        run.add(stage, label, tokens / taken, "source tokens/s", gib=memory, corpus=work.corpus, **used)


def plain_loop(run: Run, stage: str, work: Work, recipe: Any) -> tuple[int, float]:
    """Measures the plain loop; source tokens without padding and the FLOP of an epoch."""
    import torch

    dialogues = work.sample(2 if run.tiny else DIALOGUES)
    model, tokenizer = new_model(recipe, work)
    examples = Examples(training_examples(dialogues, ("dst",), recipe), tokenizer, recipe)
    model.set_attn_implementation("eager")
    tokens, flops = int(examples.lengths.sum()), work_of(model, examples)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    seconds, memory = timed(lambda: reference_loop.train(model, examples), run.tiny)
    run.add(stage, "plain loop (fp32, 16 turns)", tokens / median(seconds), "source tokens/s", gib=memory)
    return tokens, flops


def measure_decoder(run: Run, stage: str) -> None:
    """Fine-tunes a decoder-only model on several corpora and scores it on the test of each.

    Raises:
        UserError: There is no model or no corpus, or this checkout has no `decoder`.
    """
    import tempfile

    try:
        from tod_baselines.decoder.system import Decoder
    except ImportError as error:
        raise UserError(f"this checkout has no decoder ({error})") from None
    from tod_bench.systems import FitContext

    settings = decoder_settings(run)
    corpora = list(decoder_corpora(run))
    trained = [dialogue for corpus in corpora for dialogue in corpus.train]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        context = FitContext("dst", corpora[0].schema, 1, Path(folder))
        system = Decoder(**settings)
        record = system.fit(trained, [], context)
        whole = time.perf_counter() - began
        kept = ("parameters", "precision", "dialogues", "tokens", "steps", "seconds", "throughput", "train_loss")
        known = {name: record[name] for name in kept if name in record}
        run.add(stage, "fine-tuning, everything", whole, "s", record=known, settings=settings)
        for corpus in corpora:
            system.load(FitContext("dst", corpus.schema, 1, Path(folder)))
            run_test(run, stage, system, corpus)


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """A corpus of the decoder's stage: its name, schema, training and test dialogues, and how many tests there are."""

    name: str
    schema: Any
    train: list[Any]
    test: list[Any]
    whole_test: int


def decoder_settings(run: Run) -> dict[str, Any]:
    """The decoder's settings.

    Raises:
        UserError: There is no pretrained model.
    """
    if run.tiny:
        tiny = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
        return {
            **{"init": "scratch", "model": "llama-tiny", "dims": tiny, "vocab_size": 400, "select_by": "last"},
            **{"epochs": 1, "max_steps": 3, "batch_tokens": 512, "max_tokens": 512, "max_new_tokens": 8},
        }
    if run.smollm2 is None:
        raise UserError(
            "no folder of SmolLM2; make one (python -m benchmarks.smollm2 FOLDER) and give --smollm2 FOLDER"
        )
    # A third of what is left is for decoding the tests.
    return {
        **{"model": str(run.smollm2.resolve()), "select_by": "last", "epochs": 1, "batch_tokens": 16_384},
        **{"max_minutes": max(0.5, 0.45 * run.left / 60), "decode_rows": 256},
    }


def decoder_corpora(run: Run) -> Iterator[TrainedOn]:
    """The corpora, each with some of its training and test dialogues, at even distances.

    Raises:
        UserError: A corpus is not here.
    """
    from tod_bench.corpora.base import open_corpus

    wanted: dict[str, tuple[dict[str, Any], int, int]] = {
        "multiwoz": ({"version": "2.2"}, 2000, 300),
        "sgd": ({}, 4000, 300),
    }
    if run.tiny:
        wanted = {"simulated": ({"dialogues": {"train": 12, "test": 3}}, 12, 3)}
    for name, (options, train, test) in wanted.items():
        corpus = open_corpus(name, **options)
        learned, tested = list(corpus.dialogues("train")), list(corpus.dialogues("test"))
        yield TrainedOn(name, corpus.schema, spaced(learned, train), spaced(tested, test), len(tested))


def run_test(run: Run, stage: str, system: Any, corpus: TrainedOn) -> None:
    """JGA of a system with its own states fed back, and how fast it decodes; what is left undone counts for nothing."""
    from tod_baselines.training.data import items_of
    from tod_metrics import metric

    began = time.perf_counter()
    items = items_of("dst", corpus.test, lambda shown: in_order(shown, list(system.predict("dst", shown))))
    seconds = time.perf_counter() - began
    jga = metric("jga")
    score = float(jga.aggregate(jga.statistics(items).sum(axis=0)))
    some = f"{len(corpus.test)} of {corpus.whole_test} test dialogues"
    run.add(stage, f"JGA, {corpus.name} ({some})", score, "%", turns=len(items))
    run.add(stage, f"decoding, {corpus.name}", len(items) / seconds, "turns/s")


def in_order(shown: Any, predictions: list[Any]) -> list[Any]:
    """Predictions in the order of the turns; a turn without one is an error."""
    known = {(prediction.dialogue_id, prediction.turn): prediction for prediction in predictions}
    return [known[turn.dialogue_id, turn.turn] for turn in shown]


def spaced(items: list[Any], count: int) -> list[Any]:
    """Some at even distances, in order; all where there are no more."""
    if len(items) <= count:
        return items
    return [items[position * len(items) // count] for position in range(count)]


def peak_of(run: Run, dtype: Any) -> float:
    """FLOP a second of a large matrix product, measured once a run."""
    if dtype not in run.peaks:
        run.peaks[dtype] = matmul_peak(256 if run.tiny else 8192, dtype)
    return run.peaks[dtype]


def card() -> dict[str, Any]:
    """The GPU's name, memory and driver; nothing on a machine without one."""
    import subprocess

    import torch

    if not torch.cuda.is_available():
        return {}
    free, total = torch.cuda.mem_get_info()
    del free
    asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        driver = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20).stdout.split()[0]
    except (OSError, subprocess.SubprocessError, IndexError):
        driver = "unknown"
    return {"gpu_gib": round(total / 2**30), "driver": driver, "cuda": torch.version.cuda}


def page(content: dict[str, Any]) -> str:
    """The page of the results."""
    computer = content["machine"]
    where = computer["gpu"] or "a CPU: a rehearsal, no result on a GPU"
    more = f", driver {computer['driver']}, CUDA {computer['cuda']}" if computer["gpu"] else ""
    lines = ["# Trainings on a GPU", "", f"`benchmarks/gpu_run.sh` on {where}{more}, torch {computer['torch']}, "]
    lines[-1] += f"transformers {computer['transformers']}."
    if content["tiny"]:
        lines += ["", "**A rehearsal with tiny models and corpora: the numbers mean nothing.**"]
    lines += ["", "| stage | what | value | FLOP utilisation | GiB |", "|---|---|---:|---:|---:|"]
    for row in content["rows"]:
        used = f"{row['mfu_percent']:.1f}%" if "mfu_percent" in row else ""
        gib = f"{row['gib']:.1f}" if row.get("gib") else ""
        lines.append(f"| {row['stage']} | {row['what']} | {number(row['value'])} {row['unit']} | {used} | {gib} |")
    lines += ["", f"FLOP utilisation is against the bf16 matrix product; the aim for T5-base is {AIM:.0f}%."]
    if content["left_out"]:
        lines += ["", "Left out:", "", *(f"- {note}" for note in content["left_out"])]
    return "\n".join(lines) + "\n"


MEASURES: dict[str, Callable[[Run, str], None]] = {
    "peak": measure_peak,
    "t5-small": measure_t5,
    "t5-base": measure_t5,
    "decoder": measure_decoder,
    "pictor": measure_pictor,
}


if __name__ == "__main__":
    main()
