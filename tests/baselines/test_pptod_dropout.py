"""Cheap dropout: the distribution of torch's own, decided by torch's seed, and nothing else of the model changed."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForSeq2SeqLM, T5Config, T5ForConditionalGeneration

from tod_baselines.pptod.fast import dropout as cheap
from tod_baselines.pptod.system import PPTOD
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext

COUNT = 200_003  # no multiple of the four masks that a word of random bits holds


@pytest.fixture
def t5() -> Any:
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=40,
        d_model=16,
        d_kv=4,
        d_ff=32,
        num_heads=4,
        num_layers=2,
        dropout_rate=0.3,
        decoder_start_token_id=0,
    )
    model: Any = T5ForConditionalGeneration._from_config(config).train()
    cheap.use_cheap_dropout(model)
    return model


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    ids = torch.randint(1, 40, (3, 9))
    mask = torch.ones_like(ids)
    mask[1, 5:] = mask[2, 2:] = 0
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.randint(1, 40, (3, 4))}


@settings(deadline=None)
@given(st.floats(0.01, 0.95), st.integers(0, 2**31))
def test_the_share_dropped_is_the_rate_and_the_mean_is_kept(rate: float, seed: int) -> None:
    torch.manual_seed(seed)
    values = cheap.dropped(torch.ones(COUNT), rate)
    kept = values != 0
    deviation = (rate * (1 - rate) / COUNT) ** 0.5
    assert abs(1 - kept.double().mean().item() - rate) < 6 * deviation + 1 / cheap.LEVELS
    assert torch.allclose(values[kept], torch.tensor(1 / (1 - rate)), rtol=1e-3)
    neighbours = (kept[1:] & kept[:-1]).double().mean().item()  # independent of each other
    assert abs(neighbours - (1 - rate) ** 2) < 12 * deviation + 3 / cheap.LEVELS


def test_the_gradient_passes_where_a_value_was_kept() -> None:
    values = torch.randn(50, 7, requires_grad=True)
    after = cheap.dropped(values, 0.5)
    after.sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad, torch.where(after == 0, 0.0, 2.0))
    assert 0 < (after == 0).sum() < values.numel()


def test_torchs_seed_decides_the_masks() -> None:
    ones = torch.ones(1000)
    torch.manual_seed(5)
    first, second = cheap.dropped(ones, 0.4), cheap.dropped(ones, 0.4)
    assert not torch.equal(first, second)
    torch.manual_seed(5)
    assert torch.equal(cheap.dropped(ones, 0.4), first)


@pytest.mark.parametrize("rate", [0.0, 1e-9])
def test_next_to_nothing_is_nothing(rate: float) -> None:
    ones = torch.ones(10)
    assert cheap.dropped(ones, rate) is ones


def test_next_to_everything_leaves_finite_values() -> None:
    assert cheap.dropped(torch.ones(10), 0.9999999).isfinite().all()


def test_a_compiled_model_drops_too(t5: Any, batch: dict[str, torch.Tensor]) -> None:
    t5.compile(backend="eager")
    assert t5(**batch).loss.item() != t5(**batch).loss.item()


def test_a_t5_drops_in_training_alone(t5: Any, batch: dict[str, torch.Tensor]) -> None:
    assert t5(**batch).loss != t5(**batch).loss
    t5.eval()
    assert t5(**batch).loss == t5(**batch).loss


def test_its_attention_drops_too(t5: Any, batch: dict[str, torch.Tensor]) -> None:
    for module in t5.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    assert t5(**batch).loss != t5(**batch).loss


def test_where_nothing_is_dropped_it_computes_what_a_plain_t5_does(
    t5: Any, batch: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In training with everything kept, and in evaluation: the padding, the causal mask and the positions are right."""
    plain: Any = T5ForConditionalGeneration._from_config(T5Config(**t5.config.to_dict())).eval()
    plain.load_state_dict(t5.state_dict())
    expected = plain(**batch).logits
    evaluated = t5.eval()(**batch).logits
    monkeypatch.setattr(cheap, "dropped", lambda values, _rate: values)
    trained = t5.train()(**batch).logits
    assert torch.allclose(evaluated, expected, atol=1e-5)
    assert torch.allclose(trained, expected, atol=1e-5)


def test_a_training_on_a_cpu_draws_cheap_masks_and_saves_a_plain_t5(
    toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    drawn = []
    plain = cheap.dropped
    monkeypatch.setattr(cheap, "dropped", lambda values, rate: drawn.append(rate) or plain(values, rate))
    PPTOD(**{**tiny, "epochs": 1, "dropout": 0.2}).fit(toy_train, toy_train, context)
    assert set(drawn) == {0.2}
    folder = context.folder / "model"
    assert "cheap" not in json.dumps(json.loads((folder / "config.json").read_text()))
    loaded = AutoModelForSeq2SeqLM.from_pretrained(folder)
    assert loaded.config._attn_implementation == "sdpa"


def test_other_families_keep_their_attention(bart_folder: Path) -> None:
    bart = AutoModelForSeq2SeqLM.from_pretrained(bart_folder)
    before = bart.config._attn_implementation
    cheap.use_cheap_dropout(bart)
    assert bart.config._attn_implementation == before
