"""Model FLOP against those that torch counts, and what a training's record says of its speed."""

from typing import Any

import pytest
import torch

from tod_baselines.pptod.system import PPTOD
from tod_baselines.training import throughput
from tod_baselines.training.throughput import Throughput, decoder_flops, matmul_peak, seq2seq_flops, shape_of
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext

IDS = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}


def counted(model: Any, **batch: Any) -> int:
    """FLOP of a step as torch counts the products of matrices that it makes."""
    from torch.utils.flop_counter import FlopCounterMode

    model.set_attn_implementation("eager")
    counter = FlopCounterMode(display=False)
    with counter:
        model(**batch).loss.backward()
    return int(counter.get_total_flops())


def t5(**changes: Any) -> Any:
    from transformers import T5Config, T5ForConditionalGeneration

    sizes = {"vocab_size": 90, "d_model": 32, "d_kv": 12, "d_ff": 48, "num_layers": 3, "num_decoder_layers": 2}
    return T5ForConditionalGeneration(T5Config(**{**sizes, "num_heads": 4, **IDS, **changes}))


def bart() -> Any:
    from transformers import BartConfig, BartForConditionalGeneration

    sizes = {"vocab_size": 90, "d_model": 32, "encoder_layers": 3, "decoder_layers": 1}
    heads = {"encoder_attention_heads": 4, "decoder_attention_heads": 4}
    return BartForConditionalGeneration(BartConfig(**sizes, **heads, encoder_ffn_dim=48, decoder_ffn_dim=40))


@pytest.mark.parametrize("made", [t5, lambda: t5(feed_forward_proj="gated-gelu"), bart], ids=["t5", "gated", "bart"])
def test_a_seq2seq_step_takes_the_flop_that_torch_counts(made: Any) -> None:
    model = made()
    ids, labels = torch.randint(2, 90, (2, 17)), torch.randint(2, 90, (2, 5))
    assert seq2seq_flops(shape_of(model), [17, 17], [5, 5]) == counted(model, input_ids=ids, labels=labels)


def test_a_decoder_step_takes_the_flop_that_torch_counts() -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"vocab_size": 90, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    model = LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=4, num_key_value_heads=2))
    ids = torch.randint(2, 90, (2, 17))
    assert decoder_flops(shape_of(model), [17, 17]) == counted(model, input_ids=ids, labels=ids)


def test_numbers_follow_from_each_other() -> None:
    found = Throughput(10, tokens=300, flops=6e12, seconds=2.0, dtype="float32", peak=4e12, steps=5)
    assert (found.tokens_per_second, found.flops_per_second, found.mfu) == (150, 3e12, 0.75)
    record = found.to_json()
    assert record["tflop_per_second"] == 3
    assert record["mfu"] == 0.75
    unknown = Throughput(10, tokens=0, flops=0, seconds=0.0, dtype="float32")
    assert (unknown.tokens_per_second, unknown.mfu, unknown.to_json()["mfu"]) == (0, None, None)


def test_the_peak_is_measured_once_and_leaves_random_numbers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(throughput.PROBE_SIZES, "cpu", 64)
    monkeypatch.setattr(throughput, "PROBE_SECONDS", 0.01)
    matmul_peak.cache_clear()
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    peak = matmul_peak("float32", "cpu")
    assert torch.equal(torch.rand(1), expected)
    assert 1e6 < peak < 1e15
    assert matmul_peak("float32", "cpu") == peak
    assert matmul_peak.cache_info().misses == 1
    matmul_peak.cache_clear()


@pytest.mark.parametrize("packing", ["turn", "dialogue"])
def test_a_training_records_its_throughput(
    packing: Any, tiny: dict[str, Any], toy_train: list[Dialogue], toy_dev: list[Dialogue], context: FitContext
) -> None:
    settings = {**tiny, "packing": packing, "probe": False, "epochs": 3, "batch_size": 4, "accumulation": 2}
    record: Any = PPTOD(**settings).fit(toy_train, toy_dev, context)
    found = record["throughput"]
    assert found["steps"] == record["steps"]
    if packing == "turn":
        assert found["tokens"] == 3 * (record["source_tokens"] + record["target_tokens"])
    assert found["tokens_per_second"] == pytest.approx(found["tokens"] / found["seconds"], rel=0.02)
    assert found["tflop_per_second"] > 0
    assert (found["mfu"], found["peak_tflop_per_second"]) == (None, None)


def test_steps_that_stop_within_an_epoch_are_counted_as_they_were(
    tiny: dict[str, Any], toy_train: list[Dialogue], context: FitContext
) -> None:
    settings = {**tiny, "probe": False, "epochs": 3, "batch_size": 5, "select_by": "last", "max_steps": 7}
    record: Any = PPTOD(**settings).fit(toy_train, [], context)
    per_epoch = record["source_tokens"] + record["target_tokens"]
    assert record["throughput"]["steps"] == 7  # an epoch has five steps
    assert per_epoch < record["throughput"]["tokens"] < 2 * per_epoch
