"""The plain loop learns and writes what ours does; rows say what was measured; every benchmark runs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from benchmarks import reference_loop
from benchmarks.__main__ import BENCHES
from benchmarks.__main__ import main as run_all
from benchmarks.bench_decoding import differences, jga, spread
from benchmarks.bench_growth import exponent
from benchmarks.bench_training import Epochs, sampled, share
from benchmarks.data import Work, matmul_peak, new_model, recipe_of, work_of, works
from benchmarks.gpu import main as run_gpu
from benchmarks.report import Row, interleaved, markdown, rates
from tod_baselines.pptod.batches import BatchSampler, Collator
from tod_baselines.pptod.examples import Examples, training_examples
from tod_baselines.pptod.generation import decode
from tod_baselines.pptod.trainer import token_loss
from tod_bench.linearize import linearize_state
from tod_bench.records import first_values


@pytest.fixture(scope="module")
def work() -> Work:
    return next(works(smoke=True))


@pytest.fixture(scope="module")
def made(work: Work) -> tuple[Any, Any, Examples]:
    recipe = recipe_of("t5-mini", smoke=True)
    model, tokenizer = new_model(recipe, work)
    examples = Examples(training_examples(work.sample(6), ("dst",), recipe), tokenizer, recipe)
    return model.eval(), tokenizer, examples


def test_a_batch_has_the_loss_of_the_plain_loop(made: tuple[Any, Any, Examples]) -> None:
    model, tokenizer, examples = made
    numbers = list(range(reference_loop.BATCH))
    plain = model(**reference_loop.padded(examples, numbers, 0)).loss
    batch = Collator.of(model, tokenizer)([examples[number] for number in numbers])
    labels = batch.pop("labels")
    ours = token_loss(model(**batch), labels, int((labels != -100).sum()))
    assert ours.item() == pytest.approx(plain.item(), abs=1e-5)


def test_an_epoch_of_token_batches_has_the_loss_of_session_batches(made: tuple[Any, Any, Examples]) -> None:
    """Summed over all examples, whatever the batches; in nats a target token."""
    model, tokenizer, examples = made
    tokens = int(examples.target_lengths.sum())
    plain = ours = 0.0
    with torch.no_grad():
        for numbers in reference_loop.session_batches(len(examples)):
            batch = reference_loop.padded(examples, numbers, 0)
            plain += model(**batch).loss.item() * int(examples.target_lengths[numbers].sum())
        for numbers in BatchSampler(examples.lengths, seed=1, batch_tokens=300):
            batch = Collator.of(model, tokenizer)([examples[number] for number in numbers])
            labels = batch.pop("labels")
            ours += token_loss(model(**batch), labels, 1).item()
    assert ours / tokens == pytest.approx(plain / tokens, abs=1e-5)


def test_the_plain_loop_learns(made: tuple[Any, Any, Examples], work: Work) -> None:
    _, _, examples = made
    model, _ = new_model(recipe_of("t5-mini", smoke=True), work)
    losses = [loss for _ in range(5) for loss in reference_loop.train(model, examples, learning_rate=5e-3)]
    assert losses[-1] < losses[0] - 1


@pytest.mark.parametrize("batch", [1, 16])
def test_plain_decoding_writes_what_ours_does(batch: int, made: tuple[Any, Any, Examples]) -> None:
    model, tokenizer, examples = made
    found = reference_loop.decode(model, tokenizer, examples, range(len(examples)), batch, 6)
    assert found == decode(model, tokenizer, examples, batch_tokens=400, max_new_tokens=6)


def test_the_plain_way_decodes_short_turns_and_long_ones() -> None:
    lengths = np.array([8, 1, 6, 3, 4, 5, 2, 7])
    assert spread(lengths) == [3, 7]  # of lengths 3 and 7


def test_differences_and_jga_are_counted(work: Work) -> None:
    dialogues = work.sample(3)
    gold = [linearize_state(first_values(turn.state)) for dialogue in dialogues for turn in dialogue.turns]
    spoiled = [*gold[:-2], "[hotel] (area) nowhere", gold[-1] + " (name) x"]
    assert differences(gold, spoiled) == 2
    assert differences(gold, gold) == 0
    assert jga(dialogues, gold) == 100
    assert jga(dialogues, spoiled) == pytest.approx(100 * (len(gold) - 2) / len(gold))


def test_ratios_are_taken_repeat_by_repeat() -> None:
    faster = Row("x", "turns/s", (20.0, 30.0, 80.0), (10.0, 10.0, 20.0), "loop", 3.0)
    assert faster.ratios == [2.0, 3.0, 4.0]
    assert faster.met
    slower = Row("x", "s", (2.0, 4.0), (3.0, 3.0), "loop", 2.0)
    assert slower.ratios == [1.5, 0.75]
    assert not slower.met
    assert Row("x", "GiB", (1.0, 1.4, 9.0), target=1.5).met
    assert Row("x", "GiB", (1.0,)).met is None
    assert faster.to_json()["spread"] == [2.0, 4.0]
    lines = markdown([faster, slower], "two cores").splitlines()
    assert lines[2] == "| x | 30 turns/s | 10 turns/s (loop) | 3.0 | 2.0–4.0 | ≥ 3 | two cores |"
    assert lines[3].endswith("| 1.1 | 0.8–1.5 | ≥ 2 (missed) | two cores |")


def test_sides_take_turns() -> None:
    order: list[str] = []
    seconds = interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b"] * 3
    assert {name: len(found) for name, found in seconds.items()} == {"a": 3, "b": 3}
    assert rates(6, (2.0, 3.0)) == (3.0, 2.0)


def test_growth_is_an_exponent() -> None:
    assert exponent({10: 1.0, 100: 10.0, 1000: 100.0}) == pytest.approx(1)
    assert exponent({10: 1.0, 100: 100.0}) == pytest.approx(2)


def test_work_is_counted_in_flop(made: tuple[Any, Any, Examples]) -> None:
    """Six for each weight and token that passes it; on top of that attention, which is much in so narrow a model."""
    model, _, examples = made
    model.set_attn_implementation("eager")
    sources, targets = examples.lengths.sum(), examples.target_lengths.sum()
    sizes = {name: weights.numel() for name, weights in model.named_parameters() if weights.dim() == 2}
    encoder = sum(size for name, size in sizes.items() if name.startswith("encoder") and "bias" not in name)
    decoder = sum(size for name, size in sizes.items() if name.startswith("decoder") and "bias" not in name)
    head = model.lm_head.weight.numel()
    assert 1 < work_of(model, examples) / (6 * (encoder * sources + (decoder / 2 + head) * targets)) < 4


def test_the_limit_is_a_matrix_products() -> None:
    assert 1e8 < matmul_peak(256, "float32") < 1e14


def test_a_sample_of_an_epoch_has_short_batches_and_long_ones() -> None:
    lengths = np.array([1, 9, 5, 3, 7, 2])
    batches = [[number] for number in range(6)]
    assert sampled(batches, lengths, 1) == [[2]]  # of 1 2 3 5 7 9
    assert sampled(batches, lengths, 3) == [[5], [2], [1]]
    assert sorted(sampled(batches, lengths, 6)) == batches
    assert sampled([[0, 1], [2, 4]], lengths, 2) == [[2, 4], [0, 1]]


def test_training_is_timed_on_a_sample_of_its_epoch(work: Work) -> None:
    recipe = recipe_of("t5-mini", smoke=True, batch_tokens=200)
    whole, some = (
        Epochs(*new_model(recipe, work), work.sample(6), work.schema, recipe, batches) for batches in (None, 2)
    )
    some.run()
    some.run()
    assert len(some.seconds) == 2
    assert 0 < some.turns < whole.turns
    assert whole.turns == sum(len(dialogue.turns) for dialogue in work.sample(6))


def test_a_sample_counts_by_its_source_tokens() -> None:
    assert share([[0], [2, 3]], np.array([1, 9, 5, 3, 7, 2])) == pytest.approx(9 / 27)


@pytest.mark.slow
def test_every_benchmark_runs(tmp_path: Path) -> None:
    names = [name for name in BENCHES if name != "processes"]
    done = CliRunner().invoke(run_all, [*names, "--smoke", "--out", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0
    report = json.loads((tmp_path / "cpu.json").read_text())
    assert report["rows"].keys() == set(names)
    assert report["machine"]["cores"] >= 1
    assert (tmp_path / "cpu.md").read_text().count("\n") == 2 + sum(map(len, report["rows"].values()))
    assert (tmp_path / "growth.svg").stat().st_size > 1000


@pytest.mark.slow
def test_the_gpu_benchmark_runs_without_a_gpu(tmp_path: Path) -> None:
    done = CliRunner().invoke(run_gpu, ["--smoke", "--out", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0
    rows = json.loads((tmp_path / "gpu.json").read_text())["rows"]["gpu"]
    assert sum(row["unit"] == "source tokens/s" for row in rows) == 5
